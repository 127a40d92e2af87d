package dev.moitessier.store.memory;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;

/** Arithmetic on instants that stops at the ends of time, since any instant and any duration is legal. */
final class Times {
    /** Positions grow from here by one where time does not: half of all longs are left for that. */
    private static final long LAST_MICROS = Long.MAX_VALUE / 2;

    private Times() {}

    static Instant plus(Instant instant, Duration duration) {
        try {
            return instant.plus(duration);
        } catch (DateTimeException | ArithmeticException e) {
            return duration.isNegative() ? Instant.MIN : Instant.MAX;
        }
    }

    static Instant minus(Instant instant, Duration duration) {
        try {
            return instant.minus(duration);
        } catch (DateTimeException | ArithmeticException e) {
            return duration.isNegative() ? Instant.MAX : Instant.MIN;
        }
    }

    /** Whole microseconds since the epoch, rounded down. */
    static long micros(Instant instant) {
        long seconds = instant.getEpochSecond();
        if (seconds >= LAST_MICROS / 1_000_000) {
            return LAST_MICROS;
        }
        if (seconds <= -LAST_MICROS / 1_000_000) {
            return -LAST_MICROS;
        }
        return seconds * 1_000_000 + instant.getNano() / 1_000;
    }
}
