package dev.moitessier.store.redis;

import dev.moitessier.store.MailboxStore;
import dev.moitessier.testkit.FaultProxy;
import dev.moitessier.testkit.StoreWiring;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The store over one server, in one of the ways that people run it. */
class RedisWiring implements StoreWiring {
    /** Shorter than the default, since several tests wait for its end. */
    static final Duration CALL_LIMIT = Duration.ofSeconds(5);

    private final RedisServer server;
    private final String namespace;
    private final List<AutoCloseable> opened = new ArrayList<>();

    RedisWiring(RedisServer server, String namespace) {
        this.server = server;
        this.namespace = namespace;
    }

    /** By URL, so that the store makes its own client; other wirings hand one in. */
    RedisStore.Builder builder(int port) {
        return RedisStore.builder("redis://localhost:" + port, null, null);
    }

    final <T extends AutoCloseable> T closing(T resource) {
        opened.add(resource);
        return resource;
    }

    private RedisStore open(int port) {
        return builder(port).prefix(namespace).callLimit(CALL_LIMIT).open();
    }

    @Override
    public MailboxStore open() throws Exception {
        return open(server.port());
    }

    @Override
    public Optional<Proxied> openProxied() throws Exception {
        FaultProxy proxy = FaultProxy.to("localhost", server.port());
        return Optional.of(new Proxied(open(proxy.port()), proxy));
    }

    /** Its process's clock cannot matter: the store asks none but the server's, which {@link ArchitectureTest} sees to. */
    @Override
    public Optional<MailboxStore> openSkewed(Duration offset) throws Exception {
        return Optional.of(open());
    }

    @Override
    public Optional<Server> server() {
        return Optional.of(new KilledServer());
    }

    /** Stopped by {@code kill -9}. */
    private final class KilledServer implements Server {
        @Override
        public void stop() throws Exception {
            server.kill();
        }

        @Override
        public void start() throws Exception {
            server.start();
        }
    }

    @Override
    public void close() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
        server.close();
    }
}
