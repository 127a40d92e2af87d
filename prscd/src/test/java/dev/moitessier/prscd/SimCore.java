package dev.moitessier.prscd;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The store's client in one process, as core behaves: one session with a heartbeat, subscribers that are subscribed again
 * when it has ended, sweeps when it is healthy, reads on hints and now and then. Requests and replies get lost and late.
 */
final class SimCore implements RoomStore {
    private static final double HEARTBEAT = 0.75;
    private static final double SWEEP = 0.5;
    private static final double POLL = 1.0;

    private final SimStore store;
    private final SimProcess process;
    private final Sim sim;
    private final Faults faults;
    private final Set<Flaw> flaws;
    private final List<Subscription> subscriptions = new ArrayList<>();
    private final @Nullable SimLane lane;

    private UUID session = new UUID(0, 0);
    private boolean opened;
    private long validTill;
    private long healthySince = -1;
    private long lastOk;
    private long lastBeat;
    private boolean closed;

    /** What goes wrong between a process and its store. */
    static final class Faults {
        double replyLost;
        double requestLate;
        double sweeperDies;
        Runnable killSweeper = () -> {};
    }

    SimCore(SimStore store, SimProcess process, Faults faults, @Nullable SimLane lane) {
        this.store = store;
        this.process = process;
        this.sim = store.sim;
        this.faults = faults;
        this.flaws = store.flaws;
        this.lane = lane;
        store.watchers.add(this);
        openSession();
        every(HEARTBEAT, this::heartbeat);
        every(SWEEP, this::sweep);
        every(POLL, () -> List.copyOf(subscriptions).forEach(Subscription::look));
    }

    private void every(double seconds, Runnable task) {
        process.after((long) (seconds * sim.uniform(.9, 1.1) * 1e9), () -> {
            if (!closed) {
                task.run();
                every(seconds, task);
            }
        });
    }

    /** A call to the store: both ways take time; an answer of null is a failure whose outcome nobody knows. */
    private <T> void call(Supplier<T> request, Consumer<@Nullable T> answer, boolean mayBeLate) {
        long there = sim.around(.004);
        if (mayBeLate && sim.chance(faults.requestLate)) {
            // The caller gives up, and the request is executed all the same, perhaps behind its retry.
            process.after((long) (sim.uniform(.3, 1) * 1e9), () -> answer.accept(null));
            sim.after(there + (long) (sim.uniform(0, 4) * 1e9), () -> {
                if (!store.down()) {
                    sim.count("late requests");
                    request.get();
                }
            });
            return;
        }
        sim.after(there, () -> {
            if (store.down()) {
                if (faults.requestLate > 0 && sim.chance(.5)) {
                    // Held somewhere on the way until the store is back.
                    sim.at(store.upAgain() + (long) (sim.uniform(0, .3) * 1e9), () -> {
                        if (!store.down()) {
                            request.get();
                        }
                    });
                }
                process.after((long) (sim.uniform(.01, .3) * 1e9), () -> answer.accept(null));
                return;
            }
            T result = request.get();
            boolean lost = sim.chance(faults.replyLost);
            process.after(
                    sim.around(.004) + (lost ? Nanos.millis(500) : 0),
                    () -> answer.accept(lost || store.down() ? null : result));
        });
    }

    // ---- session

    private void openSession() {
        session = new UUID(sim.random.nextLong(), sim.random.nextLong());
        opened = false;
        healthySince = -1;
        tryOpen();
    }

    private void tryOpen() {
        UUID mine = session;
        long sent = sim.now();
        this.<Boolean>call(
                () -> store.heartbeat(mine, true),
                alive -> {
                    if (!mine.equals(session) || closed) {
                        return;
                    }
                    if (alive == null) {
                        process.after(Nanos.millis(200), () -> {
                            if (mine.equals(session)) {
                                tryOpen();
                            }
                        });
                    } else if (alive) {
                        opened = true;
                        beaten(sent);
                        List.copyOf(subscriptions).forEach(Subscription::register);
                    } else {
                        openSession();
                    }
                },
                true);
    }

