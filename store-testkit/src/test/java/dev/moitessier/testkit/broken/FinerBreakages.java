package dev.moitessier.testkit.broken;

import static dev.moitessier.testkit.broken.Breakages.answering;
import static dev.moitessier.testkit.broken.Breakages.buffered;
import static dev.moitessier.testkit.broken.Breakages.listing;
import static dev.moitessier.testkit.broken.Breakages.paging;
import static dev.moitessier.testkit.broken.Breakages.pause;
import static dev.moitessier.testkit.broken.Breakages.sweeping;
import static dev.moitessier.testkit.broken.Breakages.with;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Beat;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Content;
import dev.moitessier.store.Departed;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Members;
import dev.moitessier.store.Page;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.Retention;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoredSubscriber;
import dev.moitessier.store.Subscribers;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import dev.moitessier.store.Unregistered;
import dev.moitessier.testkit.Rule;
import dev.moitessier.testkit.StoreWiring;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;

/** Breakages of the finer points of some rules, so that each test of the contract has been seen red. */
final class FinerBreakages {
    private static final Duration HOUR = Duration.ofHours(1);

    private FinerBreakages() {}

    static List<Breakage> all() {
        List<Breakage> all = new ArrayList<>();
        all.addAll(appendsAndMembers());
        all.addAll(reads());
        all.addAll(acknowledgements());
        all.addAll(sessions());
        all.addAll(lists());
        all.addAll(names());
        all.addAll(failuresAndSweeps());
        return all;
    }

    private static List<Breakage> appendsAndMembers() {
        return List.of(
                Breakage.of(Rule.A1, "takes ten texts at most", store -> new Passing(store) {
                    @Override
                    public Capabilities capabilities() {
                        Capabilities c = super.capabilities();
                        return new Capabilities(
                                c.store(),
                                c.durability(),
                                c.multiProcess(),
                                c.enlists(),
                                c.push(),
                                c.storeClock(),
                                c.maxBody(),
                                c.maxAppend(),
                                10,
                                c.maxMetadata(),
                                c.maxBatch(),
                                c.maxRemember(),
                                c.callLimit());
                    }
                }),
                Breakage.of(
                        Rule.A1,
                        "cuts bodies at 64 KiB",
                        store -> appending(store, append -> {
                            Content c = append.content();
                            if (c.body() == null || c.body().size() <= 65_536) {
                                return append;
                            }
                            Payload cut = Payload.wrap(Arrays.copyOf(c.body().toBytes(), 65_536));
                            return with(
                                    append,
                                    new Content(c.sender(), c.to(), cut, c.bodyToHandlers(), c.texts(), c.headers()),
                                    append.remember());
                        })),
                Breakage.of(Rule.A4, "stores nothing for a recipient without mailbox", store -> new Passing(store) {
                    @Override
                    public List<Appended> append(List<Append> batch) {
                        return batch.stream()
                                .flatMap(each -> one(each).stream())
                                .toList();
                    }

                    private List<Appended> one(Append append) {
                        boolean heard = append.content().to() == null
                                || members(append.scope(), null).starts().keySet().stream()
                                        .anyMatch(each -> each.owner() != null
                                                && append.content().to().matches(each.owner()));
                        return heard ? super.append(List.of(append)) : List.of(new Appended.Unheard());
                    }
                }),
                Breakage.shared(Rule.I1, "knows an id on all scopes once it was used on one", () -> {
                    Map<UUID, Appended> first = new ConcurrentHashMap<>();
                    return store -> answering(store, (append, answer) -> {
                        Appended before = first.putIfAbsent(append.dispatch(), answer);
                        return before instanceof Appended.Stored stored
                                ? new Appended.Stored(stored.position(), stored.membersVersion(), true)
                                : answer;
                    });
                }),
                Breakage.of(Rule.I2, "says removed to whoever unregisters", store -> new Passing(store) {
                    @Override
                    public Unregistered unregister(ListenerRef listener, String subscriber, UUID registration) {
                        Unregistered answer = super.unregister(listener, subscriber, registration);
                        return new Unregistered(true, answer.mailboxRemoved());
                    }
                }),
                Breakage.of(Rule.M1, "reads the version from a cache, and the mailboxes afresh", store -> {
                    Map<String, Members> cache = new ConcurrentHashMap<>();
                    AtomicLong filled = new AtomicLong(System.nanoTime());
                    return new Passing(store) {
                        @Override
                        public Members members(String scope, Set<ListenerRef> only) {
                            long now = System.nanoTime();
                            if (now - filled.getAndUpdate(at -> now - at > 5_000_000 ? now : at) > 5_000_000) {
                                cache.clear();
                            }
                            Members fresh = super.members(scope, only);
                            Members known = cache.computeIfAbsent(scope, key -> fresh);
                            return new Members(known.version(), fresh.head(), fresh.starts());
                        }
                    };
                }),
                Breakage.of(Rule.M1, "answers all mailboxes to who asks for some", store -> new Passing(store) {
                    @Override
                    public Members members(String scope, Set<ListenerRef> only) {
                        return super.members(scope, null);
                    }
                }),
                Breakage.ofTransactions(Rule.T2, "forgets the ids of enlisted appends", Anonymous::new));
    }

