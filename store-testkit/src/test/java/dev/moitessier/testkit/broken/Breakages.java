package dev.moitessier.testkit.broken;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Address;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Beat;
import dev.moitessier.store.Broadcaster;
import dev.moitessier.store.Content;
import dev.moitessier.store.Entry;
import dev.moitessier.store.HintSink;
import dev.moitessier.store.ListenerRef;
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
import dev.moitessier.store.Watch;
import dev.moitessier.testkit.Rule;
import dev.moitessier.testkit.StoreWiring;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** A way to break each rule, or the reason why there is none. */
final class Breakages {
    private static final Duration HOUR = Duration.ofHours(1);

    private Breakages() {}

    /** Rules that no broken store can show, each with the reason. */
    static Map<Rule, String> unbreakable() {
        Map<Rule, String> reasons = new EnumMap<>(Rule.class);
        reasons.put(Rule.X3, "promises nothing: there is nothing to break");
        reasons.put(Rule.X4, "allows both: there is nothing to break");
        reasons.put(
                Rule.X7, "is a rule for those who use the lane; the kit gives them LossyBroadcaster to test it with");
        reasons.put(Rule.R5, "is core's: a store has no part in it but R4 and M1");
        return reasons;
    }

    static List<Breakage> all() {
        List<Breakage> all = new ArrayList<>();
        all.addAll(order());
        all.addAll(appends());
        all.addAll(members());
        all.addAll(reads());
        all.addAll(lives());
        all.addAll(batchesAndTransactions());
        all.addAll(hintsAndLane());
        all.addAll(namesAndFailures());
        all.addAll(sweeps());
        all.addAll(FinerBreakages.all());
        return all;
    }

    private static List<Breakage> order() {
        return List.of(
                Breakage.of(
                        Rule.O1,
                        "answers a position that was read before the append was serialised",
                        store -> answering(
                                store,
                                (append, answer) -> answer instanceof Appended.Stored stored
                                        ? new Appended.Stored(
                                                Math.max(1, stored.position() - stored.position() % 10),
                                                stored.membersVersion(),
                                                stored.duplicate())
                                        : answer)),
                Breakage.of(Rule.O2, "shows an entry late, after readers have gone past its position", Late::new),
                Breakage.shared(Rule.O3, "forgets the head when the last subscriber goes", () -> {
                    Map<String, Long> births = new ConcurrentHashMap<>();
                    return store -> new Passing(store) {
                        @Override
                        public Registered register(Registration registration) {
                            Registered answer = super.register(registration);
                            return answer.created()
                                            && births.put(
                                                            registration
                                                                    .listener()
                                                                    .scope(),
                                                            1L)
                                                    != null
                                    ? new Registered(0, 0, answer.acknowledged(), true, answer.membersVersion())
                                    : answer;
                        }
                    };
                }),
                Breakage.of(
                        Rule.O4,
                        "says that it looked as far as the head, though the page was cut",
                        store -> paging(store, (request, page) -> with(page, page.entries(), page.head()))));
    }

    private static List<Breakage> appends() {
        return List.of(
                Breakage.of(Rule.A1, "writes an entry before all of its texts", store -> new Passing(store) {
                    @Override
                    public List<Appended> append(List<Append> batch) {
                        return super.append(
                                batch.stream().map(Breakages::halved).toList());
                    }
                }),
                Breakage.of(Rule.A2, "tells the head as the start of each mailbox", store -> new Passing(store) {
                    @Override
                    public Members members(String scope, Set<ListenerRef> only) {
                        Members members = super.members(scope, only);
                        Map<ListenerRef, Long> starts = new HashMap<>(members.starts());
                        starts.replaceAll((listener, start) -> members.head());
                        return new Members(members.version(), members.head(), starts);
                    }
                }),
                Breakage.of(
                        Rule.A3,
                        "stores a recipient without client as one with the empty client",
                        store -> showing(store, (request, entry) -> withTo(entry))),
                Breakage.of(Rule.A4, "creates a scope for whoever appends to it", store -> new Passing(store) {
                    @Override
                    public List<Appended> append(List<Append> batch) {
                        for (Append append : batch) {
                            if (append.scope().length() <= 400
                                    && !append.scope().isBlank()) {
                                anchor(append.scope());
                            }
                        }
                        return super.append(batch);
                    }

                    private void anchor(String scope) {
                        ListenerRef nobody = new ListenerRef(
                                scope, dev.moitessier.store.ListenerType.PRIVATE, new Party("nobody", ""));
                        super.register(new Registration(
                                UUID.randomUUID(), nobody, "nobody", null, HOUR, Payload.empty(), null));
                    }
                }),
                Breakage.of(Rule.I1, "remembers no dispatch id", store -> new Passing(store) {
                    @Override
                    public List<Appended> append(List<Append> batch) {
                        return super.append(batch.stream()
                                .map(each -> with(each, each.content(), Duration.ZERO))
                                .toList());
                    }
                }),
                Breakage.of(Rule.I2, "says created to everyone who registers", store -> new Passing(store) {
                    @Override
                    public Registered register(Registration registration) {
                        Registered answer = super.register(registration);
                        return new Registered(
                                answer.start(), answer.head(), answer.acknowledged(), true, answer.membersVersion());
                    }
                }));
    }

