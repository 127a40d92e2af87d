package com.example.sqlite;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import java.io.IOException;

/** The whole contract in real time. */
class SqliteContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws IOException {
        return new SqliteWiring(namespace, null);
    }
}
