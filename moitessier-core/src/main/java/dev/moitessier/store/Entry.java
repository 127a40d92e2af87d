package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import java.time.Instant;
import java.util.UUID;

/**
 * One dispatch as stored.
 *
 * @param position its place in the scope's log
 * @param at the store's time when it was appended
 * @param dispatch its id
 * @param content what was appended; {@code content.texts} holds only those of the readers asked for (R2)
 */
public record Entry(long position, Instant at, UUID dispatch, Content content) {
    /** @throws IllegalArgumentException if {@code position} is not positive */
    public Entry {
        if (position <= 0) {
            throw new IllegalArgumentException("position must be positive: " + position);
        }
        requireNonNull(at, "at");
        requireNonNull(dispatch, "dispatch");
        requireNonNull(content, "content");
    }
}