    private static List<Breakage> members() {
        return List.of(
                Breakage.shared(Rule.M1, "raises the members version with each subscriber", () -> {
                    AtomicLong registers = new AtomicLong();
                    return store -> new Passing(store) {
                        @Override
                        public Registered register(Registration registration) {
                            registers.incrementAndGet();
                            return super.register(registration);
                        }

                        @Override
                        public Members members(String scope, Set<ListenerRef> only) {
                            Members members = super.members(scope, only);
                            long version = members.version() == 0 ? 0 : members.version() + registers.get();
                            return new Members(version, members.head(), members.starts());
                        }
                    };
                }),
                Breakage.of(
                        Rule.M2, "compares the members version before it locks the scope", store -> new Passing(store) {
                            @Override
                            public List<Appended> append(List<Append> batch) {
                                return super.append(batch.stream()
                                        .map(each -> new Append(
                                                each.dispatch(),
                                                each.scope(),
                                                each.content(),
                                                OptionalLong.empty(),
                                                each.remember()))
                                        .toList());
                            }
                        }),
                Breakage.of(
                        Rule.M3,
                        "stores metadata as text",
                        store -> listing(
                                store,
                                subscribers -> new Subscribers(
                                        subscribers.list().stream()
                                                .map(each -> new StoredSubscriber(
                                                        each.id(),
                                                        each.session(),
                                                        asText(each.metadata()),
                                                        each.acknowledged()))
                                                .toList(),
                                        subscribers.position(),
                                        subscribers.more()))),
                Breakage.of(Rule.V1, "reads from a cache of its process", Cached::new),
                Breakage.of(Rule.V2, "gives each mailbox the beginning as its start", store -> new Passing(store) {
                    @Override
                    public Registered register(Registration registration) {
                        Registered answer = super.register(registration);
                        return new Registered(
                                0, answer.head(), answer.acknowledged(), answer.created(), answer.membersVersion());
                    }
                }),
                Breakage.of(Rule.V3, "gives the oldest entries when asked for the newest", store -> new Passing(store) {
                    @Override
                    public List<Page> read(List<ReadRequest> requests, int maxBytes) {
                        return super.read(
                                requests.stream()
                                        .map(each -> new ReadRequest(
                                                each.scope(), each.after(), each.maxEntries(), false, each.readers()))
                                        .toList(),
                                maxBytes);
                    }
                }));
    }

