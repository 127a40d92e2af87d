package dev.moitessier.store.postgres;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;

/** The contract in the schema public, where a prefix tells our tables from others. */
@Tag("long")
final class TablePrefixContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new PostgresWiring(PostgresServer.shared(), namespace) {
            @Override
            PostgresStore.Builder configure(PostgresStore.Builder builder) {
                return builder.schema("public").tablePrefix("moitessier_");
            }
        };
    }
}
