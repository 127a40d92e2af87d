package dev.moitessier.store.postgres;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The contract over a DataSource that connects each time, at REPEATABLE READ by default, in the schema public, where a prefix tells
 * our tables from others.
 */
@Tag("long")
final class UnpooledContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new PostgresWiring(PostgresServer.shared(), namespace) {
            @Override
            PostgresStore.Builder builder(int port) {
                PGSimpleDataSource dataSource = PostgresServer.dataSource(database(), port);
                dataSource.setOptions("-c default_transaction_isolation=repeatable\\ read");
                return PostgresStore.builder(dataSource);
            }

            /** Each of them connects, which takes some milliseconds. */
            @Override
            public int fuzzOperations() {
                return 150;
            }

            @Override
            PostgresStore.Builder configure(PostgresStore.Builder builder) {
                return builder.schema("public").tablePrefix("moitessier_");
            }
        };
    }
}