    private static List<Breakage> reads() {
        return List.of(
                Breakage.of(
                        Rule.C1,
                        "takes a cursor past the head for one that has caught up",
                        store -> paging(
                                store,
                                (request, page) -> new Page(
                                        page.scope(),
                                        page.entries(),
                                        page.reset() ? page.head() : page.next(),
                                        page.head(),
                                        page.trimmed(),
                                        page.membersVersion(),
                                        page.lossy(),
                                        false))),
                Breakage.of(
                        Rule.C2,
                        "never says that something was lost",
                        store -> paging(store, (request, page) -> withLossy(page, page.trimmed(), false))),
                Breakage.of(Rule.C3, "hands each entry over once, as a queue does", store -> {
                    Set<Long> handed = ConcurrentHashMap.newKeySet();
                    return paging(
                            store,
                            (request, page) -> with(
                                    page,
                                    page.entries().stream()
                                            .filter(entry -> handed.add(entry.position()))
                                            .toList(),
                                    page.next()));
                }),
                Breakage.of(
                        Rule.C4, "takes an instant for the position of what came at it", store -> new Passing(store) {
                            @Override
                            public long position(String scope, Instant at) {
                                return super.position(scope, at) + 1;
                            }
                        }),
                Breakage.of(Rule.C5, "takes the latest acknowledgement for the highest", store -> {
                    Map<String, Long> latest = new ConcurrentHashMap<>();
                    return new Passing(store) {
                        @Override
                        public void acknowledge(List<Acknowledgement> acknowledgements) {
                            super.acknowledge(acknowledgements);
                            acknowledgements.forEach(each ->
                                    latest.put(each.listener().scope() + "\n" + each.subscriber(), each.position()));
                        }

                        @Override
                        public Subscribers subscribers(ListenerRef listener, String after, int limit) {
                            Subscribers answer = super.subscribers(listener, after, limit);
                            return new Subscribers(
                                    answer.list().stream()
                                            .map(each ->
                                                    acknowledged(each, latest.get(listener.scope() + "\n" + each.id())))
                                            .toList(),
                                    answer.position(),
                                    answer.more());
                        }
                    };
                }),
                Breakage.of(Rule.R1, "answers no more than 100 requests a call", store -> new Passing(store) {
                    @Override
                    public List<Page> read(List<ReadRequest> requests, int maxBytes) {
                        return super.read(requests.subList(0, Math.min(100, requests.size())), maxBytes);
                    }
                }),
                Breakage.shared(Rule.R2, "gives every text to every reader", () -> {
                    Map<UUID, Content> contents = new ConcurrentHashMap<>();
                    return store ->
                            new Passing(showing(
                                    store,
                                    (request, entry) -> new Entry(
                                            entry.position(),
                                            entry.at(),
                                            entry.dispatch(),
                                            contents.getOrDefault(entry.dispatch(), entry.content())))) {
                                @Override
                                public List<Appended> append(List<Append> batch) {
                                    batch.forEach(each -> contents.put(each.dispatch(), each.content()));
                                    return super.append(batch);
                                }
                            };
                }),
                Breakage.of(Rule.R3, "counts entries, but no bytes", store -> new Passing(store) {
                    @Override
                    public List<Page> read(List<ReadRequest> requests, int maxBytes) {
                        return super.read(requests, Integer.MAX_VALUE);
                    }
                }),
                Breakage.of(
                        Rule.R4,
                        "takes a scope that it does not know for an empty one",
                        store -> paging(
                                store,
                                (request, page) -> page.head() == 0
                                        ? new Page(
                                                page.scope(),
                                                List.of(),
                                                request.after(),
                                                request.after(),
                                                0,
                                                0,
                                                false,
                                                false)
                                        : page)));
    }

    private static List<Breakage> lives() {
        return List.of(
                Breakage.of(Rule.L1, "registers without a look at the session", store -> new Passing(store) {
                    @Override
                    public Registered register(Registration r) {
                        try {
                            return super.register(r);
                        } catch (StoreException.SessionEnded e) {
                            return super.register(new Registration(
                                    r.id(), r.listener(), r.subscriber(), null, HOUR, r.metadata(), r.farewell()));
                        }
                    }
                }),
                Breakage.of(
                        Rule.L2, "lets a heartbeat bring back a session that has ended", store -> new Passing(store) {
                            @Override
                            public Beat heartbeat(UUID session, Duration lease) {
                                Beat beat = super.heartbeat(session, lease);
                                return new Beat(!lease.isZero(), beat.at());
                            }
                        }),
                Breakage.of(
                        Rule.L3,
                        "ends sessions for a sweeper that has not been heard for long",
                        store -> sweeping(
                                store,
                                policy -> new SweepPolicy(
                                        policy.retention(),
                                        policy.longest(),
                                        store.heartbeat(UUID.randomUUID(), HOUR).at(),
                                        policy.work()))),
                Breakage.of(Rule.L4, "keeps a mailbox whose last subscriber has gone", store -> new Passing(store) {
                    @Override
                    public Registered register(Registration r) {
                        Registered answer = super.register(r);
                        super.register(new Registration(
                                UUID.randomUUID(), r.listener(), "~", null, HOUR, Payload.empty(), null));
                        return answer;
                    }

                    @Override
                    public Subscribers subscribers(ListenerRef listener, String after, int limit) {
                        Subscribers answer = super.subscribers(listener, after, limit);
                        return new Subscribers(
                                answer.list().stream()
                                        .filter(each -> !each.id().equals("~"))
                                        .toList(),
                                answer.position(),
                                answer.more());
                    }
                }),
                Breakage.shared(Rule.L5, "lets a former owner remove a subscriber", () -> {
                    Map<String, UUID> owners = new ConcurrentHashMap<>();
                    return store -> new Passing(store) {
                        @Override
                        public Registered register(Registration r) {
                            owners.put(r.listener() + "\n" + r.subscriber(), r.id());
                            return super.register(r);
                        }

                        @Override
                        public Unregistered unregister(ListenerRef listener, String subscriber, UUID registration) {
                            return super.unregister(
                                    listener,
                                    subscriber,
                                    owners.getOrDefault(listener + "\n" + subscriber, registration));
                        }
                    };
                }),
                Breakage.of(Rule.L5a, "counts only who is there as a subscriber", store -> new Passing(store) {
                    @Override
                    public Registered register(Registration r) {
                        Registered answer = super.register(r);
                        if (r.session() == null) {
                            super.unregister(r.listener(), r.subscriber(), r.id());
                        }
                        return answer;
                    }
                }),
                Breakage.of(Rule.L6, "removes durable subscribers with their session", store -> new Passing(store) {
                    @Override
                    public Registered register(Registration r) {
                        return super.register(
                                r.session() == null
                                        ? r
                                        : new Registration(
                                                r.id(),
                                                r.listener(),
                                                r.subscriber(),
                                                r.session(),
                                                null,
                                                r.metadata(),
                                                r.farewell()));
                    }
                }),
                Breakage.of(
                        Rule.L7,
                        "announces departures after the step, and dies before it",
                        store -> new Passing(store) {
                            @Override
                            public Registered register(Registration r) {
                                return super.register(new Registration(
                                        r.id(),
                                        r.listener(),
                                        r.subscriber(),
                                        r.session(),
                                        r.keep(),
                                        r.metadata(),
                                        null));
                            }
                        }),
                Breakage.of(
                        Rule.L8,
                        "says that its list of subscribers is true for ever",
                        store -> listing(
                                store, answer -> new Subscribers(answer.list(), Long.MAX_VALUE, answer.more()))));
    }

