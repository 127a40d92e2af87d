package dev.moitessier.testkit;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Content;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Page;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.Retention;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.SweepPolicy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Writers, readers, joiners and a trimmer at random on a few scopes and several instances, all of it noted in a {@link
 * History}. A seed fixes what each thread wants to do; how they meet is the machine's.
 */
final class Fuzz {
    /** System property with the seed of a run to replay. */
    static final String SEED = "moitessier.testkit.seed";
    /** System property with the number of operations. */
    static final String OPERATIONS = "moitessier.testkit.operations";

    private static final Duration REMEMBER = Duration.ofSeconds(30);
    private static final long BREATH = Duration.ofMillis(1).dividedBy(4).toNanos();
    private static final Party WRITER = new Party("fuzz", "");

    private final long seed;
    private final int operations;
    private final List<MailboxStore> instances;
    private final List<String> scopes;
    private final @Nullable FaultProxy proxy;
    private final History history = new History();
    private final AtomicInteger writing = new AtomicInteger();

    /**
     * @param instances the first sees no faults; the last is behind the proxy, if there is one
     * @param proxy cut at random; null: no faults
     */
    Fuzz(long seed, int operations, List<MailboxStore> instances, String name, @Nullable FaultProxy proxy) {
        this.seed = seed;
        this.operations = operations;
        this.instances = instances;
        this.proxy = proxy;
        this.scopes = List.of(name + "/hot", name + "/a", name + "/b");
    }

    /** The seed asked for by the system property, else a new one. */
    static long seed() {
        return Long.getLong(SEED, ThreadLocalRandom.current().nextLong(1L << 48));
    }

    /** The number asked for by the system property, else this. */
    static int operations(int usual) {
        return Integer.getInteger(OPERATIONS, usual);
    }

    /** Runs it all; what a thread throws comes out, with the seed. */
    History run(Bench bench) throws Exception {
        for (String scope : scopes) {
            first().register(Bench.registration(Bench.shared(scope), "fuzz", null, Duration.ofHours(1)));
        }
        UUID session = bench.session();
        List<Callable<Integer>> threads = new ArrayList<>();
        int writers = 4;
        for (int i = 0; i < writers; i++) {
            int number = i;
            writing.incrementAndGet();
            threads.add(() -> {
                try {
                    return write("writer " + number, new Random(seed * 31 + number), operations / writers);
                } finally {
                    writing.decrementAndGet();
                }
            });
        }
        for (int i = 0; i < 3; i++) {
            int number = i;
            threads.add(() -> read(
                    bench,
                    "reader " + number,
                    new Random(seed * 37 + number),
                    instances.get(number % instances.size())));
        }
        threads.add(() -> join(bench, "joiner", new Random(seed * 41), session));
        threads.add(() -> trim(bench, new Random(seed * 43)));
        try {
            bench.together(threads);
        } catch (Exception | AssertionError e) {
            throw new AssertionError("a thread of the fuzz failed (seed " + seed + "): " + e, e);
        }
        for (int i = 0; i < instances.size(); i++) {
            String who = "final reader " + i;
            for (String scope : scopes) {
                follow(who, instances.get(i), scope, 0, 200);
            }
        }
        return history;
    }

    private MailboxStore first() {
        return instances.get(0);
    }

    private int write(String who, Random random, int count) {
        int done = 0;
        while (done < count) {
            int instance = random.nextInt(instances.size());
            MailboxStore on = instances.get(instance);
            List<Append> batch = new ArrayList<>();
            int size = random.nextInt(3) == 0 ? 2 + random.nextInt(5) : 1;
            for (int i = 0; i < size; i++) {
                String scope = random.nextInt(2) == 0 ? scopes.get(0) : scopes.get(random.nextInt(scopes.size()));
                Payload body = Payload.wrap((who + " " + (done + i)).getBytes(StandardCharsets.UTF_8));
                Content content = new Content(WRITER, null, body, true, Map.of(), Map.of());
                batch.add(new Append(
                        new UUID(random.nextLong(), random.nextLong()),
                        scope,
                        content,
                        OptionalLong.empty(),
                        REMEMBER));
            }
            if (proxy != null && instance == instances.size() - 1 && random.nextInt(4) == 0) {
                spoil(proxy, random);
            }
            done += size;
            boolean twice = random.nextInt(10) == 0;
            append(who, on, batch);
            if (twice) {
                append(who, instances.get(random.nextInt(instances.size())), batch);
            }
        }
        return done;
    }

