package dev.moitessier.store.postgres;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;

/** The contract over a pool that the store makes, with a server that is killed and started again where a test asks for it. */
final class PostgresContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new PostgresWiring(PostgresServer.own(), namespace);
    }
}
