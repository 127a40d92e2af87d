package dev.moitessier.store.redis;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;

/** The contract on a cluster of the machine's own server, where hints are sharded pub/sub. */
@Tag("long")
@OnPath
final class NewerClusterContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        ClusterServers servers =
                new ClusterServers(RedisServer.executableOnPath().orElseThrow());
        return new SeveralServersWiring(servers, servers.url(), namespace);
    }
}