    private static List<Breakage> batchesAndTransactions() {
        return List.of(
                Breakage.of(Rule.B1, "answers in the order of its own work", store -> new Passing(store) {
                    @Override
                    public List<Appended> append(List<Append> batch) {
                        List<Appended> answers = new ArrayList<>(super.append(batch));
                        Collections.reverse(answers);
                        return answers;
                    }
                }),
                Breakage.of(Rule.B2, "fails a batch as a whole", store -> new Passing(store) {
                    @Override
                    public List<Appended> append(List<Append> batch) {
                        List<Appended> answers = super.append(batch);
                        return answers.stream()
                                .filter(Appended.Failed.class::isInstance)
                                .findFirst()
                                .map(failed -> Collections.nCopies(batch.size(), failed))
                                .orElse(answers);
                    }
                }),
                Breakage.of(Rule.B3, "goes on with a scope after a failure", store -> new Passing(store) {
                    @Override
                    public List<Appended> append(List<Append> batch) {
                        return batch.stream()
                                .flatMap(each -> super.append(List.of(each)).stream())
                                .toList();
                    }
                }),
                Breakage.of(
                        Rule.B4,
                        "throws instead of answering",
                        store -> answering(store, (append, answer) -> {
                            if (answer instanceof Appended.Failed failed) {
                                throw failed.cause();
                            }
                            return answer;
                        })),
                Breakage.ofTransactions(Rule.T1, "appends on a connection of its own", Eager::new),
                Breakage.ofTransactions(Rule.T2, "answers a position before the commit", Guessing::new),
                Breakage.ofTransactions(Rule.T3, "gives positions some time after the commit", Lazy::new),
                Breakage.ofTransactions(Rule.T4, "rolls back when it refuses an append", Meddling::new),
                Breakage.ofTransactions(Rule.T5, "gives positions with the next append", Forgetful::new));
    }