    private static List<Breakage> reads() {
        return List.of(
                Breakage.of(
                        Rule.O3,
                        "takes the newest entry for the head",
                        store -> paging(
                                store,
                                (request, page) -> page.trimmed() == page.head()
                                        ? new Page(
                                                page.scope(),
                                                List.of(),
                                                0,
                                                0,
                                                0,
                                                page.membersVersion(),
                                                false,
                                                request.after() > 0)
                                        : page)),
                Breakage.shared(Rule.O3, "begins to count anew when the server restarts", () -> {
                    AtomicLong opened = new AtomicLong();
                    return store -> {
                        boolean restarted = opened.incrementAndGet() > 2;
                        return answering(
                                store,
                                (append, answer) -> restarted && answer instanceof Appended.Stored stored
                                        ? new Appended.Stored(1, stored.membersVersion(), stored.duplicate())
                                        : answer);
                    };
                }),
                Breakage.of(
                        Rule.O4,
                        "stays at the cursor when it has nothing to return",
                        store -> paging(
                                store,
                                (request, page) -> page.entries().isEmpty() && !page.reset()
                                        ? with(page, page.entries(), Math.max(request.after(), page.trimmed()))
                                        : page)),
                Breakage.of(Rule.V3, "reads nothing before the start of its readers", store -> new Passing(store) {
                    @Override
                    public List<Page> read(List<ReadRequest> requests, int maxBytes) {
                        return super.read(requests.stream().map(this::fromStart).toList(), maxBytes);
                    }

                    private ReadRequest fromStart(ReadRequest r) {
                        long start = members(r.scope(), r.readers()).starts().values().stream()
                                .mapToLong(Long::longValue)
                                .min()
                                .orElse(0);
                        return new ReadRequest(
                                r.scope(), Math.max(start, r.after()), r.maxEntries(), r.newest(), r.readers());
                    }
                }));
    }

    private static List<Breakage> acknowledgements() {
        return List.of(
                Breakage.shared(Rule.C5, "keeps entries for those who have acknowledged others", () -> {
                    AtomicBoolean acknowledged = new AtomicBoolean();
                    return store ->
                            new Passing(sweeping(store, policy -> acknowledged.get() ? keepingAll(policy) : policy)) {
                                @Override
                                public void acknowledge(List<Acknowledgement> acknowledgements) {
                                    acknowledged.set(true);
                                    super.acknowledge(acknowledgements);
                                }
                            };
                }),
                Breakage.of(Rule.C5, "takes the first acknowledgement of a call", store -> new Passing(store) {
                    @Override
                    public void acknowledge(List<Acknowledgement> acknowledgements) {
                        super.acknowledge(acknowledgements.subList(0, Math.min(1, acknowledgements.size())));
                    }
                }),
                Breakage.of(Rule.C5, "does not say where a subscriber left off", store -> new Passing(store) {
                    @Override
                    public Registered register(Registration registration) {
                        Registered r = super.register(registration);
                        return new Registered(
                                r.start(), r.head(), OptionalLong.empty(), r.created(), r.membersVersion());
                    }
                }));
    }

