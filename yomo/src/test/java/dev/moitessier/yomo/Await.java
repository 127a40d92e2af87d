package dev.moitessier.yomo;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for a condition, no longer than a deadline. */
final class Await {
    private Await() {}

    static void until(String what, BooleanSupplier condition) {
        within(20_000, what, condition);
    }

    static void within(long millis, String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not within " + millis + " ms: " + what);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }
}
