package dev.moitessier;

import dev.moitessier.store.ListenerRef;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One listener's registration in one scope, and how far it has read there. Small: there may be 100,000 of them. */
final class Place {
    enum State {
        /** Nobody reads. */
        DORMANT,
        /** In the scope's queue of those that have read all. */
        WAITING,
        /** In the scope's queue of those that the next tick reads for. */
        BEHIND,
        /** The present tick reads for it. */
        READING,
        /** Its load waits for the consumer. */
        LOADED,
        /** The consumer has its load. */
        HANDLING
    }

    /** What a consumer takes at once: at most a batch. The cursor goes to {@code next} when it has been handled. */
    record Load(List<Message> messages, long next, @Nullable Gap gap) {}

    final Feed feed;
    final LocalScope scope;
    final ListenerRef mailbox;

    /** Behind this, nothing has been handled. Written by who holds the load, or by who starts, when nobody does. */
    volatile long cursor;

    // What the store answered last; written under SessionKeeper's lock of the feed.
    volatile @Nullable UUID registration;
    volatile @Nullable LiveSession session;
    volatile long registered;
    volatile long start;
    volatile long version;

    // Guarded by the scope.
    State state = State.DORMANT;

    @Nullable
    Place next;

    @Nullable
    Place previous;

    @Nullable
    Place nextMember;

    @Nullable
    Place previousMember;

    @Nullable
    Load load;
    /** Found outside a read; told before the next message. */
    @Nullable
    Gap gap;

    // Guarded by the feed.
    @Nullable
    Place nextLoaded;

    boolean inLoaded;

    /** Guarded by the Acknowledger. */
    boolean acknowledging;

    Place(Feed feed, LocalScope scope, ListenerRef mailbox) {
        this.feed = feed;
        this.scope = scope;
        this.mailbox = mailbox;
    }
}
