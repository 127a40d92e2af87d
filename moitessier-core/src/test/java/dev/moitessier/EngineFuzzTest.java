package dev.moitessier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.memory.MemorySpace;
import dev.moitessier.store.memory.MemoryStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Two nodes on one store, writers and listeners at once; listeners stop and go on, fail, sleep and switch their way to listen; hints get
 * lost, and one node loses the store for longer than its lease. Each listener must have heard one contiguous piece of each scope's log, up
 * to its end, from where it registered: nothing lost, nothing twice, nothing out of order.
 */
@Timeout(120)
class EngineFuzzTest {
    private static final int SCOPES = 4;
    private static final int LISTENERS = 24;
    private static final int MESSAGES = 500;

    static long[] seeds() {
        String given = System.getProperty("moitessier.seed");
        return given != null
                ? new long[] {Long.parseLong(given)}
                : new Random().longs(4).toArray();
    }

    /** What was stored, and what one listener heard of it. */
    private final List<ConcurrentSkipListMap<Long, String>> logs = new ArrayList<>();

    private static final class Ear {
        final List<List<Long>> heard = new ArrayList<>();
        final List<Long> marks = new ArrayList<>();
        final List<Gap> gaps = new CopyOnWriteArrayList<>();
        Listener listener;
        Subscription subscription;

        Ear() {
            for (int i = 0; i < SCOPES; i++) {
                heard.add(new CopyOnWriteArrayList<>());
            }
        }

        void hears(Message message) {
            heard.get(scope(message.scope())).add(message.position());
        }
    }

