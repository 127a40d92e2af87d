package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What a registration found or made.
 *
 * @param start the mailbox holds what is after it (V2)
 * @param head the scope's last position now
 * @param acknowledged where the subscriber left off, if it ever acknowledged (C5)
 * @param created whether this call made the mailbox
 * @param membersVersion the members version now
 * @param heldBy the session that held this subscriber until now under another registration, and has not ended (L5); null: none, or
 *     the store cannot tell
 */
public record Registered(
        long start,
        long head,
        OptionalLong acknowledged,
        boolean created,
        long membersVersion,
        @Nullable UUID heldBy) {
    public Registered {
        requireNonNull(acknowledged, "acknowledged");
    }

    /** By a store that cannot tell who held the subscriber. */
    public Registered(long start, long head, OptionalLong acknowledged, boolean created, long membersVersion) {
        this(start, head, acknowledged, created, membersVersion, null);
    }
}
