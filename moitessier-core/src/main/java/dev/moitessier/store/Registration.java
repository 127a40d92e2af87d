package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Wish to subscribe. {@code session} and {@code keep} are independent, but not both null (L6).
 *
 * @param id a fresh random id; repeating it is idempotent (I2), and it owns the subscriber until another one comes (L5)
 * @param listener the mailbox
 * @param subscriber the subscriber's id: 1 to 64 ASCII characters
 * @param session who is there; null: nobody is there now
 * @param keep non-null: durable, survives sessions for that long; null: goes with its session
 * @param metadata opaque to the store (M3)
 * @param farewell appended, under {@code id} as dispatch id, when the subscriber is removed or detached (L7)
 */
public record Registration(
        UUID id,
        ListenerRef listener,
        String subscriber,
        @Nullable UUID session,
        @Nullable Duration keep,
        Payload metadata,
        @Nullable Content farewell) {
    /** @throws IllegalArgumentException if {@code session} and {@code keep} are both null, or {@code keep} is not positive */
    public Registration {
        requireNonNull(id, "id");
        requireNonNull(listener, "listener");
        requireNonNull(subscriber, "subscriber");
        requireNonNull(metadata, "metadata");
        if (session == null && keep == null) {
            throw new IllegalArgumentException("a registration needs a session, a keep, or both");
        }
        if (keep != null && (keep.isNegative() || keep.isZero())) {
            throw new IllegalArgumentException("keep must be positive: " + keep);
        }
    }
}