    private static List<Breakage> hintsAndLane() {
        return List.of(
                Breakage.of(Rule.W1, "reads what it was hinted to, and no more", store -> {
                    Set<String> hinted = ConcurrentHashMap.newKeySet();
                    return new Passing(paging(
                            store,
                            (request, page) -> hinted.contains(page.scope())
                                    ? page
                                    : new Page(
                                            page.scope(),
                                            List.of(),
                                            page.trimmed(),
                                            page.trimmed(),
                                            page.trimmed(),
                                            page.membersVersion(),
                                            false,
                                            false))) {
                        @Override
                        public Watch watch(HintSink sink) {
                            return super.watch(hinting(sink, scope -> {
                                hinted.add(scope);
                                sink.dirty(scope);
                            }));
                        }
                    };
                }),
                Breakage.of(
                        Rule.W2, "hints once, when a scope is added, and then no more", store -> new Passing(store) {
                            @Override
                            public Watch watch(HintSink sink) {
                                Set<String> hinted = ConcurrentHashMap.newKeySet();
                                return super.watch(hinting(sink, scope -> {
                                    if (hinted.add(scope)) {
                                        sink.dirty(scope);
                                    }
                                }));
                            }
                        }),
                Breakage.shared(Rule.W3, "hints before the entry can be read", () -> {
                    Set<HintSink> sinks = ConcurrentHashMap.newKeySet();
                    return store -> new Passing(store) {
                        @Override
                        public Watch watch(HintSink sink) {
                            sinks.add(sink);
                            return super.watch(sink);
                        }

                        @Override
                        public List<Appended> append(List<Append> batch) {
                            batch.forEach(each -> sinks.forEach(sink -> sink.dirty(each.scope())));
                            pause();
                            return super.append(batch);
                        }
                    };
                }),
                Breakage.of(
                        Rule.W4,
                        "does not hint what it missed before the watch was in effect",
                        store -> new Passing(store) {
                            @Override
                            public Watch watch(HintSink sink) {
                                Set<String> hinted = ConcurrentHashMap.newKeySet();
                                return super.watch(hinting(sink, scope -> {
                                    if (!hinted.add(scope)) {
                                        sink.dirty(scope);
                                    }
                                }));
                            }
                        }),
                Breakage.of(Rule.W5, "waits for each scope in a thread", Threads::new),
                Breakage.of(
                        Rule.X1,
                        "compares topics without regard to case",
                        store -> broadcasting(store, lane -> new PassingLane(lane) {
                            @Override
                            public boolean publish(String topic, Payload payload) {
                                return super.publish(topic.toLowerCase(java.util.Locale.ROOT), payload);
                            }

                            @Override
                            public AutoCloseable subscribe(String topic, Consumer<Payload> sink) {
                                return super.subscribe(topic.toLowerCase(java.util.Locale.ROOT), sink);
                            }
                        })),
                Breakage.shared(Rule.X2, "retains the last payload of a topic", () -> {
                    Map<String, Payload> retained = new ConcurrentHashMap<>();
                    return store -> broadcasting(store, lane -> new PassingLane(lane) {
                        @Override
                        public boolean publish(String topic, Payload payload) {
                            retained.put(topic, payload);
                            return super.publish(topic, payload);
                        }

                        @Override
                        public AutoCloseable subscribe(String topic, Consumer<Payload> sink) {
                            Payload last = retained.get(topic);
                            if (last != null) {
                                sink.accept(last);
                            }
                            return super.subscribe(topic, sink);
                        }
                    });
                }),
                Breakage.of(
                        Rule.X5,
                        "throws when the server is away",
                        store -> broadcasting(store, lane -> new PassingLane(lane) {
                            @Override
                            public boolean publish(String topic, Payload payload) {
                                store.heartbeat(UUID.randomUUID(), HOUR);
                                return super.publish(topic, payload);
                            }
                        })),
                Breakage.of(
                        Rule.X6,
                        "ends a subscription some time after close",
                        store -> broadcasting(store, lane -> new PassingLane(lane) {
                            @Override
                            public AutoCloseable subscribe(String topic, Consumer<Payload> sink) {
                                super.subscribe(topic, sink);
                                return () -> {};
                            }
                        })));
    }

