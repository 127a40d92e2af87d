package dev.moitessier;

import dev.moitessier.Outage.Work;
import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Beat;
import dev.moitessier.store.Content;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Page;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoredSubscriber;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Holds this node's session and what is registered under it.
 *
 * <p>One heartbeat, every quarter of the lease, whatever the number of listeners. When the store answers that the session has ended
 * (after a pause or an outage longer than the lease), opens a new one, registers every listener again, and they read on from their
 * cursors (L2, V3).
 */
final class SessionKeeper {
    private static final int MOVERS = 8;
    private static final Logger LOG = LoggerFactory.getLogger(Moitessier.class);

    private final Engine engine;
    private final Node node;
    private final MailboxStore store;
    private final TimeSource time;
    private final Duration lease;
    private final long leaseNanos;

    /** Registering and unregistering one listener are serial: else its end could overtake its return. */
    private final ReentrantLock[] locks = new ReentrantLock[64];

    /** Counts them, to tell which of two is the later. */
    private final AtomicLong registrations = new AtomicLong();

    private final ReentrantLock renewing = new ReentrantLock();
    private final ConcurrentLinkedQueue<Runnable> leaving = new ConcurrentLinkedQueue<>();
    private volatile LiveSession session;
    private volatile @Nullable Consumer<Session> onEnded;
    private volatile TimeSource.@Nullable Timer next;
    private volatile boolean closed;

    // Of the heartbeats; written by one at a time, read by the sweeper.
    private volatile long streakSince;
    private volatile long lastSent;
    private volatile @Nullable Instant storeTime;

    SessionKeeper(Engine engine) {
        this.engine = engine;
        this.node = engine.node;
        this.store = node.store();
        this.time = node.time();
        this.lease = node.settings().lease();
        this.leaseNanos = Durations.nanos(lease);
        this.session = new LiveSession(time, lease);
        for (int i = 0; i < locks.length; i++) {
            locks[i] = new ReentrantLock();
        }
    }

    void onEnded(@Nullable Consumer<Session> told) {
        onEnded = told;
    }

    void start() {
        long sent = time.nanos();
        store.open(session.id(), lease);
        session.renewed(sent);
        breakStreak();
        scheduleBeat(Duration.ZERO);
    }

    Session session() {
        return session;
    }

    // ---- the heartbeat

    private void scheduleBeat(Duration delay) {
        if (!closed) {
            next = time.after(delay, () -> engine.onStoreThread(this::beat));
        }
    }

    private void beat() {
        if (closed) {
            return;
        }
        LiveSession current = session;
        long sent = time.nanos();
        Duration pause = lease.dividedBy(4);
        try {
            Beat beat = store.heartbeat(current.id(), lease);
            engine.outage.succeeded(Work.HEARTBEAT);
            if (beat.alive()) {
                answered(current, sent, beat.at());
            } else {
                breakStreak();
                renew(current);
            }
        } catch (StoreException.Closed storeClosed) {
            closed = true;
        } catch (RuntimeException failure) {
            breakStreak();
            if (!closed) {
                pause = shorter(pause, engine.outage.failed(Work.HEARTBEAT, failure));
            }
        }
        scheduleBeat(shorter(pause, Duration.ofNanos(Math.max(0, Durations.nanos(pause) - (time.nanos() - sent)))));
    }

    private void answered(LiveSession current, long sent, Instant at) {
        long took = time.nanos() - sent;
        // A gap: a beat left out, or one that took so long that others may have given us up.
        if (storeTime == null || took > leaseNanos / 4 || sent - lastSent > leaseNanos / 2) {
            streakSince = sent;
        }
        lastSent = sent;
        storeTime = at;
        current.renewed(sent);
    }

    private void breakStreak() {
        storeTime = null;
    }

    /** The store's time of the last heartbeat, once they have succeeded for a full lease without a gap; else null (L3). */
    @Nullable
    Instant endAsOf() {
        Instant at = storeTime;
        long now = time.nanos();
        return at != null && now - streakSince >= leaseNanos && now - lastSent <= leaseNanos / 3 ? at : null;
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }

    // ---- a new session

    /** Opens a new session unless somebody has done so since. */
    private void renew(LiveSession lost) {
        if (!acquire(renewing)) {
            throw new StoreException.Unavailable("a new session was not opened in time", null, false);
        }
        try {
            if (session != lost || closed) {
                return;
            }
            lost.ended();
            LiveSession fresh = new LiveSession(time, lease);
            store.open(fresh.id(), lease);
            breakStreak();
            session = fresh;
        } finally {
            renewing.unlock();
        }
        LOG.warn("session {} has ended, perhaps after a long pause; going on as session {}", lost, session);
        moveAll(lost);
    }

    /** All scopes, some at once: a node may have 100,000. */
    private void moveAll(LiveSession lost) {
        Move move = new Move(lost, new ConcurrentLinkedQueue<>(engine.scopes()));
        int movers = engine.isDirect() ? 1 : Math.min(MOVERS, 1 + move.left.size() / MOVERS);
        move.movers.set(movers);
        for (int i = 0; i < movers; i++) {
            engine.onStoreThread(() -> move(move));
        }
    }

