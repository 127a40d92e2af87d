package com.example.sqlite;

import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * The clocks that a store lives by; a test sets them.
 *
 * @param wall may step
 * @param nanos only passes; for leases (L3)
 */
record Time(InstantSource wall, LongSupplier nanos) {
    static final Time SYSTEM = new Time(InstantSource.system(), System::nanoTime);
}
