package dev.moitessier.store.redis;

import dev.moitessier.store.MailboxStore;
import dev.moitessier.testkit.StoreWiring;
import java.time.Duration;
import java.util.Optional;

/** The store over sentinels or a cluster; faults have tests of their own. */
final class SeveralServersWiring implements StoreWiring {
    private final AutoCloseable servers;
    private final String url;
    private final String namespace;

    SeveralServersWiring(AutoCloseable servers, String url, String namespace) {
        this.servers = servers;
        this.url = url;
        this.namespace = namespace;
    }

    @Override
    public MailboxStore open() {
        return RedisStore.builder(url, null, null)
                .prefix(namespace)
                .callLimit(RedisWiring.CALL_LIMIT)
                .open();
    }

    @Override
    public Optional<MailboxStore> openSkewed(Duration offset) {
        return Optional.of(open());
    }

    @Override
    public int fuzzOperations() {
        return 300;
    }

    @Override
    public void close() throws Exception {
        servers.close();
    }
}