    private void heartbeat() {
        if (!opened) {
            return;
        }
        UUID mine = session;
        long sent = sim.now();
        if (sent - lastBeat > SimStore.LEASE / 2 * 1e9) {
            healthySince = -1;
        }
        this.<Boolean>call(
                () -> store.heartbeat(mine, false),
                alive -> {
                    if (!mine.equals(session) || closed) {
                        return;
                    }
                    lastBeat = sim.now();
                    if (alive == null || sim.now() - sent > SimStore.LEASE / 4 * 1e9) {
                        healthySince = -1;
                    }
                    if (Boolean.TRUE.equals(alive)) {
                        beaten(sent);
                    } else if (alive != null) {
                        openSession();
                    }
                },
                false);
    }

    private void beaten(long sent) {
        lastBeat = sim.now();
        validTill = Math.max(validTill, sent + (long) (SimStore.LEASE * 1e9));
        lastOk = sim.now();
        if (healthySince < 0 && sim.now() - sent <= SimStore.LEASE / 4 * 1e9) {
            healthySince = sent;
        }
    }

    private void sweep() {
        boolean healthy = healthySince >= 0 && sim.now() - healthySince >= SimStore.LEASE * 1e9;
        if (!opened || !healthy && !flaws.contains(Flaw.EAGER_SWEEP)) {
            return;
        }
        long asOf = flaws.contains(Flaw.EAGER_SWEEP) ? sim.now() : lastOk;
        boolean dies = sim.chance(faults.sweeperDies);
        this.<Integer>call(
                () -> {
                    int removed = store.sweep(asOf, dies ? 1 : 100);
                    if (removed > 0 && dies) {
                        faults.killSweeper.run();
                    }
                    return removed;
                },
                removed -> {},
                true);
    }

    @Override
    public Session session() {
        return new Session(session, opened && sim.now() < validTill);
    }

    // ---- subscribers

    boolean watches(String scope) {
        return subscriptions.stream().anyMatch(each -> each.scope.equals(scope));
    }

    void hint(String scope) {
        process.execute(() -> {
            for (Subscription each : List.copyOf(subscriptions)) {
                if (each.scope.equals(scope)) {
                    each.look();
                }
            }
        });
    }

    @Override
    public void attach(Attachment attachment, Answer<Attached> answer) {
        Subscription mine = new Subscription(attachment);
        mine.attach(answer);
    }

    private final class Subscription implements Attached {
        final String scope;
        private final Attachment wish;
        private final String sub = Long.toHexString(sim.random.nextLong());
        private @Nullable UUID registeredFor;
        private boolean registering;
        private long cursor;
        private @Nullable Reader reader;
        private boolean reading;
        private boolean lookAgain;
        private boolean detached;

        Subscription(Attachment wish) {
            this.wish = wish;
            this.scope = wish.scope();
        }

        private long store(UUID as) {
            if (wish.keep()) {
                store.register(scope, "keep", new SimStore.Sub("", null, null, true));
            }
            return store.register(scope, sub, new SimStore.Sub(wish.life(), as, wish.farewell(), false));
        }

        void attach(Answer<Attached> answer) {
            if (!opened) {
                process.after(Nanos.millis(100), () -> answer.failed(new IllegalStateException("no session")));
                return;
            }
            UUID as = session;
            SimCore.this.<Long>call(
                    () -> store(as),
                    start -> {
                        if (start == null || start < 0 || !as.equals(session)) {
                            // What was registered all the same is taken away again, as core does.
                            detachLater();
                            process.after(Nanos.seconds(5), this::detachLater);
                            answer.failed(new IllegalStateException("not registered"));
                            return;
                        }
                        registeredFor = as;
                        cursor = start;
                        subscriptions.add(this);
                        answer.ok(this);
                    },
                    true);
        }

        /** Again under the session of now, when the former has ended. */
        void register() {
            UUID as = session;
            if (registering || detached || as.equals(registeredFor)) {
                return;
            }
            registering = true;
            SimCore.this.<Long>call(
                    () -> store(as),
                    start -> {
                        registering = false;
                        if (detached) {
                            detachLater();
                        } else if (start == null) {
                            process.after(Nanos.millis(200), this::register);
                        } else if (start >= 0) {
                            registeredFor = as;
                            look();
                        } else if (!as.equals(session)) {
                            register();
                        }
                    },
                    true);
        }

        @Override
        public void subscribers(Answer<Present> answer) {
            SimCore.this.<Present>call(
                    () -> new Present(store.lives(scope), store.head(scope)),
                    present -> {
                        if (present == null) {
                            answer.failed(new IllegalStateException("away"));
                        } else {
                            answer.ok(present);
                        }
                    },
                    true);
        }

