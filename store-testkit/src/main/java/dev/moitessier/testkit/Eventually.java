package dev.moitessier.testkit;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Waits for a condition until a deadline, so that no test sleeps.
 *
 * <pre>{@code
 * Eventually.within(Duration.ofSeconds(5)).until("both have heard it", heard::size, size -> size == 2);
 * }</pre>
 *
 * <p>Looks at once, then at growing distances of 1 to 50 ms. On failure an {@link AssertionError} says what was waited for, for
 * how long, how often it looked, and the last thing seen. Immutable.
 */
public final class Eventually {
    private static final long FIRST_PAUSE = Duration.ofMillis(1).toNanos();
    private static final long LONGEST_PAUSE = Duration.ofMillis(50).toNanos();

    private final Duration limit;

    private Eventually(Duration limit) {
        this.limit = limit;
    }

    /** Waits at most so long, measured by the machine's monotonic clock. */
    public static Eventually within(Duration limit) {
        return new Eventually(limit);
    }

    /** Waits until it is true. */
    public void until(String what, Callable<Boolean> condition) {
        until(what, condition, Boolean::booleanValue);
    }

    /**
     * Waits until a value is good enough, and returns it.
     *
     * @param what what is waited for, as it should stand in the failure
     * @param look fetches the value; what it throws counts as "not yet" and is shown if it was the last thing seen
     */
    public <T extends @Nullable Object> T until(String what, Callable<T> look, Predicate<? super T> enough) {
        long start = System.nanoTime();
        long pause = FIRST_PAUSE;
        for (int looks = 1; ; looks++) {
            Object seen;
            Throwable thrown = null;
            try {
                T value = look.call();
                if (enough.test(value)) {
                    return value;
                }
                seen = value;
            } catch (Exception | AssertionError e) {
                seen = e;
                thrown = e;
            }
            long left = limit.toNanos() - (System.nanoTime() - start);
            if (left <= 0) {
                throw new AssertionError(
                        "not within " + limit + ": " + what + "\n  looked " + looks + " times, last seen: " + seen,
                        thrown);
            }
            if (Thread.currentThread().isInterrupted()) {
                throw new AssertionError("interrupted while waiting for: " + what + "\n  last seen: " + seen, thrown);
            }
            LockSupport.parkNanos(this, Math.min(pause, left));
            pause = Math.min(pause * 2, LONGEST_PAUSE);
        }
    }

    /** Waits until a block of assertions passes; the last failure is shown. */
    public void asserted(String what, Runnable assertions) {
        until(what, () -> {
            assertions.run();
            return true;
        });
    }
}
