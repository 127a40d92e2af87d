package dev.moitessier.store.postgres;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;

/** The contract in a schema whose name needs quoting. */
@Tag("long")
final class QuotedSchemaContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new PostgresWiring(PostgresServer.shared(), namespace) {
            @Override
            PostgresStore.Builder configure(PostgresStore.Builder builder) {
                return builder.schema("select \"from\" where's 100%");
            }
        };
    }
}