    private static List<Breakage> sessions() {
        return List.of(
                Breakage.shared(Rule.L2, "ends a session that has lapsed when it is next heard of", () -> {
                    Leases leases = new Leases();
                    return store -> new Passing(leases.watching(store)) {
                        @Override
                        public Beat heartbeat(UUID session, Duration lease) {
                            Instant now = now(store);
                            return leases.hasLapsed(session, now)
                                    ? super.heartbeat(session, Duration.ZERO)
                                    : super.heartbeat(session, lease);
                        }
                    };
                }),
                Breakage.of(Rule.L3, "counts the lease from the opening of the session", store -> new Passing(store) {
                    @Override
                    public Beat heartbeat(UUID session, Duration lease) {
                        return lease.isZero() || lease.compareTo(Duration.ofMinutes(1)) > 0
                                ? super.heartbeat(session, lease)
                                : new Beat(true, now(store));
                    }
                }),
                Breakage.ofSkewed(Rule.L3, "compares leases with the clock of its process", Skewed::new),
                Breakage.of(Rule.L6, "counts keep while the subscriber is there", store -> new Passing(store) {
                    @Override
                    public Registered register(Registration r) {
                        return super.register(
                                r.keep() == null
                                        ? r
                                        : new Registration(
                                                r.id(),
                                                r.listener(),
                                                r.subscriber(),
                                                null,
                                                r.keep(),
                                                r.metadata(),
                                                r.farewell()));
                    }
                }),
                Breakage.of(
                        Rule.L5,
                        "names whoever registers as the one that it took the subscriber from",
                        store -> new Passing(store) {
                            @Override
                            public Registered register(Registration registration) {
                                Registered r = super.register(registration);
                                return new Registered(
                                        r.start(),
                                        r.head(),
                                        r.acknowledged(),
                                        r.created(),
                                        r.membersVersion(),
                                        registration.session());
                            }
                        }),
                Breakage.of(Rule.L7, "tells of the departed without what they had said", store -> new Passing(store) {
                    @Override
                    public Swept sweep(SweepPolicy policy) {
                        Swept swept = super.sweep(policy);
                        List<Departed> bare = swept.departed().stream()
                                .map(one -> new Departed(
                                        one.listener(),
                                        one.subscriber(),
                                        one.session(),
                                        Payload.empty(),
                                        one.mailboxRemoved()))
                                .toList();
                        return new Swept(bare, swept.scopesTrimmed(), swept.more());
                    }
                }),
                Breakage.of(Rule.L7, "writes farewells that nobody is left to hear", store -> new Passing(store) {
                    @Override
                    public Unregistered unregister(ListenerRef listener, String subscriber, UUID registration) {
                        ListenerRef ghost =
                                new ListenerRef(listener.scope(), ListenerType.PRIVATE, new Party("ghost", ""));
                        UUID id = UUID.randomUUID();
                        super.register(new Registration(id, ghost, "ghost", null, HOUR, Payload.empty(), null));
                        try {
                            return super.unregister(listener, subscriber, registration);
                        } finally {
                            super.unregister(ghost, "ghost", id);
                        }
                    }
                }));
    }

