package dev.moitessier.store.memory;

import dev.moitessier.store.parts.Times;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One process's life, and a list of its subscribers so that its end finds them. Its lock is the innermost: it may be taken under a
 * scope's lock, never the other way round. A subscriber enters the list in the step that checks that the session lives, so none can
 * enter after the end (L1).
 */
final class Session {
    final UUID id;

    private final ReentrantLock lock = new ReentrantLock();
    private Duration lease;
    private Instant expires;
    private @Nullable Instant ended;
    private @Nullable Subscriber first;

    Session(UUID id, Duration lease, Instant now) {
        this.id = id;
        this.lease = lease;
        this.expires = Times.plus(now, lease);
    }

    /** Renews the lease; false: it has ended. */
    boolean renew(Duration lease, Instant now) {
        lock.lock();
        try {
            if (ended != null) {
                return false;
            }
            this.lease = lease;
            expires = Times.plus(now, lease);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Ends it; false: it had ended before. */
    boolean end(Instant now) {
        lock.lock();
        try {
            if (ended != null) {
                return false;
            }
            ended = now;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Ends it if the lease is over and the sweeper has lately been heard (L3). */
    boolean endIfLapsed(Instant now, Instant endAsOf) {
        lock.lock();
        try {
            boolean lapsed = !now.isBefore(expires);
            boolean heard = !now.isAfter(Times.plus(endAsOf, lease.dividedBy(3)));
            if (ended != null || !lapsed || !heard) {
                return false;
            }
            ended = now;
            return true;
        } finally {
            lock.unlock();
        }
    }

    boolean hasEnded() {
        lock.lock();
        try {
            return ended != null;
        } finally {
            lock.unlock();
        }
    }

    /** Whether it ended before this instant and has no subscribers left. */
    boolean isForgettable(Instant before) {
        lock.lock();
        try {
            return ended != null && ended.isBefore(before) && first == null;
        } finally {
            lock.unlock();
        }
    }

    /** Adds a subscriber; false: the session has ended. */
    boolean link(Subscriber subscriber) {
        lock.lock();
        try {
            if (ended != null) {
                return false;
            }
            subscriber.next = first;
            if (first != null) {
                first.previous = subscriber;
            }
            first = subscriber;
            return true;
        } finally {
            lock.unlock();
        }
    }

    void unlink(Subscriber subscriber) {
        lock.lock();
        try {
            if (subscriber.previous == null) {
                first = subscriber.next;
            } else {
                subscriber.previous.next = subscriber.next;
            }
            if (subscriber.next != null) {
                subscriber.next.previous = subscriber.previous;
            }
            subscriber.previous = null;
            subscriber.next = null;
        } finally {
            lock.unlock();
        }
    }

    /** One that is still to be removed or detached; null: none is left. */
    @Nullable
    Subscriber any() {
        lock.lock();
        try {
            return first;
        } finally {
            lock.unlock();
        }
    }
}
