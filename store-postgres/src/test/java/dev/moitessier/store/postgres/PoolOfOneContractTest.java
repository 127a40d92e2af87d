package dev.moitessier.store.postgres;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;

/** The contract over a pool of one: nothing is kept for hints, so it polls. */
@Tag("long")
final class PoolOfOneContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new PostgresWiring(PostgresServer.shared(), namespace) {
            @Override
            PostgresStore.Builder builder(int port) {
                return PostgresStore.builder(pool(port, config -> config.setMaximumPoolSize(1)));
            }
        };
    }
}
