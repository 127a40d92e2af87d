package dev.moitessier;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's side of a listener: its places and the one consumer that reads them. It does not know its {@link Listener}, so that a
 * forgotten one can be found ({@link Leaks}).
 */
final class Feed implements Runnable {
    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();
    private static final Logger LOG = LoggerFactory.getLogger(Moitessier.class);

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
    private boolean forgotten;

    private Feed(Engine engine, Conditions conditions, long since) {
        this.engine = engine;
        this.conditions = conditions;
        this.subscriber = conditions.isDurable() ? durableId(conditions) : randomId();
        this.since = since;
    }

    /** The same on every node: 128 bits of SHA-256 over person, client and name, each with its length before it. */
    private static String durableId(Conditions conditions) {
        MessageDigest hash = Ids.sha256();
        Person person = conditions.person();
        for (String part : List.of(person.id(), person.client(), conditions.durableName())) {
            byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
            hash.update((byte) (bytes.length >> 8));
            hash.update((byte) bytes.length);
            hash.update(bytes);
        }
        return BASE64.encodeToString(Arrays.copyOf(hash.digest(), 16));
    }

    private static String randomId() {
        UUID random = Ids.random();
        return BASE64.encodeToString(ByteBuffer.allocate(12)
                .putLong(random.getLeastSignificantBits())
                .putInt((int) random.getMostSignificantBits())
                .array());
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

        /**
         * At most so many messages of one scope at once. All scopes of a listener may have a load waiting: of many, each a smaller
         * one, so that it has no more than 16 batches in memory, or one message of each.
         */
        final int share() {
            int scopes = feed.places.length;
            return scopes <= 16 ? options.batch() : Math.max(1, 16 * options.batch() / scopes);
        }

        final @Nullable Object outcome() {
            return outcome;
        }
    }

    /** @throws IllegalStateException if it is closed or has a consumer */
    void attach(Consumer one) {
        synchronized (this) {
            if (closed) {
                throw new IllegalStateException("the listener is closed: " + conditions);
            }
            if (consumer != null) {
                throw new IllegalStateException(
                        "a listener has one cursor and so one consumer at a time, and this one has one already: "
                                + conditions);
            }
            consumer = one;
        }
        one.listener.listenedTo();
    }

    /** Only by the consumer itself, when none of its functions runs any more and its places are dormant. */
    void detach(Consumer one) {
        synchronized (this) {
            if (!one.equals(consumer)) {
                return;
            }
            consumer = null;
            while (firstLoaded != null) {
                pollLoaded();
            }
        }
        one.listener.unattended();
    }

    /** Its listener is out of reach, or is no longer watched for that since somebody listens by it. */
    @Override
    public void run() {
        synchronized (this) {
            if (consumer != null || closed) {
                return;
            }
            closed = true;
        }
        Leaks.forgotten(this);
    }

    @Nullable
    Consumer consumer() {
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

    synchronized boolean hasLoaded() {
        return firstLoaded != null;
    }

    /** The place to be handled next, or null. */
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

    /** The longest its consumer wants to go without a look at the store. */
    int pauseMillis(boolean push) {
        Consumer one = consumer;
        if (one == null) {
            return Integer.MAX_VALUE;
        }
        if (push && !one.options.hasOwnInterval()) {
            return Polling.SAFETY_NET_MILLIS;
        }
        long millis = Durations.nanos(one.options.interval()) / 1_000_000;
        return (int) Math.max(1, Math.min(Integer.MAX_VALUE, millis));
    }

    /**
     * Registers in every scope, or in none.
     *
     * @throws dev.moitessier.store.StoreException if the store does not answer
     */
    static Feed open(Engine engine, Conditions conditions) {
        Feed feed = new Feed(engine, conditions, engine.node.time().millis());
        Place[] places = new Place[conditions.scopes().size()];
        for (int i = 0; i < places.length; i++) {
            places[i] = engine.join(feed, conditions.scopes().get(i));
        }
        feed.places = places;
        UUID heldBy = null;
        try {
            for (Place place : places) {
                UUID here = engine.keeper.register(place);
                heldBy = heldBy == null ? here : heldBy;
            }
        } catch (RuntimeException | Error failure) {
            feed.close();
            feed.abandon();
            throw failure;
        }
        if (heldBy != null) {
            feed.warnOfTheOther(heldBy);
        }
        return feed;
    }

    private void warnOfTheOther(UUID heldBy) {
        LOG.warn(
                "the durable name \"{}\" is attached already, {}: both hear everything, and only the position of this one is"
                        + " kept: {}",
                conditions.durableName(),
                heldBy.equals(engine.keeper.session().id())
                        ? "by a listener of this node"
                        : "by session " + heldBy + ", which has not ended",
                this);
    }

    /** Ends its consumer and waits for it, at most the call timeout. */
    void stop() {
        close();
        Consumer one = consumer;
        if (one != null) {
            one.end(Ended.CLOSED);
            if (!Engine.awaitRelease(one, Durations.nanos(engine.callTimeout()))) {
                LOG.warn("closed while its responder still runs: {}", this);
            }
        }
    }

    /** A durable one goes away, any other for good; what the store cannot be told now it is told later. */
    void goAway() {
        for (Place place : places) {
            if (!engine.isClosed()) {
                engine.keeper.goSoon(place);
            }
        }
        forget();
    }

    private void abandon() {
        for (Place place : places) {
            engine.keeper.unregisterSoon(place);
        }
        forget();
    }

    /** The engine knows it no longer. */
    void forget() {
        synchronized (this) {
            if (forgotten) {
                return;
            }
            forgotten = true;
        }
        for (Place place : places) {
            engine.leave(place);
        }
    }

    @Override
    public String toString() {
        return conditions.toString();
    }
}