    /** Appends, and goes on with the same ids until each element has an answer that is no retryable failure. */
    private void append(String who, MailboxStore on, List<Append> batch) {
        List<Append> open = batch;
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!open.isEmpty()) {
            long called = history.now();
            List<Appended> answers = on.append(open);
            List<Append> again = new ArrayList<>();
            for (int i = 0; i < open.size(); i++) {
                Append append = open.get(i);
                history.dispatched(who, append.scope(), called, append.dispatch(), answers.get(i));
                if (answers.get(i) instanceof Appended.Failed failed) {
                    if (!failed.cause().retryable() || proxy == null || System.nanoTime() > end) {
                        throw failed.cause();
                    }
                    again.add(append);
                }
            }
            open = again;
        }
    }

    private static void spoil(FaultProxy proxy, Random random) {
        switch (random.nextInt(4)) {
            case 0 -> proxy.cutNextRequest();
            case 1 -> proxy.cutNextAnswer();
            case 2 -> proxy.delay(Duration.ofMillis(random.nextInt(5)));
            default -> proxy.cut();
        }
    }

    private int read(Bench bench, String who, Random random, MailboxStore on) {
        Map<String, Long> cursors = new HashMap<>();
        int pages = 0;
        boolean last = false;
        while (!Thread.currentThread().isInterrupted()) {
            boolean caughtUp = true;
            for (String scope : scopes) {
                long cursor = cursors.getOrDefault(scope, 0L);
                long next = last
                        ? follow(who, on, scope, cursor, 100)
                        : look(who, on, scope, cursor, 1 + random.nextInt(20)).next();
                caughtUp &= next == cursor;
                cursors.put(scope, next);
                pages++;
            }
            if (last) {
                return pages;
            }
            last = writing.get() == 0;
            if (caughtUp) {
                // Nothing new: let writers have the processor.
                LockSupport.parkNanos(BREATH);
                bench.rest();
            }
        }
        throw new AssertionError("a reader was interrupted before it came to the heads");
    }

    private long follow(String who, MailboxStore on, String scope, long after, int maxEntries) {
        long cursor = after;
        while (true) {
            Page page = look(who, on, scope, cursor, maxEntries);
            if (page.next() >= page.head()) {
                return page.next();
            }
            if (page.next() <= cursor) {
                throw new AssertionError("O4: a page after " + cursor + " says next " + page.next() + " and head "
                        + page.head() + ": it never comes there");
            }
            cursor = page.next();
        }
    }

    private Page look(String who, MailboxStore on, String scope, long after, int maxEntries) {
        ReadRequest request = new ReadRequest(scope, after, maxEntries, false, Set.of(Bench.shared(scope)));
        for (int tries = 1; ; tries++) {
            long called = history.now();
            try {
                Page page = on.read(List.of(request), Bench.PLENTY).get(0);
                Pages.check(request, page);
                history.read(who, called, after, page);
                return page;
            } catch (StoreException e) {
                if (proxy == null || !e.retryable() || tries > 100) {
                    throw e;
                }
            }
        }
    }

    private int join(Bench bench, String who, Random random, UUID session) {
        int joined = 0;
        while (writing.get() > 0 && !Thread.currentThread().isInterrupted()) {
            MailboxStore on = instances.get(random.nextInt(Math.max(1, instances.size() - (proxy == null ? 0 : 1))));
            String scope = scopes.get(random.nextInt(scopes.size()));
            ListenerRef listener = new ListenerRef(scope, ListenerType.PRIVATE, new Party("p" + joined, ""));
            Registration registration = Bench.registration(listener, "s", session, null);
            long called = history.now();
            Registered registered = on.register(registration);
            history.started(who, scope, called, registered.start());
            if (random.nextBoolean()) {
                on.unregister(listener, "s", registration.id());
            }
            joined++;
            bench.rest();
        }
        return joined;
    }

    private int trim(Bench bench, Random random) {
        int sweeps = 0;
        while (writing.get() > 0 && !Thread.currentThread().isInterrupted()) {
            int keep = 100 + random.nextInt(100);
            first().sweep(new SweepPolicy(
                    scope -> scope.equals(scopes.get(1))
                            ? new Retention(Duration.ofDays(1), keep)
                            : Bench.KEEP_ALL.apply(scope),
                    Duration.ofDays(3650),
                    null,
                    100));
            sweeps++;
            LockSupport.parkNanos(BREATH);
            bench.rest();
        }
        return sweeps;
    }
}