    private static List<Breakage> lists() {
        return List.of(
                Breakage.shared(Rule.L8, "hides subscribers whose lease has lapsed", () -> {
                    Leases leases = new Leases();
                    return store -> listing(leases.watching(store), answer -> {
                        Instant now = now(store);
                        return new Subscribers(
                                answer.list().stream()
                                        .filter(each ->
                                                each.session() == null || !leases.hasLapsed(each.session(), now))
                                        .toList(),
                                answer.position(),
                                answer.more());
                    });
                }),
                Breakage.of(
                        Rule.L8,
                        "lists subscribers as they came",
                        store -> listing(store, answer -> {
                            List<StoredSubscriber> list = new ArrayList<>(answer.list());
                            Collections.reverse(list);
                            return new Subscribers(list, answer.position(), answer.more());
                        })),
                Breakage.of(Rule.N2, "pages scopes by offset", store -> {
                    Map<String, Integer> offsets = new ConcurrentHashMap<>();
                    return new Passing(store) {
                        @Override
                        public List<String> scopes(String prefix, String after, int limit) {
                            List<String> all = super.scopes(prefix, null, Integer.MAX_VALUE);
                            int from = Math.min(all.size(), after == null ? 0 : offsets.getOrDefault(prefix, 0));
                            int to = Math.min(all.size(), from + limit);
                            offsets.put(prefix, to);
                            return all.subList(from, to);
                        }
                    };
                }),
                Breakage.of(Rule.N2, "starts a page with the last of the one before", store -> new Passing(store) {
                    @Override
                    public List<String> scopes(String prefix, String after, int limit) {
                        List<String> page = new ArrayList<>(super.scopes(prefix, after, limit));
                        if (after != null && !page.isEmpty()) {
                            page.set(0, after);
                        }
                        return page;
                    }
                }));
    }

    private static List<Breakage> names() {
        return List.of(
                Breakage.of(
                        Rule.N1,
                        "trims persons",
                        store -> naming(
                                store,
                                l -> owned(
                                        l, l.owner().person().strip(), l.owner().client()))),
                Breakage.of(
                        Rule.N1,
                        "joins person and client with a slash",
                        store -> naming(
                                store,
                                l -> owned(
                                        l, l.owner().person() + "/" + l.owner().client(), ""))),
                Breakage.of(
                        Rule.N1,
                        "stores unpaired surrogates as question marks",
                        store -> naming(store, l -> new ListenerRef(asUtf8(l.scope()), l.type(), l.owner()))),
                Breakage.of(Rule.N1, "cuts subscriber ids at 32 bytes", store -> new Passing(store) {
                    @Override
                    public Registered register(Registration r) {
                        return super.register(new Registration(
                                r.id(),
                                r.listener(),
                                r.subscriber()
                                        .substring(
                                                0, Math.min(32, r.subscriber().length())),
                                r.session(),
                                r.keep(),
                                r.metadata(),
                                r.farewell()));
                    }
                }));
    }

    private static List<Breakage> failuresAndSweeps() {
        return List.of(
                Breakage.shared(Rule.E1, "takes a registration made again for an error", () -> {
                    Set<UUID> tried = ConcurrentHashMap.newKeySet();
                    return store -> new Passing(store) {
                        @Override
                        public Registered register(Registration registration) {
                            if (!tried.add(registration.id())) {
                                throw new StoreException.Misconfigured("duplicate key", null);
                            }
                            return super.register(registration);
                        }
                    };
                }),
                Breakage.of(
                        Rule.E1,
                        "knows nothing of any failure",
                        store -> answering(
                                store,
                                (append, answer) -> answer instanceof Appended.Failed failed
                                        ? new Appended.Failed(
                                                new StoreException.Unavailable("lost", failed.cause(), true))
                                        : answer)),
                Breakage.of(Rule.E3, "tries for five times its call limit", store -> new Passing(store) {
                    @Override
                    public Beat heartbeat(UUID session, Duration lease) {
                        long end = System.nanoTime()
                                + capabilities().callLimit().multipliedBy(5).toNanos();
                        while (true) {
                            try {
                                return super.heartbeat(session, lease);
                            } catch (StoreException.Unavailable e) {
                                if (System.nanoTime() > end) {
                                    throw e;
                                }
                                pause();
                            }
                        }
                    }
                }),
                Breakage.of(
                        Rule.S1,
                        "goes by count alone",
                        store -> sweeping(
                                store,
                                policy -> new SweepPolicy(
                                        scope -> new Retention(
                                                Duration.ZERO,
                                                policy.retention().apply(scope).count()),
                                        policy.longest(),
                                        policy.endAsOf(),
                                        policy.work()))),
                Breakage.shared(Rule.S3, "fails a sweep while another is under way", () -> {
                    ReentrantLock sweeping = new ReentrantLock();
                    return store -> new Passing(store) {
                        @Override
                        public Swept sweep(SweepPolicy policy) {
                            if (!sweeping.tryLock()) {
                                throw new StoreException.Conflict("another sweep is under way", null);
                            }
                            try {
                                pause();
                                return super.sweep(policy);
                            } finally {
                                sweeping.unlock();
                            }
                        }
                    };
                }));
    }