    /** From an ended session to the present one. */
    private static final class Move {
        final LiveSession lost;
        final ConcurrentLinkedQueue<LocalScope> left;
        final AtomicInteger movers = new AtomicInteger();
        volatile @Nullable RuntimeException failure;

        Move(LiveSession lost, ConcurrentLinkedQueue<LocalScope> left) {
            this.lost = lost;
            this.left = left;
        }
    }

    private void move(Move move) {
        try {
            LocalScope scope = move.left.poll();
            while (scope != null && move.failure == null && !closed) {
                move(scope);
                scope = move.left.poll();
            }
        } catch (RuntimeException failure) {
            move.failure = failure;
        }
        if (move.movers.decrementAndGet() == 0 && !closed) {
            moved(move);
        }
    }

    private void move(LocalScope scope) {
        List<Place> stale = new ArrayList<>();
        scope.forEachMember(place -> {
            if (place.session != null && place.session != session) {
                stale.add(place);
            }
        });
        if (stale.isEmpty()) {
            return;
        }
        boolean forgotten = isUnknown(stale.get(0));
        for (Place place : stale) {
            locked(place, () -> {
                if (place.session != session) {
                    again(place, forgotten);
                }
            });
        }
    }

    private void moved(Move move) {
        RuntimeException failure = move.failure;
        if (failure instanceof StoreException.Closed) {
            return;
        }
        LiveSession lost = move.lost;
        if (failure != null) {
            // What has been moved is not moved again.
            time.after(engine.outage.failed(Work.REGISTER, failure), () -> moveAll(lost));
            return;
        }
        engine.outage.succeeded(Work.REGISTER);
        engine.allHinted();
        Consumer<Session> told = onEnded;
        if (told != null) {
            node.executor().execute(() -> told.accept(lost));
        }
    }

    /** R4: then its messages are gone as well. */
    private boolean isUnknown(Place place) {
        Page page = store.read(
                        List.of(new ReadRequest(place.scope.name, place.cursor, 1, false, Set.of(place.mailbox))), 1)
                .get(0);
        return page.head() == 0 && page.membersVersion() == 0;
    }

    // ---- registrations

    /**
     * The first time. {@code place.cursor} is then where it left off, or the head.
     *
     * @return the session that was there under the same durable name, and may still be; null: none
     */
    @Nullable
    UUID register(Place place) {
        @Nullable UUID[] heldBy = new UUID[1];
        locked(place, () -> {
            Registered registered = register(place, Ids.random());
            place.cursor = registered.acknowledged().orElse(registered.head());
            if (registered.acknowledged().isEmpty() && place.feed.conditions.isDurable()) {
                // Else a crash before the first acknowledgement would begin it at the head again, and skip what came.
                UUID id = Objects.requireNonNull(place.registration);
                store.acknowledge(List.of(new Acknowledgement(place.mailbox, place.feed.subscriber, id, place.cursor)));
            }
            heldBy[0] = registered.heldBy();
        });
        return heldBy[0];
    }

    /** The store does not know this registration any more, and perhaps not even the scope. */
    void registerAgain(Place place, @Nullable UUID known, boolean forgotten) {
        locked(place, () -> {
            if (Objects.equals(place.registration, known)) { // else somebody has done so meanwhile
                again(place, forgotten);
            }
        });
    }

    private void again(Place place, boolean forgotten) {
        if (place.feed.isClosed()) {
            return;
        }
        LiveSession before = place.session;
        // A new id: the farewell of the old one has been said (L7).
        Registered registered = register(place, Ids.random());
        long cursor = place.cursor;
        if (forgotten) {
            engine.resume(place, new Gap(place.scope.name, cursor, registered.head(), Gap.Reason.RESET));
        } else if (before == place.session) {
            // Not our end: what was dispatched meanwhile may not have been kept for it.
            engine.resume(place, new Gap(place.scope.name, cursor, cursor, Gap.Reason.RESET));
        }
    }

    /** What others see of it has changed (I2). */
    void update(Place place) {
        locked(place, () -> {
            UUID id = place.registration;
            if (id != null) {
                register(place, id);
            }
        });
    }

    private Registered register(Place place, UUID id) {
        for (int tries = 0; ; tries++) {
            LiveSession current = session;
            try {
                Registered registered = store.register(registration(place, id, current.id()));
                place.registration = id;
                place.registered = registrations.incrementAndGet();
                place.start = registered.start();
                place.version = registered.membersVersion();
                place.session = current;
                if (session == current) {
                    return registered;
                }
                // Ended meanwhile, and who moved the others may not have seen this one.
                id = Ids.random();
            } catch (StoreException.SessionEnded ended) {
                if (tries == 3) {
                    throw ended;
                }
                renew(current);
            }
        }
    }

