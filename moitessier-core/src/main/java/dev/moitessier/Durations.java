package dev.moitessier;

import java.time.Duration;

/** Durations as a long of nanoseconds: checked when they come in, clamped where they do not fit. */
final class Durations {
    /** A quarter of the range, so that a sum of two and a difference of {@link TimeSource#nanos} cannot overflow. */
    static final long FOREVER = Long.MAX_VALUE / 4;

    private Durations() {}

    static Duration positive(String what, Duration duration) {
        if (duration.isZero() || duration.isNegative()) {
            throw new IllegalArgumentException(what + " must be longer than zero, not " + duration);
        }
        return duration;
    }

    static long nanos(Duration duration) {
        if (duration.getSeconds() >= FOREVER / 1_000_000_000L) {
            return FOREVER;
        }
        return Math.max(duration.toNanos(), 0);
    }
}
