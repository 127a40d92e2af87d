package dev.moitessier.store.datastore;

import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The clocks of this process: Datastore gives none to its clients. The wall clock stamps entries and agenda; leases are watched on
 * the monotonic one, so no two processes' clocks are compared where it matters (L3).
 */
record Clocks(InstantSource wall, LongSupplier nanos) {
    static Clocks system() {
        return new Clocks(InstantSource.system(), System::nanoTime);
    }

    /** Microseconds since 1970. */
    long micros() {
        return micros(wall.instant());
    }

    static Instant instant(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }

    /** Any instant is legal; beyond what a long can say it is the least or the greatest. */
    static long micros(Instant at) {
        long seconds =
                Math.max(Long.MIN_VALUE / 1_000_000, Math.min(at.getEpochSecond(), Long.MAX_VALUE / 1_000_000 - 1));
        return TimeUnit.SECONDS.toMicros(seconds) + TimeUnit.NANOSECONDS.toMicros(at.getNano());
    }
}
