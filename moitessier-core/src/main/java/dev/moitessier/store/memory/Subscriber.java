package dev.moitessier.store.memory;

import dev.moitessier.store.Content;
import dev.moitessier.store.Payload;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoredSubscriber;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One registration's hold on a place in a mailbox. A later registration of the same subscriber is a new object: whoever finds
 * another one in the mailbox has lost it (L5). Guarded by its scope's lock, the links by its session's.
 */
final class Subscriber {
    static final long NEVER = -1;

    final Scope scope;
    final Mailbox mailbox;
    final String id;
    final UUID registration;
    final @Nullable Duration keep;
    final Payload metadata;

    @Nullable
    Session session;

    @Nullable
    Content farewell;

    @Nullable
    Away away;

    long acknowledged;

    @Nullable
    Subscriber previous;

    @Nullable
    Subscriber next;

    Subscriber(Scope scope, Mailbox mailbox, Registration registration, @Nullable Session session, long acknowledged) {
        this.scope = scope;
        this.mailbox = mailbox;
        this.id = registration.subscriber();
        this.registration = registration.id();
        this.keep = registration.keep();
        this.metadata = registration.metadata();
        this.farewell = registration.farewell();
        this.session = session;
        this.acknowledged = acknowledged;
    }

    /** The session from which this registration takes it over; null: it is its own, or nobody was there. */
    @Nullable
    UUID heldAgainst(UUID other) {
        return session == null || registration.equals(other) || session.hasEnded() ? null : session.id;
    }

    OptionalLong acknowledged() {
        return acknowledged == NEVER ? OptionalLong.empty() : OptionalLong.of(acknowledged);
    }

    StoredSubscriber stored() {
        return new StoredSubscriber(id, session == null ? null : session.id, metadata, acknowledged());
    }
}
