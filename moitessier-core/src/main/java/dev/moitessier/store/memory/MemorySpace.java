package dev.moitessier.store.memory;

import static java.util.Objects.requireNonNull;

import dev.moitessier.store.StoreException;
import dev.moitessier.store.parts.Watches;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.NoSuchElementException;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What several {@link MemoryStore}s share: to each other they are as processes on one server. Thread-safe. It holds no thread and
 * nothing to close; it ends with its last reference.
 *
 * <p>It keeps at most {@code maxEntries} entries in all, and room for 16 times as many dispatch ids. Beyond that an append is
 * {@link StoreException.Rejected}, until a sweep has trimmed what the retention lets go. Farewells are never refused.
 */
public final class MemorySpace {
    /** The bound on entries of a space that names none: one million. */
    public static final long DEFAULT_MAX_ENTRIES = 1_000_000;

    /** Tables of remembered ids are made smaller by the sweep at most this often. */
    static final long REBUILD_MICROS = Duration.ofSeconds(10).toNanos() / 1_000;

    private static final long IDS_PER_ENTRY = 16;
    private static final long MOST_IDS = 1L << 27;

    private final InstantSource clock;
    private final long maxEntries;
    private final long maxIds;

    private final ConcurrentHashMap<String, Scope> scopes = new ConcurrentHashMap<>();
    private final ConcurrentSkipListSet<String> live = new ConcurrentSkipListSet<>();
    private final ConcurrentHashMap<UUID, Session> sessions = new ConcurrentHashMap<>();
    private final Watches watches = new Watches();
    private final Lane lane = new Lane();

    private final AtomicLong entries = new AtomicLong();
    private final AtomicLong ids = new AtomicLong();
    private final AtomicLong awayNumbers = new AtomicLong();
    private final AtomicLong positionFloor = new AtomicLong();
    private final AtomicLong versionFloor = new AtomicLong();

    private final ConcurrentSkipListSet<Away> away = new ConcurrentSkipListSet<>();
    private final Queue<Session> ending = new ConcurrentLinkedQueue<>();
    private final Queue<Scope> listed = new ConcurrentLinkedQueue<>();
    private final AtomicInteger listedCount = new AtomicInteger();

    /** A space on the system's clock with room for {@link #DEFAULT_MAX_ENTRIES}. */
    public MemorySpace() {
        this(InstantSource.system(), DEFAULT_MAX_ENTRIES);
    }

    /**
     * A space on this clock.
     *
     * @param clock gives entries their times and ends leases; it may step, also back
     * @param maxEntries most entries over all scopes; at least 1
     * @throws IllegalArgumentException if {@code maxEntries} is less than 1
     */
    public MemorySpace(InstantSource clock, long maxEntries) {
        this.clock = requireNonNull(clock, "clock");
        if (maxEntries < 1) {
            throw new IllegalArgumentException("maxEntries must be at least 1: " + maxEntries);
        }
        this.maxEntries = maxEntries;
        this.maxIds = Math.min(MOST_IDS, Math.min(maxEntries, MOST_IDS) * IDS_PER_ENTRY);
    }

    Instant now() {
        return clock.instant();
    }

    Watches watches() {
        return watches;
    }

    Lane lane() {
        return lane;
    }

    // Scopes

    /** The scope, entered; null: there is none. */
    @Nullable
    Scope enter(String name) {
        while (true) {
            Scope scope = scopes.get(name);
            if (scope == null || scope.enter()) {
                return scope;
            }
        }
    }

    /** The scope, entered; made if there is none (A4: only register does that). */
    Scope enterOrCreate(String name) {
        while (true) {
            Scope scope = scopes.computeIfAbsent(name, absent -> new Scope(absent, this));
            if (scope.enter()) {
                return scope;
            }
        }
    }

    void forget(Scope scope) {
        scopes.remove(scope.name, scope);
    }

    /** Names of the scopes that have a mailbox (N2). */
    ConcurrentSkipListSet<String> live() {
        return live;
    }

    long positionFloor() {
        return positionFloor.get();
    }

    long versionFloor() {
        return versionFloor.get();
    }

    void raiseFloors(long position, long version) {
        positionFloor.accumulateAndGet(position, Math::max);
        versionFloor.accumulateAndGet(version, Math::max);
    }

    // Bounds

    /** Counts one entry more; false: the space is full. */
    boolean admitEntry() {
        if (entries.incrementAndGet() <= maxEntries) {
            return true;
        }
        entries.decrementAndGet();
        return false;
    }

    void countEntry() {
        entries.incrementAndGet();
    }

    void uncountEntries(int count) {
        entries.addAndGet(-count);
    }

    /** Counts so many slots for dispatch ids more, or less; false: there is no room. */
    boolean admitIds(int slots) {
        if (ids.addAndGet(slots) <= maxIds || slots <= 0) {
            return true;
        }
        ids.addAndGet(-slots);
        return false;
    }

    long entries() {
        return entries.get();
    }

    long ids() {
        return ids.get();
    }

    StoreException.Rejected fullOfEntries() {
        return new StoreException.Rejected("the memory space holds " + maxEntries
                + " entries, its bound (moitessier.memory.max-entries); nothing was written");
    }

    StoreException.Rejected fullOfIds() {
        return new StoreException.Rejected("the memory space remembers dispatch ids in " + maxIds
                + " slots, its bound (" + IDS_PER_ENTRY + " times moitessier.memory.max-entries); nothing was written");
    }

    // Sessions

    /** Starts the session, unless it lives. */
    void open(UUID id, Duration lease) {
        Session session = sessions.computeIfAbsent(id, absent -> new Session(absent, lease, now()));
        if (session.hasEnded()) {
            throw ended(id);
        }
    }

    @Nullable
    Session session(UUID id) {
        return sessions.get(id);
    }

    Iterable<Session> sessions() {
        return sessions.values();
    }

    /** Ended sessions are remembered for a day, so that a late open does not bring one back (L2). */
    void forget(Session session) {
        sessions.remove(session.id, session);
    }

    static StoreException.SessionEnded ended(UUID session) {
        return new StoreException.SessionEnded("session " + session + " has ended or was never opened");
    }

    /** Sessions that have ended but still have subscribers; a sweep takes one off and puts it back if it could not finish. */
    Queue<Session> ending() {
        return ending;
    }

    // Durable subscribers that are away

    Away away(Subscriber subscriber, Instant since, Instant due) {
        Away one = new Away(subscriber, since, due, awayNumbers.incrementAndGet());
        away.add(one);
        return one;
    }

    void returned(Away one) {
        away.remove(one);
    }

    /** The one that is due first; null: nobody is away. */
    @Nullable
    Away firstAway() {
        try {
            return away.isEmpty() ? null : away.first();
        } catch (NoSuchElementException e) {
            return null; // it came back between the two calls
        }
    }

    // Housekeeping

    /** Puts a scope on the list of those that a sweep should look at. Being on it is the scope's own mark. */
    void list(Scope scope) {
        listed.add(scope);
        listedCount.incrementAndGet();
    }

    /** Takes the one off the list that waits longest; sweeps at the same time get different ones (S3). */
    @Nullable
    Scope unlist() {
        Scope scope = listed.poll();
        if (scope != null) {
            listedCount.decrementAndGet();
        }
        return scope;
    }

    int listedCount() {
        return listedCount.get();
    }
}
