package dev.moitessier.store.postgres;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;

/** The contract over a DataSource that connects each time. */
@Tag("long")
final class UnpooledContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new PostgresWiring(PostgresServer.shared(), namespace) {
            @Override
            PostgresStore.Builder builder(int port) {
                return PostgresStore.builder(PostgresServer.dataSource(database(), port));
            }
        };
    }
}
