package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.time.Instant;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What one sweep may remove.
 *
 * @param retention what each scope keeps; pure and cheap
 * @param longest no age given by {@code retention} is longer
 * @param endAsOf store time of the sweeper's last answered heartbeat; null: end no session (L3)
 * @param work at most so many things are removed; at least 1
 */
public record SweepPolicy(
        Function<String, Retention> retention,
        Duration longest,
        @Nullable Instant endAsOf,
        int work) {
    /** @throws IllegalArgumentException if {@code longest} is negative or {@code work} is less than 1 */
    public SweepPolicy {
        requireNonNull(retention, "retention");
        if (longest.isNegative()) {
            throw new IllegalArgumentException("longest is negative: " + longest);
        }
        if (work < 1) {
            throw new IllegalArgumentException("work must be at least 1: " + work);
        }
    }
}
