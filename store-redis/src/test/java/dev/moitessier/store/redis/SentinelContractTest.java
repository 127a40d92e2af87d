package dev.moitessier.store.redis;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;

/** The contract on a master that sentinels watch. */
@Tag("long")
final class SentinelContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        SentinelServers servers = new SentinelServers(RedisServer.embeddedExecutable());
        return new SeveralServersWiring(servers, servers.url(), namespace);
    }
}
