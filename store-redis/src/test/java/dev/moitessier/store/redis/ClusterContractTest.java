package dev.moitessier.store.redis;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;

/** The contract on a cluster of 6.2, where hints are plain pub/sub. */
@Tag("long")
final class ClusterContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        ClusterServers servers = new ClusterServers(RedisServer.embeddedExecutable());
        return new SeveralServersWiring(servers, servers.url(), namespace);
    }
}
