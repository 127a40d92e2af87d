package dev.moitessier.testkit;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Beat;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Entry;
import dev.moitessier.store.HintSink;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Members;
import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.Subscribers;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import dev.moitessier.store.Unregistered;
import dev.moitessier.store.Watch;
import dev.moitessier.store.memory.MemorySpace;
import dev.moitessier.store.memory.MemoryStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A toy that does what an identity column does: it takes the number of an entry first and makes the entry visible ("commits") a
 * moment later. All but the log is the memory store's.
 */
final class RacyStore implements MailboxStore {
    private final MailboxStore store;
    private final Log log;

    private RacyStore(MemorySpace space, Log log) {
        this.store = new MemoryStore(space);
        this.log = log;
    }

    /** Two or more of these share a log. */
    static StoreWiring wiring() {
        MemorySpace space = new MemorySpace();
        Log log = new Log();
        return () -> new RacyStore(space, log);
    }

    private static final class Log {
        final AtomicLong numbers = new AtomicLong();
        final Map<String, ConcurrentNavigableMap<Long, Entry>> entries = new ConcurrentHashMap<>();
        final Map<List<Object>, Long> remembered = new ConcurrentHashMap<>();

        ConcurrentNavigableMap<Long, Entry> of(String scope) {
            return entries.computeIfAbsent(scope, s -> new ConcurrentSkipListMap<>());
        }
    }

    @Override
    public List<Appended> append(List<Append> batch) {
        List<Appended> answers = new ArrayList<>();
        for (Append append : batch) {
            long mine = log.numbers.incrementAndGet();
            Long first = log.remembered.putIfAbsent(List.of(append.scope(), append.dispatch()), mine);
            if (first == null) {
                LockSupport.parkNanos(20_000);
                log.of(append.scope()).put(mine, new Entry(mine, Instant.now(), append.dispatch(), append.content()));
            }
            answers.add(new Appended.Stored(first == null ? mine : first, 1, first != null));
        }
        return answers;
    }

    @Override
    public List<Page> read(List<ReadRequest> requests, int maxBytes) {
        List<Page> pages = new ArrayList<>();
        for (ReadRequest request : requests) {
            NavigableMap<Long, Entry> entries = log.of(request.scope());
            long head = entries.isEmpty() ? 0 : entries.lastKey();
            List<Entry> page = entries.tailMap(request.after(), false).headMap(head, true).values().stream()
                    .limit(request.maxEntries())
                    .toList();
            long next = page.size() < request.maxEntries()
                    ? Math.max(head, request.after())
                    : page.get(page.size() - 1).position();
            pages.add(new Page(request.scope(), page, next, Math.max(head, request.after()), 0, 1, false, false));
        }
        return pages;
    }

    @Override
    public Registered register(Registration registration) {
        Registered registered = store.register(registration);
        long head = read(List.of(new ReadRequest(registration.listener().scope(), 0, 1_000_000, false, Set.of())), 1)
                .get(0)
                .head();
        return new Registered(head, head, registered.acknowledged(), registered.created(), registered.membersVersion());
    }

    @Override
    public Capabilities capabilities() {
        return store.capabilities();
    }

    @Override
    public Members members(String scope, @Nullable Set<ListenerRef> only) {
        return store.members(scope, only);
    }

    @Override
    public void open(UUID session, Duration lease) {
        store.open(session, lease);
    }

    @Override
    public Beat heartbeat(UUID session, Duration lease) {
        return store.heartbeat(session, lease);
    }

    @Override
    public Unregistered unregister(ListenerRef listener, String subscriber, UUID registration) {
        return store.unregister(listener, subscriber, registration);
    }

    @Override
    public Subscribers subscribers(ListenerRef listener, @Nullable String after, int limit) {
        return store.subscribers(listener, after, limit);
    }

    @Override
    public void acknowledge(List<Acknowledgement> acknowledgements) {
        store.acknowledge(acknowledgements);
    }

    @Override
    public List<String> scopes(String prefix, @Nullable String after, int limit) {
        return store.scopes(prefix, after, limit);
    }

    @Override
    public long position(String scope, Instant at) {
        return store.position(scope, at);
    }

    @Override
    public Watch watch(HintSink sink) {
        return store.watch(sink);
    }

    @Override
    public Swept sweep(SweepPolicy policy) {
        return store.sweep(policy);
    }

    @Override
    public void close() {
        store.close();
    }
}
