package dev.moitessier.store.postgres;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;

/** Positions are microseconds since 1970 by the server's clock, or a little more. */
final class Times {
    private Times() {}

    static Instant instant(long position) {
        return Instant.EPOCH.plus(position, ChronoUnit.MICROS);
    }

    /** Any instant is legal; beyond what a long can say it is the least or the greatest. */
    static long micros(Instant at) {
        long seconds = Math.max(Long.MIN_VALUE / 1_000_000, Math.min(at.getEpochSecond(), Long.MAX_VALUE / 1_000_000 - 1));
        return TimeUnit.SECONDS.toMicros(seconds) + TimeUnit.NANOSECONDS.toMicros(at.getNano());
    }
}
