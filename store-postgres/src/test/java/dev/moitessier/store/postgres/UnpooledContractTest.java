package dev.moitessier.store.postgres;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The contract over a DataSource that connects each time, at REPEATABLE READ by default, in the schema public, where a prefix tells
 * our tables from others.
 *
 * <p>Unsettled: beside other suites, a connection for each call makes the long fuzz miss its deadline, and two rules of a silent
 * server (E3, E4) are red.
 */
@Tag("unsettled")
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

            @Override
            PostgresStore.Builder configure(PostgresStore.Builder builder) {
                return builder.schema("public").tablePrefix("moitessier_");
            }
        };
    }
}
