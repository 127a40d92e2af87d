package dev.moitessier.store.redis;

import dev.moitessier.testkit.CoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;

/** Core and this store together. */
@Tag("long")
final class CoreOnRedisContractTest extends CoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new RedisWiring(RedisServer.embedded(), namespace);
    }
}
