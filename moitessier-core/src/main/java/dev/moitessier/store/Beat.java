package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import java.time.Instant;

/**
 * Answer to a heartbeat.
 *
 * @param alive whether the session lives; if not, it has ended for ever (L2)
 * @param at the store's time of this beat
 */
public record Beat(boolean alive, Instant at) {
    public Beat {
        requireNonNull(at, "at");
    }
}