    // What breaks things

    private static MailboxStore appending(MailboxStore store, UnaryOperator<Append> change) {
        return new Passing(store) {
            @Override
            public List<Appended> append(List<Append> batch) {
                return super.append(batch.stream().map(change).toList());
            }
        };
    }

    private static MailboxStore naming(MailboxStore store, UnaryOperator<ListenerRef> change) {
        return new Passing(store) {
            @Override
            public Registered register(Registration r) {
                return super.register(new Registration(
                        r.id(),
                        r.listener().owner() == null && !r.listener().scope().contains("\ud83d")
                                ? r.listener()
                                : change.apply(r.listener()),
                        r.subscriber(),
                        r.session(),
                        r.keep(),
                        r.metadata(),
                        r.farewell()));
            }
        };
    }

    private static ListenerRef owned(ListenerRef l, String person, String client) {
        return new ListenerRef(l.scope(), l.type(), new Party(person, client));
    }

    private static String asUtf8(String text) {
        return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
    }

    private static SweepPolicy keepingAll(SweepPolicy policy) {
        return new SweepPolicy(
                scope -> new Retention(Duration.ofDays(3650), Long.MAX_VALUE),
                policy.longest(),
                policy.endAsOf(),
                policy.work());
    }

    private static Instant now(MailboxStore store) {
        return store.heartbeat(UUID.randomUUID(), HOUR).at();
    }

    /** What the instances of a run know of each other's leases. */
    private static final class Leases {
        private final Map<UUID, Instant> ends = new ConcurrentHashMap<>();

        MailboxStore watching(MailboxStore store) {
            return new Passing(store) {
                @Override
                public void open(UUID session, Duration lease) {
                    super.open(session, lease);
                    ends.put(session, now(store).plus(lease));
                }

                @Override
                public Beat heartbeat(UUID session, Duration lease) {
                    Beat beat = super.heartbeat(session, lease);
                    ends.computeIfPresent(session, (id, end) -> beat.at().plus(lease));
                    return beat;
                }
            };
        }

        boolean hasLapsed(UUID session, Instant now) {
            Instant end = ends.get(session);
            return end != null && end.isBefore(now);
        }
    }

    /** Ends, in its sweeps, what has lapsed by a clock that is wrong: all that is not its own. */
    private static final class Skewed extends Passing {
        private static final Set<UUID> foreign = ConcurrentHashMap.newKeySet();
        private final boolean ahead;

        Skewed(MailboxStore store, Duration offset) {
            super(store);
            ahead = !offset.isNegative();
        }

        @Override
        public void open(UUID session, Duration lease) {
            super.open(session, lease);
            if (!ahead) {
                foreign.add(session);
            }
        }

        @Override
        public Swept sweep(SweepPolicy policy) {
            if (ahead) {
                foreign.forEach(session -> super.heartbeat(session, Duration.ZERO));
            }
            return super.sweep(policy);
        }
    }

    private record Anonymous(StoreWiring.Transactions sound) implements StoreWiring.Transactions {
        @Override
        public StoreWiring.Transaction begin(MailboxStore store) throws Exception {
            return new MemoryBehindAWire.Buffered(buffered(sound, store)) {
                @Override
                public void commit() {
                    pending.replaceAll(each -> new Append(
                            UUID.randomUUID(), each.scope(), each.content(), each.ifMembers(), each.remember()));
                    super.commit();
                }
            };
        }
    }
}