    private static int scope(String name) {
        return Integer.parseInt(name.substring("fuzz/".length()));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void everyListenerHearsAContiguousPieceOfTheLog(long seed) throws Exception {
        System.out.println("replay with -Dmoitessier.seed=" + seed);
        Random random = new Random(seed);
        MemorySpace space = new MemorySpace();
        TestStore shakyStore = new TestStore(new MemoryStore(space));
        try (Moitessier shaky = node(shakyStore);
                Moitessier steady = node(new TestStore(new MemoryStore(space)))) {
            String[] all = new String[SCOPES];
            for (int i = 0; i < SCOPES; i++) {
                logs.add(new ConcurrentSkipListMap<>());
                all[i] = "fuzz/" + i;
            }
            // So that what is said while the shaky node is swept is kept.
            Listener keeper = steady.listen(Conditions.privateTo(Person.of("keeper"), all));
            AtomicBoolean done = new AtomicBoolean();
            List<Thread> writers = new ArrayList<>();
            for (int w = 0; w < 2; w++) {
                long writerSeed = random.nextLong();
                writers.add(started(() -> write(steady, new Random(writerSeed))));
            }
            List<Thread> runners = new ArrayList<>();
            List<Ear> ears = new CopyOnWriteArrayList<>();
            for (int i = 0; i < LISTENERS; i++) {
                long earSeed = random.nextLong();
                Moitessier node = i % 2 == 0 ? shaky : steady;
                runners.add(started(() -> listen(node, new Random(earSeed), ears, done)));
            }
            Await.until("all listeners are there", () -> ears.size() == LISTENERS, ears::size);
            shakyStore.hints = random.nextBoolean();
            shakyStore.down = true;
            Session before = shaky.session();
            Await.until("the other node has swept it", () -> !swept.isEmpty());
            shakyStore.down = false;
            shakyStore.hints = true;
            Await.until("a new session", () -> !shaky.session().equals(before));
            int said = said();
            Await.until("more has been said", () -> said() > said + MESSAGES);
            enough.set(true);
            for (Thread writer : writers) {
                writer.join();
            }
            done.set(true);
            for (Thread runner : runners) {
                runner.join();
            }
            for (Ear ear : ears) {
                Await.until("it has heard all", () -> atTheEnd(ear), () -> ear.listener + " " + sizes(ear));
            }
            for (Ear ear : ears) {
                check(ear);
            }
            keeper.close();
        }
    }

    private Moitessier node(TestStore store) {
        return Moitessier.builder(store)
                .lease(Duration.ofMillis(800))
                .onExpired(swept::addAll)
                .observer(Observers.none())
                .listenOptions(ListenOptions.defaults().interval(Duration.ofMillis(100)))
                .build();
    }

    private interface Work {
        void run() throws Exception;
    }

    private final AtomicBoolean enough = new AtomicBoolean();
    private final List<Subscriber> swept = new CopyOnWriteArrayList<>();
    private final List<Throwable> failures = new CopyOnWriteArrayList<>();

    private Thread started(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Throwable failure) {
                failures.add(failure);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private void write(Moitessier node, Random random) {
        for (int i = 0; !enough.get(); i++) {
            int scope = random.nextInt(SCOPES);
            String text = "m" + i;
            node.dispatch(Person.of("w"), "fuzz/" + scope, text).position().ifPresent(position -> logs.get(scope)
                    .put(position, text));
            if (random.nextInt(20) == 0) {
                LockSupport.parkNanos(random.nextInt(10_000_000));
            }
        }
    }

    private int said() {
        return logs.stream().mapToInt(ConcurrentSkipListMap::size).sum();
    }

    private void listen(Moitessier node, Random random, List<Ear> ears, AtomicBoolean done) throws Exception {
        Ear ear = new Ear();
        ear.listener = node.listen(Conditions.shared(Person.of("l"), scopesOf(random)));
        ears.add(ear);
        while (!done.get()) {
            ListenOptions options = ListenOptions.defaults()
                    .interval(Duration.ofMillis(100))
                    .batch(1 + random.nextInt(50))
                    .onFailure(random.nextBoolean() ? OnFailure.RETRY : OnFailure.STOP)
                    .onGap(ear.gaps::add);
            if (random.nextInt(3) == 0) {
                ear.listener.listenUntil(
                        options.timeout(Duration.ofMillis(1 + random.nextInt(30))),
                        messages -> messages.forEach(ear::hears));
            } else {
                try (Subscription subscription = ear.listener.subscribe(options, message -> {
                    int chance = message.text().hashCode()
                            + ear.heard.get(scope(message.scope())).size();
                    if (chance % 97 == 0 && random.nextInt(4) == 0) {
                        throw new IllegalStateException("as the test wants it");
                    }
                    if (chance % 31 == 0) {
                        LockSupport.parkNanos(1_000_000);
                    }
                    ear.hears(message);
                })) {
                    LockSupport.parkNanos(random.nextInt(40_000_000));
                    assertThat(subscription.done()).isNotNull();
                }
            }
        }
        ear.subscription = ear.listener.subscribe(
                ListenOptions.defaults().interval(Duration.ofMillis(100)).onGap(ear.gaps::add), ear::hears);
    }

    private static String[] scopesOf(Random random) {
        int first = random.nextInt(SCOPES);
        return random.nextBoolean()
                ? new String[] {"fuzz/" + first}
                : new String[] {"fuzz/" + first, "fuzz/" + (first + 1) % SCOPES};
    }

    private boolean atTheEnd(Ear ear) {
        assertThat(failures).isEmpty();
        for (String name : ear.listener.scopes()) {
            List<Long> heard = ear.heard.get(scope(name));
            if (heard.isEmpty()
                    || !heard.get(heard.size() - 1).equals(logs.get(scope(name)).lastKey())) {
                return false;
            }
        }
        return true;
    }

    private static String sizes(Ear ear) {
        return ear.heard.stream().map(List::size).toList().toString();
    }

    private void check(Ear ear) {
        assertThat(ear.gaps).isEmpty();
        for (String name : ear.listener.scopes()) {
            List<Long> heard = ear.heard.get(scope(name));
            TreeMap<Long, String> log = new TreeMap<>(logs.get(scope(name)));
            assertThat(heard)
                    .as("what %s heard of %s", ear.listener.person(), name)
                    .isEqualTo(new ArrayList<>(log.tailMap(heard.get(0), true).keySet()));
        }
    }
}
