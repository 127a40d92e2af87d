package dev.moitessier.store.memory;

import static java.util.Objects.requireNonNull;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Beat;
import dev.moitessier.store.Broadcaster;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Durability;
import dev.moitessier.store.HintSink;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Members;
import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.Retention;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.Subscribers;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import dev.moitessier.store.Unregistered;
import dev.moitessier.store.Watch;
import dev.moitessier.store.parts.Paging;
import dev.moitessier.store.parts.Times;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A store within this JVM: nothing is written anywhere, and all is gone with the process. Thread-safe. It keeps the whole contract
 * and is its reference model; its limits are the contract's floors, so what it accepts every store accepts.
 *
 * <p>Stores over one {@link MemorySpace} are to each other as processes on one server. Entries are bounded by the retention given
 * to {@link #sweep} and by the space's bound, beyond which an append is {@link StoreException.Rejected}.
 */
public final class MemoryStore implements MailboxStore {
    static final String NAME = "memory";
    static final Duration CALL_LIMIT = Duration.ofSeconds(1);
    static final Duration MAX_REMEMBER = Duration.ofDays(1);
    static final Appended UNHEARD = new Appended.Unheard();
    static final Retention ANY = new Retention(Duration.ofSeconds(Long.MAX_VALUE), Long.MAX_VALUE);

    private static final int KIB = 1_024;
    private static final Capabilities CAPABILITIES = new Capabilities(
            NAME,
            Durability.VOLATILE,
            false,
            false,
            Optional.of(Duration.ofMillis(100)),
            true,
            256 * KIB,
            4 * KIB * KIB,
            1_000,
            16 * KIB,
            64,
            MAX_REMEMBER,
            CALL_LIMIT);

    private final MemorySpace space;
    private final Runnable afterClose;
    private final Set<Watch> watches = ConcurrentHashMap.newKeySet();
    private final MemoryBroadcaster broadcaster;
    private final AtomicBoolean ended = new AtomicBoolean();
    private volatile boolean closed;

    /** A store with a space of its own, on the system's clock. */
    public MemoryStore() {
        this(new MemorySpace());
    }

    /** A store with a space of its own, on this clock. */
    public MemoryStore(InstantSource clock) {
        this(new MemorySpace(clock, MemorySpace.DEFAULT_MAX_ENTRIES));
    }

    /** A store over a space that others may share. */
    public MemoryStore(MemorySpace space) {
        this(space, () -> {});
    }

    MemoryStore(MemorySpace space, Runnable afterClose) {
        this.space = requireNonNull(space, "space");
        this.afterClose = afterClose;
        this.broadcaster = new MemoryBroadcaster(space.lane());
    }

    @Override
    public Capabilities capabilities() {
        return CAPABILITIES;
    }

    // Sessions

    @Override
    public void open(UUID session, Duration lease) {
        begin();
        if (lease.isZero() || lease.isNegative()) {
            throw new IllegalArgumentException("lease must be positive: " + lease);
        }
        space.open(requireNonNull(session, "session"), lease);
    }

    @Override
    public Beat heartbeat(UUID session, Duration lease) {
        begin();
        if (lease.isNegative()) {
            throw new IllegalArgumentException("lease is negative: " + lease);
        }
        Instant now = space.now();
        Session found = space.session(session);
        if (found == null) {
            return new Beat(false, now);
        }
        if (lease.isZero()) {
            if (found.end(now)) {
                Sweep.finish(space, found);
            }
            return new Beat(false, now);
        }
        return new Beat(found.renew(lease, now), now);
    }

    // Mailboxes and subscribers

    @Override
    public Registered register(Registration registration) {
        begin();
        CAPABILITIES.check(registration);
        Session session = session(registration.session());
        Scope scope = space.enterOrCreate(registration.listener().scope());
        try {
            return scope.register(registration, session);
        } finally {
            scope.list(); // should it have been made in vain
            scope.exit();
        }
    }

    @Override
    public Unregistered unregister(ListenerRef listener, String subscriber, UUID registration) {
        begin();
        Scope scope = space.enter(listener.scope());
        if (scope == null) {
            return new Unregistered(false, false);
        }
        try {
            return scope.unregister(listener, subscriber, registration);
        } finally {
            scope.exit();
        }
    }

    @Override
    public Subscribers subscribers(ListenerRef listener, @Nullable String after, int limit) {
        begin();
        checkLimit(limit);
        Scope scope = space.enter(listener.scope());
        if (scope == null) {
            return new Subscribers(List.of(), 0, false);
        }
        try {
            return scope.subscribers(listener, after, limit);
        } finally {
            scope.exit();
        }
    }

    @Override
    public Members members(String name, @Nullable Set<ListenerRef> only) {
        begin();
        Scope scope = space.enter(name);
        if (scope == null) {
            return new Members(0, 0, Map.of());
        }
        try {
            return scope.members(only);
        } finally {
            scope.exit();
        }
    }

    @Override
    public void acknowledge(List<Acknowledgement> acknowledgements) {
        begin();
        for (Acknowledgement acknowledgement : acknowledgements) {
            Scope scope = space.enter(acknowledgement.listener().scope());
            if (scope != null) {
                try {
                    scope.acknowledge(acknowledgement);
                } finally {
                    scope.exit();
                }
            }
        }
    }

    @Override
    public List<String> scopes(String prefix, @Nullable String after, int limit) {
        begin();
        checkLimit(limit);
        boolean further = after != null && after.compareTo(prefix) >= 0;
        List<String> scopes = new ArrayList<>();
        for (String name : space.live().tailSet(further ? after : prefix, !further)) {
            if (!name.startsWith(prefix) || scopes.size() == limit) {
                break;
            }
            scopes.add(name);
        }
        return List.copyOf(scopes);
    }

    // Appending

    @Override
    public List<Appended> append(List<Append> batch) {
        ensureOpen();
        if (batch.size() == 1) {
            return List.of(append(batch.get(0)));
        }
        try {
            CAPABILITIES.check(batch);
        } catch (StoreException.Rejected tooMany) {
            return Appended.Failed.all(batch, tooMany);
        }
        List<Appended> answers = new ArrayList<>(batch.size());
        Map<String, Appended.Failed> failed = new HashMap<>();
        for (Append each : batch) {
            Appended answer = failed.get(each.scope());
            if (answer == null) {
                answer = append(each);
                if (answer instanceof Appended.Failed failure && failure.cause().retryable()) {
                    failed.put(each.scope(), failure); // what follows must not overtake it (B3)
                }
            }
            answers.add(answer);
        }
        return List.copyOf(answers);
    }

    private Appended append(Append append) {
        try {
            ensureUninterrupted();
            CAPABILITIES.check(append);
            Scope scope = space.enter(append.scope());
            if (scope == null) {
                return append.ifMembers().orElse(0) == 0 ? UNHEARD : new Appended.Stale(0);
            }
            try {
                return scope.append(append);
            } finally {
                scope.exit();
            }
        } catch (StoreException e) {
            return new Appended.Failed(e); // concerns this element alone (B2)
        }
    }

    // Reading

    @Override
    public List<Page> read(List<ReadRequest> requests, int maxBytes) {
        begin();
        Paging paging = new Paging(maxBytes);
        List<Page> pages = new ArrayList<>(requests.size());
        for (ReadRequest request : requests) {
            Scope.View view = view(request);
            pages.add(
                    view == null
                            ? paging.unknown(request)
                            : paging.page(
                                    request,
                                    view.head(),
                                    view.trimmed(),
                                    view.version(),
                                    view.entries(request.newest())));
        }
        return List.copyOf(pages);
    }

    private Scope.@Nullable View view(ReadRequest request) {
        Scope scope = space.enter(request.scope());
        if (scope == null) {
            return null;
        }
        try {
            return scope.view(request.after(), request.newest(), Paging.examines(request));
        } finally {
            scope.exit();
        }
    }

    @Override
    public long position(String name, Instant at) {
        begin();
        Scope scope = space.enter(name);
        if (scope == null) {
            return 0;
        }
        try {
            // A position is never below its entry's microsecond, whatever the clock did.
            return Math.max(0, Math.min(scope.head(), Times.micros(at) - 1));
        } finally {
            scope.exit();
        }
    }

    // Hints, the volatile lane, housekeeping, the end

    @Override
    public Watch watch(HintSink sink) {
        begin();
        Watch watch = space.watches().open(requireNonNull(sink, "sink"), watches::remove);
        watches.add(watch);
        if (closed) {
            watch.close();
            throw new StoreException.Closed(false);
        }
        return watch;
    }

    @Override
    public Optional<Broadcaster> broadcaster() {
        return Optional.of(broadcaster);
    }

    @Override
    public Swept sweep(SweepPolicy policy) {
        begin();
        return Sweep.run(space, policy);
    }

    /** Ends this store; the space and others over it live on. No hint and no broadcast comes after it. Idempotent. */
    @Override
    public void close() {
        closed = true;
        watches.forEach(Watch::close);
        broadcaster.close();
        if (ended.compareAndSet(false, true)) {
            afterClose.run();
        }
    }

    private void begin() {
        ensureOpen();
        ensureUninterrupted();
    }

    private void ensureOpen() {
        if (closed) {
            throw new StoreException.Closed(false);
        }
    }

    private static void ensureUninterrupted() {
        if (Thread.currentThread().isInterrupted()) {
            throw new StoreException.Interrupted("interrupted before the call", false);
        }
    }

    private @Nullable Session session(@Nullable UUID id) {
        if (id == null) {
            return null;
        }
        Session session = space.session(id);
        if (session == null) {
            throw MemorySpace.ended(id);
        }
        return session;
    }

    private static void checkLimit(int limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("limit must be at least 1: " + limit);
        }
    }
}
