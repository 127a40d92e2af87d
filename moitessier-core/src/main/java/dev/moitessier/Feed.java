package dev.moitessier;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The engine's side of a listener: its places and the one consumer that reads them. It does not know its {@link Listener}, so that a
 * forgotten one can be found ({@link Leaks}).
 */
final class Feed {
    final Engine engine;
    /** The listener's id in each of its mailboxes (N1). */
    final String subscriber;
    /** When it registered, milliseconds of the epoch. */
    final long since;

    volatile Conditions conditions;
    Place[] places = {};

    // Guarded by this.
    private volatile @Nullable Consumer consumer;
    private @Nullable Place firstLoaded;
    private @Nullable Place lastLoaded;
    private volatile boolean closed;

    Feed(Engine engine, Conditions conditions, String subscriber, long since) {
        this.engine = engine;
        this.conditions = conditions;
        this.subscriber = subscriber;
        this.since = since;
    }

    /** Whoever reads a listener's messages: its subscription, its publisher's subscriber, or a thread in {@code listenUntil}. */
    abstract static class Consumer {
        final Feed feed;
        final ListenOptions options;

        /** Keeps the listener alive while it is listened to. */
        final Listener listener;

        /** Null until it ends: {@link Ended}, or the Throwable that ended it. Guarded by the feed. */
        private volatile @Nullable Object outcome;

        Consumer(Listener listener, ListenOptions options) {
            this.feed = listener.feed();
            this.listener = listener;
            this.options = options;
        }

        /** There is a load, or an outcome. Must not block, and not throw. */
        abstract void offered();

        /** Waits until this is no longer the feed's consumer. False if that took too long, or if its own thread asks. */
        abstract boolean awaitRelease(long nanos) throws InterruptedException;

        final void end(Object reason) {
            synchronized (feed) {
                if (outcome != null) {
                    return;
                }
                outcome = reason;
            }
            offered();
        }

        final @Nullable Object outcome() {
            return outcome;
        }
    }

    /** @throws IllegalStateException if it is closed or has a consumer */
    synchronized void attach(Consumer one) {
        if (closed) {
            throw new IllegalStateException("the listener is closed: " + conditions);
        }
        if (consumer != null) {
            throw new IllegalStateException(
                    "a listener has one cursor and so one consumer at a time, and this one has one already: " + conditions);
        }
        consumer = one;
    }

    /** Only by the consumer itself, when none of its functions runs any more and its places are dormant. */
    synchronized void detach(Consumer one) {
        if (consumer == one) {
            consumer = null;
            while (firstLoaded != null) {
                pollLoaded();
            }
        }
    }

    @Nullable Consumer consumer() {
        return consumer;
    }

    /** Nothing attaches from here on. False if it was closed before. */
    synchronized boolean close() {
        boolean first = !closed;
        closed = true;
        return first;
    }

    boolean isClosed() {
        return closed;
    }

    /** The place has a load: its consumer shall take it. */
    void offer(Place place) {
        Consumer one;
        synchronized (this) {
            one = consumer;
            if (one == null || one.outcome != null) {
                return;
            }
            if (!place.inLoaded) {
                place.inLoaded = true;
                if (lastLoaded == null) {
                    firstLoaded = place;
                } else {
                    lastLoaded.nextLoaded = place;
                }
                lastLoaded = place;
            }
        }
        one.offered();
    }

    /** The place to be handled next; call with the feed's monitor to decide on nothing together with own state. */
    synchronized @Nullable Place pollLoaded() {
        Place place = firstLoaded;
        if (place != null) {
            firstLoaded = place.nextLoaded;
            if (firstLoaded == null) {
                lastLoaded = null;
            }
            place.nextLoaded = null;
            place.inLoaded = false;
        }
        return place;
    }

    int pauseMillis(int usual) {
        Consumer one = consumer;
        Duration interval = one == null ? null : one.options.intervalOrNull();
        return interval == null
                ? usual
                : (int) Math.max(1, Math.min(Integer.MAX_VALUE, Durations.nanos(interval) / 1_000_000));
    }

    @Override
    public String toString() {
        return conditions.toString();
    }
}
