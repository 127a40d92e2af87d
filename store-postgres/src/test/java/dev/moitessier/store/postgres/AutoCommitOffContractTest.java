package dev.moitessier.store.postgres;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;

/** The contract over a pool whose connections are not in auto-commit mode. */
@Tag("long")
final class AutoCommitOffContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new PostgresWiring(PostgresServer.shared(), namespace) {
            @Override
            PostgresStore.Builder builder(int port) {
                return PostgresStore.builder(pool(port, config -> config.setAutoCommit(false)));
            }
        };
    }
}
