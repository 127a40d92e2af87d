package com.example.sqlite;

import dev.moitessier.testkit.MutableClock;
import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import java.io.IOException;

/** The contract on a clock that the tests set forward and back (O3). */
class SettableClockContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws IOException {
        return new SqliteWiring(namespace, MutableClock.at("2026-11-22T10:00:00Z"));
    }
}