        @Override
        public void read(OptionalLong after, Reader reader) {
            this.reader = reader;
            cursor = after.orElse(cursor);
            look();
        }

        void look() {
            Reader to = reader;
            if (to == null || detached) {
                return;
            }
            if (reading) {
                lookAgain = true;
                return;
            }
            reading = true;
            long from = cursor;
            SimCore.this.<List<List<SimStore.Rec>>>call(
                    () -> {
                        List<SimStore.Rec> page = store.read(scope, sub, from);
                        return page == null ? List.of() : List.of(page);
                    },
                    answer -> {
                        reading = false;
                        if (answer == null || detached) {
                            return;
                        }
                        if (store.head(scope) < from) {
                            // The store has been emptied: it says so once, and goes on from where it is now.
                            cursor = 0;
                            to.gap(true);
                            if (answer.isEmpty()) {
                                registeredFor = null;
                                register();
                            }
                            look();
                            return;
                        }
                        if (answer.isEmpty()) {
                            // Not a subscriber any more: the session has ended, the next heartbeat will say so.
                            registeredFor = session.equals(registeredFor) ? registeredFor : null;
                            heartbeat();
                            return;
                        }
                        List<SimStore.Rec> page = answer.get(0);
                        List<LogRecord> records = new ArrayList<>();
                        for (SimStore.Rec each : page) {
                            cursor = each.position();
                            records.add(new LogRecord(
                                    each.position(), each.sender(), ByteBuffer.wrap(each.body()), each.headers()));
                        }
                        if (!records.isEmpty()) {
                            to.entries(records);
                        }
                        if (!records.isEmpty() || lookAgain) {
                            lookAgain = false;
                            look();
                        }
                    },
                    false);
        }

        @Override
        public void detach() {
            detached = true;
            subscriptions.remove(this);
            detachLater();
        }

        private void detachLater() {
            SimCore.this.<Boolean>call(
                    () -> {
                        store.unregister(scope, sub);
                        return true;
                    },
                    done -> {
                        if (done == null) {
                            process.after(Nanos.millis(300), this::detachLater);
                        }
                    },
                    false);
        }
    }

    // ---- appending

    @Override
    public void append(Append append, Answer<Appended> answer) {
        this.<SimStore.Heard>call(
                () -> store.append(append),
                heard -> {
                    if (heard == null) {
                        answer.failed(new IllegalStateException("unknown"));
                    } else {
                        answer.ok(new Appended(heard.heard(), heard.duplicate()));
                    }
                },
                true);
    }

    @Override
    public @Nullable Lane lane() {
        return lane == null ? null : lane.of(process);
    }

    /** The process is gone: its session lapses at the store. */
    void died() {
        closed = true;
        store.watchers.remove(this);
        if (lane != null) {
            lane.gone(process);
        }
    }

    /** An orderly end. */
    void close() {
        UUID last = session;
        died();
        sim.after(sim.around(.004), () -> {
            if (!store.down()) {
                store.endNow(last);
            }
        });
    }

    /** The volatile lane between processes: it loses, doubles and reorders. */
    static final class SimLane {
        private final Sim sim;
        private final double lost;
        private final Map<SimProcess, Consumer<ByteBuffer>> sinks = new LinkedHashMap<>();

        SimLane(Sim sim, double lost) {
            this.sim = sim;
            this.lost = lost;
        }

        void gone(SimProcess process) {
            sinks.remove(process);
        }

        int sinks() {
            return sinks.size();
        }

        Lane of(SimProcess process) {
            return new Lane() {
                @Override
                public int maxBytes() {
                    return 6_000;
                }

                @Override
                public boolean publish(String topic, byte[] payload) {
                    for (Map.Entry<SimProcess, Consumer<ByteBuffer>> each : List.copyOf(sinks.entrySet())) {
                        int copies = sim.chance(lost) ? 0 : sim.chance(.2) ? 2 : 1;
                        for (int i = 0; i < copies; i++) {
                            sim.after(sim.around(.05), () -> each.getKey()
                                    .execute(() -> each.getValue().accept(ByteBuffer.wrap(payload))));
                        }
                    }
                    return true;
                }

                @Override
                public Runnable subscribe(String topic, Consumer<ByteBuffer> sink) {
                    sinks.put(process, sink);
                    return () -> sinks.remove(process);
                }
            };
        }
    }
}
