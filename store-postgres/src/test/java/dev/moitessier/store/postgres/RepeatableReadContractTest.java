package dev.moitessier.store.postgres;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;

/** The contract where transactions are REPEATABLE READ unless they say otherwise. */
@Tag("long")
final class RepeatableReadContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new PostgresWiring(PostgresServer.shared(), namespace) {
            @Override
            PostgresStore.Builder builder(int port) {
                return PostgresStore.builder(pool(port, config -> config.setTransactionIsolation("TRANSACTION_REPEATABLE_READ")));
            }
        };
    }
}
