package dev.moitessier.store.redis;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;

/** The contract over a client that the store makes, with a 6.2 that is killed and started again where a test asks for it. */
final class RedisContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new RedisWiring(RedisServer.embedded(), namespace);
    }
}
