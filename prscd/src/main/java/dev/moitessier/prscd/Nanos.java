package dev.moitessier.prscd;

import java.time.Duration;

/** Times on a {@link Loop}. */
final class Nanos {
    private Nanos() {}

    static long millis(long millis) {
        return millis * 1_000_000;
    }

    static long seconds(long seconds) {
        return seconds * 1_000_000_000;
    }

    static long of(Duration duration) {
        return duration.toNanos();
    }
}