    private static List<Breakage> namesAndFailures() {
        return List.of(
                Breakage.of(Rule.N1, "trims names", store -> new Passing(store) {
                    @Override
                    public Registered register(Registration r) {
                        ListenerRef l = r.listener();
                        return super.register(new Registration(
                                r.id(),
                                new ListenerRef(l.scope().strip(), l.type(), l.owner()),
                                r.subscriber(),
                                r.session(),
                                r.keep(),
                                r.metadata(),
                                r.farewell()));
                    }
                }),
                Breakage.of(Rule.N2, "takes a prefix for a pattern", store -> new Passing(store) {
                    @Override
                    public List<String> scopes(String prefix, String after, int limit) {
                        int wildcard = prefix.replace('_', '%').indexOf('%');
                        return super.scopes(wildcard < 0 ? prefix : prefix.substring(0, wildcard), after, limit);
                    }
                }),
                Breakage.of(
                        Rule.E1,
                        "takes a lost answer for a lost request",
                        store -> answering(
                                store,
                                (append, answer) -> answer instanceof Appended.Failed failed
                                                && failed.cause().outcomeUnknown()
                                        ? new Appended.Failed(
                                                new StoreException.Unavailable("lost", failed.cause(), false))
                                        : answer)),
                Breakage.shared(Rule.E2, "leaves contention to its callers", () -> {
                    ReentrantLock all = new ReentrantLock();
                    return store -> new Passing(store) {
                        @Override
                        public List<Appended> append(List<Append> batch) {
                            if (!all.tryLock()) {
                                StoreException cause = new StoreException.Conflict("serialisation failure", null);
                                return Collections.nCopies(batch.size(), new Appended.Failed(cause));
                            }
                            try {
                                return super.append(batch);
                            } finally {
                                all.unlock();
                            }
                        }
                    };
                }),
                Breakage.of(Rule.E3, "loses the interrupt flag", store -> new Passing(store) {
                    @Override
                    public Beat heartbeat(UUID session, Duration lease) {
                        try {
                            return super.heartbeat(session, lease);
                        } catch (StoreException.Interrupted e) {
                            Thread.interrupted();
                            throw e;
                        }
                    }
                }),
                Breakage.of(Rule.E4, "goes on after close", store -> new Passing(store) {
                    @Override
                    public void close() {}
                }),
                Breakage.of(Rule.E5, "needs a restart after an outage", store -> {
                    CountDownLatch failed = new CountDownLatch(1);
                    return answering(store, (append, answer) -> {
                        if (answer instanceof Appended.Failed failure
                                && failure.cause().retryable()) {
                            failed.countDown();
                        }
                        return failed.getCount() == 0
                                ? new Appended.Failed(new StoreException.Unavailable("dead connection", null, false))
                                : answer;
                    });
                }),
                Breakage.of(Rule.E6, "refuses without saying the limit", store -> new Passing(store) {
                    @Override
                    public Registered register(Registration registration) {
                        try {
                            return super.register(registration);
                        } catch (StoreException.Rejected e) {
                            throw new StoreException.Rejected("too large");
                        }
                    }
                }));
    }

    private static List<Breakage> sweeps() {
        return List.of(
                Breakage.of(
                        Rule.S1,
                        "keeps one entry fewer than it should",
                        store -> sweeping(
                                store,
                                policy -> new SweepPolicy(
                                        scope -> {
                                            Retention retention =
                                                    policy.retention().apply(scope);
                                            return new Retention(retention.age(), Math.max(0, retention.count() - 1));
                                        },
                                        policy.longest(),
                                        policy.endAsOf(),
                                        policy.work()))),
                Breakage.of(
                        Rule.S2,
                        "trims in an append without publishing it",
                        store -> paging(store, (request, page) -> withLossy(page, 0, false))),
                Breakage.of(
                        Rule.S3,
                        "does all its work in one sweep",
                        store -> sweeping(
                                store,
                                policy -> new SweepPolicy(
                                        policy.retention(), policy.longest(), policy.endAsOf(), Integer.MAX_VALUE))),
                Breakage.of(Rule.S4, "keeps dispatch ids for as long as it can", store -> new Passing(store) {
                    @Override
                    public List<Appended> append(List<Append> batch) {
                        return super.append(batch.stream()
                                .map(each -> with(
                                        each, each.content(), capabilities().maxRemember()))
                                .toList());
                    }
                }),
                Breakage.of(Rule.S5, "waits for five leases before it ends a session", store -> new Passing(store) {
                    @Override
                    public void open(UUID session, Duration lease) {
                        super.open(session, lease.multipliedBy(5));
                    }
                }));
    }

    // What breaks things

    /** Changes the answers to appends. */
    static MailboxStore answering(MailboxStore store, BiFunction<Append, Appended, Appended> change) {
        return new Passing(store) {
            @Override
            public List<Appended> append(List<Append> batch) {
                List<Appended> answers = new ArrayList<>(super.append(batch));
                for (int i = 0; i < answers.size(); i++) {
                    answers.set(i, change.apply(batch.get(i), answers.get(i)));
                }
                return answers;
            }
        };
    }

    static MailboxStore paging(MailboxStore store, BiFunction<ReadRequest, Page, Page> change) {
        return new Passing(store) {
            @Override
            public List<Page> read(List<ReadRequest> requests, int maxBytes) {
                List<Page> pages = new ArrayList<>(super.read(requests, maxBytes));
                for (int i = 0; i < pages.size(); i++) {
                    pages.set(i, change.apply(requests.get(i), pages.get(i)));
                }
                return pages;
            }
        };
    }

