package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import java.util.UUID;

/**
 * A subscriber that this call removed, or detached when durable, because its session ended. For meters and logs only: the farewell
 * is what is exact (L7).
 *
 * @param listener its mailbox
 * @param subscriber its id
 * @param session the session that ended
 * @param metadata as registered
 * @param mailboxRemoved whether it was the mailbox's last subscriber (L4)
 */
public record Departed(
        ListenerRef listener, String subscriber, UUID session, Payload metadata, boolean mailboxRemoved) {
    public Departed {
        requireNonNull(listener, "listener");
        requireNonNull(subscriber, "subscriber");
        requireNonNull(session, "session");
        requireNonNull(metadata, "metadata");
    }
}