    private Registration registration(Place place, UUID id, @Nullable UUID under) {
        Feed feed = place.feed;
        Conditions conditions = feed.conditions;
        Metadata metadata = new Metadata(
                conditions.person(),
                conditions.durableName(),
                Instant.ofEpochMilli(feed.since),
                Payload.wrap(conditions.state()));
        return new Registration(
                id,
                place.mailbox,
                feed.subscriber,
                under,
                conditions.keep(node.settings().keep()),
                metadata.encode(),
                under == null ? null : farewell(place));
    }

    private @Nullable Content farewell(Place place) {
        Dispatch farewell = place.feed.conditions.farewell();
        return farewell == null ? null : Dispatching.farewell(farewell, node.capabilities());
    }

    /** It leaves for good; a failure is the caller's. */
    void unregister(Place place) {
        locked(place, () -> {
            UUID id = place.registration;
            if (id != null) {
                store.unregister(place.mailbox, place.feed.subscriber, id);
                place.registration = null;
            }
        });
    }

    /** A durable subscriber goes and keeps its place: nobody is there from now on. */
    private void away(Place place) {
        locked(place, () -> {
            UUID id = place.registration;
            if (id == null) {
                return;
            }
            if (isTaken(place)) {
                place.registration = null; // a takeover is no departure (L5)
                return;
            }
            engine.acknowledger.flush(place);
            Content farewell = farewell(place);
            if (farewell != null) {
                // L7 says it when a session ends; here nobody but us does. Should we die in between, the id is the
                // same.
                say(new Append(id, place.scope.name, farewell, OptionalLong.empty(), remember()));
            }
            store.register(registration(place, id, null));
            place.registration = null;
        });
    }

    /** Whether another listener under the same durable name came after it, here or on another node. */
    private boolean isTaken(Place place) {
        boolean[] taken = {false};
        place.scope.forEachMember(other -> taken[0] |= other.registered > place.registered
                && other.registration != null
                && other.mailbox.equals(place.mailbox)
                && other.feed.subscriber.equals(place.feed.subscriber));
        if (taken[0]) {
            return true;
        }
        String id = place.feed.subscriber;
        List<StoredSubscriber> there =
                store.subscribers(place.mailbox, justBefore(id), 1).list();
        LiveSession own = place.session;
        return !there.isEmpty()
                && there.get(0).id().equals(id)
                && own != null
                && there.get(0).session() != null
                && !own.id().equals(there.get(0).session());
    }

    /** The last id of legal length (N1) before this one, for a page that begins with it (L8). */
    private static String justBefore(String id) {
        int last = id.length() - 1;
        return id.substring(0, last) + (char) (id.charAt(last) - 1) + "~".repeat(64 - id.length());
    }

    private void say(Append farewell) {
        if (store.append(List.of(farewell)).get(0) instanceof Appended.Failed failed) {
            throw failed.cause();
        }
    }

    private Duration remember() {
        return shorter(node.capabilities().maxRemember(), Dispatching.REMEMBER_CALLERS);
    }

    /** It goes, for good unless it is durable: now, or when the store answers again. */
    void goSoon(Place place) {
        soon(place, place.feed.conditions.isDurable() ? this::away : this::unregister);
    }

    /** It goes for good, now or when the store answers again. */
    void unregisterSoon(Place place) {
        soon(place, this::unregister);
    }

    private void soon(Place place, Consumer<Place> step) {
        try {
            step.accept(place);
        } catch (StoreException failure) {
            if (failure.retryable()) {
                leaving.add(() -> soon(place, step));
                time.after(engine.outage.failed(Work.UNREGISTER, failure), () -> engine.onStoreThread(this::leaveAll));
            } else if (!(failure instanceof StoreException.Closed)) {
                LOG.warn("{} could not leave; it goes when this node's session ends", place.feed, failure);
            }
        }
    }

    private void leaveAll() {
        int waiting = leaving.size();
        for (int i = 0; i < waiting && !closed; i++) {
            Runnable next = leaving.poll();
            if (next != null) {
                next.run();
            }
        }
        if (leaving.isEmpty()) {
            engine.outage.succeeded(Work.UNREGISTER);
        }
    }

    private void locked(Place place, Runnable action) {
        ReentrantLock lock = locks[Math.floorMod(place.feed.subscriber.hashCode(), locks.length)];
        if (!acquire(lock)) {
            throw new StoreException.Unavailable("waited too long for another call of " + place.feed, null, false);
        }
        try {
            action.run();
        } finally {
            lock.unlock();
        }
    }

    private boolean acquire(ReentrantLock lock) {
        try {
            return lock.tryLock(Durations.nanos(engine.callTimeout()), TimeUnit.NANOSECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new StoreException.Interrupted("interrupted while waiting to register", false);
        }
    }

    // ---- the end

    void stop() {
        closed = true;
        TimeSource.Timer timer = next;
        if (timer != null) {
            timer.cancel();
        }
    }

    /** Ends the session; the store then removes what is still registered under it. */
    void end() {
        stop();
        session.ended();
        store.heartbeat(session.id(), Duration.ZERO);
    }
}
