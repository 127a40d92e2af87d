package dev.moitessier;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waits for a condition with a deadline. */
final class Await {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private Await() {}

    static void until(String what, BooleanSupplier condition) {
        until(what, condition, () -> "");
    }

    static void until(Duration limit, String what, BooleanSupplier condition) {
        until(limit, what, condition, () -> "");
    }

    static void until(String what, BooleanSupplier condition, Supplier<Object> seen) {
        until(LIMIT, what, condition, seen);
    }

    private static void until(Duration limit, String what, BooleanSupplier condition, Supplier<Object> seen) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within " + limit + ": " + what + " " + seen.get());
            }
            LockSupport.parkNanos(500_000);
        }
    }
}
