package com.example.sqlite;

import dev.moitessier.testkit.CoreContract;
import dev.moitessier.testkit.StoreWiring;
import java.io.IOException;

/** Core and the store together. */
class CoreOnSqliteContractTest extends CoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws IOException {
        return new SqliteWiring(namespace, null);
    }
}
