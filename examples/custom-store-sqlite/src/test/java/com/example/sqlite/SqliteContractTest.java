package com.example.sqlite;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import java.io.IOException;
import org.junit.jupiter.api.Tag;

/** The whole contract in real time, and with processes whose clocks are wrong. */
@Tag("slow")
// snippet: custom-store-contract
class SqliteContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws IOException {
        return new SqliteWiring(namespace, null);
    }
}
// end
