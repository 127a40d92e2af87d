package dev.moitessier.store.parts;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;

/** Arithmetic on instants that stops at the ends of time, since any instant and any duration is legal (C4). */
public final class Times {
    /** Positions grow from here by one where time does not: half of all longs are left for that. */
    private static final long LAST_MICROS = Long.MAX_VALUE / 2;

    private static final long MICROS = 1_000_000;

    private Times() {}

    /** That much later. */
    public static Instant plus(Instant instant, Duration duration) {
        try {
            return instant.plus(duration);
        } catch (DateTimeException | ArithmeticException e) {
            return duration.isNegative() ? Instant.MIN : Instant.MAX;
        }
    }

    /** That much earlier. */
    public static Instant minus(Instant instant, Duration duration) {
        try {
            return instant.minus(duration);
        } catch (DateTimeException | ArithmeticException e) {
            return duration.isNegative() ? Instant.MAX : Instant.MIN;
        }
    }

    /** Whole microseconds since the epoch, rounded down; the sum of two is no overflow. */
    public static long micros(Instant instant) {
        return micros(instant.getEpochSecond(), instant.getNano());
    }

    /** Whole microseconds, rounded down; the sum of two is no overflow. */
    public static long micros(Duration duration) {
        return micros(duration.getSeconds(), duration.getNano());
    }

    /** The instant of so many microseconds since the epoch. */
    public static Instant instant(long micros) {
        return Instant.ofEpochSecond(Math.floorDiv(micros, MICROS), Math.floorMod(micros, MICROS) * 1_000);
    }

    /** So many microseconds. */
    public static Duration duration(long micros) {
        return Duration.ofSeconds(micros / MICROS, micros % MICROS * 1_000);
    }

    private static long micros(long seconds, int nanos) {
        if (seconds >= LAST_MICROS / MICROS) {
            return LAST_MICROS;
        }
        if (seconds <= -LAST_MICROS / MICROS) {
            return -LAST_MICROS;
        }
        return seconds * MICROS + nanos / 1_000;
    }
}