    static MailboxStore showing(MailboxStore store, BiFunction<ReadRequest, Entry, Entry> change) {
        return paging(
                store,
                (request, page) -> with(
                        page,
                        page.entries().stream()
                                .map(entry -> change.apply(request, entry))
                                .toList(),
                        page.next()));
    }

    static MailboxStore listing(MailboxStore store, UnaryOperator<Subscribers> change) {
        return new Passing(store) {
            @Override
            public Subscribers subscribers(ListenerRef listener, String after, int limit) {
                return change.apply(super.subscribers(listener, after, limit));
            }
        };
    }

    static MailboxStore sweeping(MailboxStore store, UnaryOperator<SweepPolicy> change) {
        return new Passing(store) {
            @Override
            public Swept sweep(SweepPolicy policy) {
                return super.sweep(change.apply(policy));
            }
        };
    }

    private static MailboxStore broadcasting(MailboxStore store, Function<Broadcaster, Broadcaster> change) {
        Broadcaster changed = change.apply(store.broadcaster().orElseThrow());
        return new Passing(store) {
            @Override
            public Optional<Broadcaster> broadcaster() {
                return Optional.of(changed);
            }
        };
    }

    private static HintSink hinting(HintSink sink, Consumer<String> dirty) {
        return new HintSink() {
            @Override
            public void dirty(String scope) {
                dirty.accept(scope);
            }

            @Override
            public void allDirty() {
                sink.allDirty();
            }
        };
    }

    static Page with(Page page, List<Entry> entries, long next) {
        return new Page(
                page.scope(),
                entries,
                next,
                page.head(),
                page.trimmed(),
                page.membersVersion(),
                page.lossy(),
                page.reset());
    }

    static Page withLossy(Page page, long trimmed, boolean lossy) {
        return new Page(
                page.scope(),
                page.entries(),
                page.next(),
                page.head(),
                trimmed,
                page.membersVersion(),
                lossy,
                page.reset());
    }

    private static Entry withTo(Entry entry) {
        Content c = entry.content();
        Address to = c.to();
        if (to == null || to.client() != null) {
            return entry;
        }
        return new Entry(
                entry.position(),
                entry.at(),
                entry.dispatch(),
                new Content(
                        c.sender(),
                        new Address(to.person(), ""),
                        c.body(),
                        c.bodyToHandlers(),
                        c.texts(),
                        c.headers()));
    }

    static Append with(Append append, Content content, Duration remember) {
        return new Append(append.dispatch(), append.scope(), content, append.ifMembers(), remember);
    }

    private static Append halved(Append append) {
        Content c = append.content();
        Map<Party, Payload> half = new HashMap<>();
        c.texts().forEach((owner, text) -> {
            if (half.size() < c.texts().size() / 2) {
                half.put(owner, text);
            }
        });
        return with(
                append,
                new Content(c.sender(), c.to(), c.body(), c.bodyToHandlers(), half, c.headers()),
                append.remember());
    }

