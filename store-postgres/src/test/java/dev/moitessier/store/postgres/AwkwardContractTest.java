package dev.moitessier.store.postgres;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;

/** The contract where everything is unusual at once: names that need quoting, a prefix, {@code autoCommit=false}, SERIALIZABLE by default. */
@Tag("long")
final class AwkwardContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new PostgresWiring(PostgresServer.shared(), namespace) {
            @Override
            PostgresStore.Builder configure(PostgresStore.Builder builder) {
                return builder.schema("It's \"our\" schéma %s").tablePrefix("Tables of ");
            }

            @Override
            PostgresStore.Builder builder(int port) {
                return PostgresStore.builder(pool(port, config -> {
                    config.setAutoCommit(false);
                    config.setTransactionIsolation("TRANSACTION_SERIALIZABLE");
                }));
            }
        };
    }
}
