package dev.moitessier.store.memory;

import static dev.moitessier.store.memory.Given.shared;
import static dev.moitessier.store.memory.Given.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.Page;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/**
 * Writers, readers, comers and goers, and sweepers at once, on two stores over one space. Afterwards the log must hold each append
 * once at the position that was answered, and the farewell of each departure once; and no reader may have missed anything.
 */
class ConcurrencyTest {
    private static final List<String> SCOPES = List.of("one", "two", "three");
    private static final int ROUNDS = 300;

    private final MemorySpace space = new MemorySpace();
    private final MemoryStore here = new MemoryStore(space);
    private final MemoryStore there = new MemoryStore(space);

    /** Positions answered, by scope and dispatch id. */
    private final Map<String, Map<UUID, Long>> stored = new ConcurrentHashMap<>();

    private final Set<UUID> departed = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean over = new AtomicBoolean();

    @Test
    void nothingIsLostDoubledOrReordered() throws Exception {
        Seed.run(random -> {
            for (String scope : SCOPES) {
                stored.put(scope, new ConcurrentHashMap<>());
                here.register(new Registration(
                        UUID.randomUUID(), shared(scope), "anchor", null, Duration.ofDays(1), Payload.empty(), null));
            }
            ExecutorService threads = Executors.newCachedThreadPool();
            List<Future<?>> work = new ArrayList<>();
            List<Future<Map<String, List<Entry>>>> readers = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                MemoryStore store = i == 0 ? here : there;
                Random own = new Random(random.nextLong());
                Random goings = new Random(random.nextLong());
                work.add(threads.submit(task(() -> write(store, own))));
                work.add(threads.submit(task(() -> comeAndGo(store, goings, threads))));
                threads.submit(task(() -> sweep(store)));
                readers.add(threads.submit(() -> follow(store)));
            }
            for (Future<?> each : work) {
                each.get(60, TimeUnit.SECONDS);
            }
            over.set(true);
            Map<String, List<Entry>> log = log();
            for (Future<Map<String, List<Entry>>> reader : readers) {
                assertThat(reader.get(60, TimeUnit.SECONDS))
                        .as("what a reader saw on its way")
                        .isEqualTo(log);
            }
            threads.shutdown();
            assertThat(threads.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
            check(log);
        });
    }

    private void check(Map<String, List<Entry>> log) {
        Set<UUID> farewells = new HashSet<>();
        for (String scope : SCOPES) {
            Map<UUID, Long> expected = stored.get(scope);
            Map<UUID, Long> found = new HashMap<>();
            for (Entry entry : log.get(scope)) {
                if (entry.content().headers().isEmpty()) {
                    assertThat(found.put(entry.dispatch(), entry.position()))
                            .as("an earlier entry of %s", entry.dispatch())
                            .isNull();
                } else {
                    assertThat(farewells.add(entry.dispatch()))
                            .as("the only farewell of %s", entry.dispatch())
                            .isTrue();
                }
            }
            assertThat(found).as("appends to %s", scope).isEqualTo(expected);
            assertThat(here.subscribers(shared(scope), null, 100).list())
                    .as("who is left in %s", scope)
                    .extracting(subscriber -> subscriber.id())
                    .containsExactly("anchor");
        }
        assertThat(farewells).as("farewells, one for each departure").isEqualTo(departed);
        assertThat(departed).hasSizeGreaterThan(ROUNDS);
        assertThat(space.entries())
                .isEqualTo(log.values().stream().mapToLong(List::size).sum());
    }

    /** Batches over all scopes; one append in four is made again, as after an unknown outcome. */
    private void write(MemoryStore store, Random random) {
        for (int round = 0; round < ROUNDS; round++) {
            List<Append> batch = new ArrayList<>();
            for (int i = random.nextInt(8); i >= 0; i--) {
                batch.add(new Append(
                        new UUID(random.nextLong(), random.nextLong()),
                        SCOPES.get(random.nextInt(SCOPES.size())),
                        text("text"),
                        OptionalLong.empty(),
                        Duration.ofMinutes(1)));
                if (random.nextInt(4) == 0) {
                    batch.add(batch.get(random.nextInt(batch.size())));
                }
            }
            List<Appended> answers = store.append(batch);
            for (int i = 0; i < batch.size(); i++) {
                Appended.Stored answer = (Appended.Stored) answers.get(i);
                Long before = stored.get(batch.get(i).scope())
                        .putIfAbsent(batch.get(i).dispatch(), answer.position());
                assertThat(answer.duplicate()).isEqualTo(before != null);
                assertThat(before == null || before == answer.position()).isTrue();
            }
        }
    }