    private static Payload asText(Payload payload) {
        String text = new String(payload.toBytes(), java.nio.charset.StandardCharsets.UTF_8);
        return Payload.wrap(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    private static StoredSubscriber acknowledged(StoredSubscriber subscriber, Long position) {
        return position == null
                ? subscriber
                : new StoredSubscriber(
                        subscriber.id(), subscriber.session(), subscriber.metadata(), OptionalLong.of(position));
    }

    /** Long enough for whoever was told too early to look. */
    static void pause() {
        long end = System.nanoTime() + 20_000_000;
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
    }

    /** Hides each entry for a while, but lets cursors pass it. */
    private static final class Late extends Passing {
        private static final long NANOS = 5_000_000;
        private static final Map<UUID, Long> appended = new ConcurrentHashMap<>();

        Late(MailboxStore store) {
            super(store);
        }

        @Override
        public List<Appended> append(List<Append> batch) {
            batch.forEach(each -> appended.put(each.dispatch(), System.nanoTime()));
            return super.append(batch);
        }

        @Override
        public List<Page> read(List<ReadRequest> requests, int maxBytes) {
            long now = System.nanoTime();
            return super.read(requests, maxBytes).stream()
                    .map(page -> with(
                            page,
                            page.entries().stream()
                                    .filter(entry ->
                                            now - appended.getOrDefault(entry.dispatch(), now - NANOS) >= NANOS)
                                    .toList(),
                            page.next()))
                    .toList();
        }
    }

    /** Answers a question as it did the last time. */
    private static final class Cached extends Passing {
        private final Map<String, Members> members = new ConcurrentHashMap<>();

        Cached(MailboxStore store) {
            super(store);
        }

        @Override
        public Members members(String scope, Set<ListenerRef> only) {
            return only == null
                    ? members.computeIfAbsent(scope, key -> super.members(scope, null))
                    : super.members(scope, only);
        }
    }

    private static final class Threads extends Passing {
        Threads(MailboxStore store) {
            super(store);
        }

        @Override
        public Watch watch(HintSink sink) {
            Watch watch = super.watch(sink);
            CountDownLatch closed = new CountDownLatch(1);
            AtomicLong started = new AtomicLong();
            return new Watch() {
                @Override
                public void add(String scope) {
                    if (started.incrementAndGet() <= 400) { // enough to be seen
                        Wire.thread("waits for one scope", () -> await(closed));
                    }
                    watch.add(scope);
                }

                @Override
                public void remove(String scope) {
                    watch.remove(scope);
                }

                @Override
                public void close() {
                    closed.countDown();
                    watch.close();
                }
            };
        }

        private static void await(CountDownLatch latch) {
            try {
                latch.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static class PassingLane implements Broadcaster {
        private final Broadcaster lane;

        PassingLane(Broadcaster lane) {
            this.lane = lane;
        }

        @Override
        public int maxBytes() {
            return lane.maxBytes();
        }

        @Override
        public boolean publish(String topic, Payload payload) {
            return lane.publish(topic, payload);
        }

        @Override
        public AutoCloseable subscribe(String topic, Consumer<Payload> sink) {
            return lane.subscribe(topic, sink);
        }

        @Override
        public long dropped() {
            return lane.dropped();
        }
    }

    // Broken transactions

    private record Eager(StoreWiring.Transactions sound) implements StoreWiring.Transactions {
        @Override
        public StoreWiring.Transaction begin(MailboxStore store) throws Exception {
            return new MemoryBehindAWire.Buffered(buffered(sound, store)) {
                @Override
                Appended enlist(Append append) {
                    Appended answer = super.enlist(append);
                    super.commit();
                    return answer;
                }
            };
        }
    }

    private record Guessing(StoreWiring.Transactions sound) implements StoreWiring.Transactions {
        @Override
        public StoreWiring.Transaction begin(MailboxStore store) throws Exception {
            return new MemoryBehindAWire.Buffered(buffered(sound, store)) {
                @Override
                Appended enlist(Append append) {
                    Members members = store.members(append.scope(), null);
                    Appended answer = super.enlist(append);
                    return answer instanceof Appended.Enlisted
                            ? new Appended.Stored(members.head() + 1, members.version(), false)
                            : answer;
                }
            };
        }
    }

    private record Lazy(StoreWiring.Transactions sound) implements StoreWiring.Transactions {
        @Override
        public StoreWiring.Transaction begin(MailboxStore store) throws Exception {
            return new MemoryBehindAWire.Buffered(buffered(sound, store)) {
                @Override
                public void commit() {
                    List<Append> committed = List.copyOf(pending);
                    pending.clear();
                    Wire.thread("promotes", () -> {
                        pause();
                        store.append(committed);
                    });
                }

                @Override
                public void close() {} // the promoting thread still needs it
            };
        }
    }

    private record Meddling(StoreWiring.Transactions sound) implements StoreWiring.Transactions {
        @Override
        public StoreWiring.Transaction begin(MailboxStore store) throws Exception {
            return new MemoryBehindAWire.Buffered(buffered(sound, store)) {
                @Override
                Appended enlist(Append append) {
                    Appended answer = super.enlist(append);
                    if (answer instanceof Appended.Failed) {
                        rollback();
                    }
                    return answer;
                }
            };
        }
    }

    private record Forgetful(StoreWiring.Transactions sound) implements StoreWiring.Transactions {
        private static final List<Append> waiting = new ArrayList<>();

        @Override
        public StoreWiring.Transaction begin(MailboxStore store) throws Exception {
            return new MemoryBehindAWire.Buffered(buffered(sound, store)) {
                @Override
                Appended enlist(Append append) {
                    store.append(List.copyOf(waiting));
                    waiting.clear();
                    return super.enlist(append);
                }

                @Override
                public void commit() {
                    waiting.addAll(pending);
                    pending.clear();
                }
            };
        }
    }

    static MailboxStore buffered(StoreWiring.Transactions sound, MailboxStore store) throws Exception {
        return ((MemoryBehindAWire.Buffered) sound.begin(store)).store;
    }
}