    /** Sessions that end while a late registration of theirs is under way (L1), takeovers (L5), and plain departures. */
    private void comeAndGo(MemoryStore store, Random random, ExecutorService threads) throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            UUID session = UUID.randomUUID();
            store.open(session, Duration.ofHours(1));
            Map<String, Registration> mine = new HashMap<>();
            for (int i = random.nextInt(6); i >= 0; i--) {
                Registration registration = registration(session, random);
                String key = registration.listener().scope() + "\n" + registration.subscriber();
                Registration owner = mine.get(key);
                if (owner != null && random.nextBoolean()) {
                    store.unregister(owner.listener(), owner.subscriber(), owner.id());
                    departed.add(owner.id());
                }
                store.register(registration);
                mine.put(key, registration);
                if (owner != null) {
                    assertThat(store.unregister(owner.listener(), owner.subscriber(), owner.id())
                                    .subscriberRemoved())
                            .as("a call of the former owner")
                            .isFalse();
                }
            }
            Registration late = registration(session, random, "late-" + UUID.randomUUID());
            Future<?> registering = threads.submit(task(() -> {
                try {
                    there.register(late);
                    departed.add(late.id());
                } catch (StoreException.SessionEnded e) {
                    assertThat(e.retryable()).isFalse();
                }
            }));
            store.heartbeat(session, Duration.ZERO);
            registering.get(60, TimeUnit.SECONDS);
            mine.values().forEach(registration -> departed.add(registration.id()));
        }
    }

    private Registration registration(UUID session, Random random) {
        return registration(
                session, random, "subscriber-" + Thread.currentThread().getId() + "-" + random.nextInt(3));
    }

    private static Registration registration(UUID session, Random random, String subscriber) {
        ListenerRef listener = shared(SCOPES.get(random.nextInt(SCOPES.size())));
        return new Registration(
                UUID.randomUUID(), listener, subscriber, session, null, Payload.empty(), Given.farewell());
    }

    private void sweep(MemoryStore store) {
        while (!over.get()) {
            store.sweep(Given.keep(Duration.ofDays(1), Long.MAX_VALUE));
            Thread.yield();
        }
    }

    private Map<String, List<Entry>> follow(MemoryStore store) {
        Map<String, List<Entry>> seen = new HashMap<>();
        Map<String, Long> cursors = new HashMap<>();
        boolean last = false;
        while (true) {
            boolean more = false;
            for (String scope : SCOPES) {
                Page page = store.read(List.of(request(scope, cursors.getOrDefault(scope, 0L), 7)), 1 << 20)
                        .get(0);
                assertThat(page.lossy() || page.reset()).isFalse();
                seen.computeIfAbsent(scope, key -> new ArrayList<>()).addAll(page.entries());
                cursors.put(scope, page.next());
                more |= page.next() < page.head();
            }
            if (last && !more) {
                return seen;
            }
            last = over.get(); // what was appended before is still to be read
        }
    }

    private Map<String, List<Entry>> log() {
        Map<String, List<Entry>> log = new HashMap<>();
        for (String scope : SCOPES) {
            log.put(
                    scope,
                    here.read(List.of(request(scope, 0, Integer.MAX_VALUE)), Integer.MAX_VALUE)
                            .get(0)
                            .entries());
        }
        return log;
    }

    private static ReadRequest request(String scope, long after, int most) {
        return new ReadRequest(scope, after, most, false, Set.of(shared(scope)));
    }

    private interface Step {
        void run() throws Exception;
    }

    private static Callable<Void> task(Step step) {
        return () -> {
            step.run();
            return null;
        };
    }
}
