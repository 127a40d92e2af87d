package dev.moitessier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.memory.MemoryStore;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Which thread runs a responder, and that none waits for another one's. */
@Timeout(60)
class HandOverTest {
    private static final Person ADA = Person.of("ada");
    private static final Person BOB = Person.of("bob");

    private final Set<Thread> readers = ConcurrentHashMap.newKeySet();
    private final Set<Thread> responders = ConcurrentHashMap.newKeySet();

    /** Sees who reads. */
    private class Seen extends TestStore {
        Seen() {
            super(new MemoryStore());
        }

        @Override
        public List<Page> read(List<ReadRequest> asked, int maxBytes) {
            readers.add(Thread.currentThread());
            return super.read(asked, maxBytes);
        }
    }

    private static Moitessier.Builder builder(TestStore store) {
        return Moitessier.builder(store).observer(Observers.none());
    }

    private static Listener hears(Moitessier node, String scope, Responder responder) {
        Listener listener = node.listen(Conditions.shared(ADA, scope));
        listener.subscribe(responder);
        return listener;
    }

    @Test
    void theThreadThatReadAMessageRunsItsResponder() {
        try (Moitessier node = builder(new Seen()).build()) {
            hears(node, "room", message -> responders.add(Thread.currentThread()));
            Await.until("a thread that reads and responds", () -> {
                node.dispatch(BOB, "room", "hello");
                return responders.stream().anyMatch(readers::contains);
            });
        }
    }

    @Test
    void aThreadInListenUntilReadsForItselfWhereTheStoreIsInThisProcess() throws InterruptedException {
        assertThat(whoReadsForListenUntil(new Seen())).contains(Thread.currentThread());
    }

    @Test
    void aThreadInListenUntilNeverWaitsForAStoreElsewhere() throws InterruptedException {
        Seen far = new Seen() {
            @Override
            public Capabilities capabilities() {
                return PassingStore.far(store).capabilities();
            }
        };
        assertThat(whoReadsForListenUntil(far)).isNotEmpty().doesNotContain(Thread.currentThread());
    }

    private Set<Thread> whoReadsForListenUntil(TestStore store) throws InterruptedException {
        AtomicBoolean over = new AtomicBoolean();
        try (Moitessier node = builder(store).build();
                Listener listener = node.listen(Conditions.shared(ADA, "room"))) {
            AtomicInteger heard = new AtomicInteger();
            Thread speaker = new Thread(() -> {
                while (!over.get()) {
                    int before = heard.get();
                    node.dispatch(BOB, "room", "hello");
                    Await.until("it is heard", () -> over.get() || heard.get() > before);
                }
            });
            speaker.start();
            listener.listenUntil(
                    ListenOptions.defaults(), one -> heard.get() < 100, messages -> heard.addAndGet(messages.size()));
            over.set(true);
            speaker.join();
        }
        return readers;
    }

    @Test
    void whatAThreadThatStopsWaitingWasToReadIsReadByAnother() throws InterruptedException {
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger heard = new AtomicInteger();
        try (Moitessier node = builder(new Seen()).build();
                Listener restless = node.listen(Conditions.shared(ADA, "room"))) {
            hears(node, "room", message -> heard.incrementAndGet());
            Thread caller = new Thread(() -> {
                while (!over.get()) {
                    try {
                        restless.listenUntil(
                                ListenOptions.defaults().timeout(Duration.ofNanos(50_000)), messages -> {});
                    } catch (InterruptedException interrupted) {
                        return;
                    }
                }
            });
            caller.start();
            for (int i = 1; i <= 5_000; i++) {
                int wanted = i;
                node.dispatch(BOB, "room", "hello");
                // A tick that nobody runs is found by the next look at the store only, after 15 s.
                Await.until(Duration.ofSeconds(10), "message " + i, () -> heard.get() >= wanted);
            }
            over.set(true);
            caller.join();
        }
    }

    @Test
    void aThreadInListenUntilIsNotKeptByWhatOthersWant() throws InterruptedException {
        Thread caller = Thread.currentThread();
        AtomicReference<Moitessier> node = new AtomicReference<>();
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger heard = new AtomicInteger();
        AtomicInteger rounds = new AtomicInteger();
        AtomicInteger inOneGo = new AtomicInteger();
        AtomicInteger mostInOneGo = new AtomicInteger();
        TestStore store = new Seen() {
            @Override
            public List<Page> read(List<ReadRequest> asked, int maxBytes) {
                List<Page> pages = super.read(asked, maxBytes);
                if (Thread.currentThread().equals(caller)) {
                    // Whenever this thread has read, others want something read at once.
                    node.get().dispatch(BOB, "other/" + rounds.incrementAndGet() % 100, "more");
                    mostInOneGo.accumulateAndGet(inOneGo.incrementAndGet(), Math::max);
                }
                return pages;
            }
        };
        try (Moitessier opened = builder(store).build();
                Listener listener = opened.listen(Conditions.shared(ADA, "room"))) {
            node.set(opened);
            for (int i = 0; i < 100; i++) {
                hears(opened, "other/" + i, message -> {});
            }
            Thread speaker = new Thread(() -> {
                while (!over.get()) {
                    int before = heard.get();
                    opened.dispatch(BOB, "room", "hello");
                    Await.until("it is heard", () -> over.get() || heard.get() > before);
                    LockSupport.parkNanos(1_000_000); // for what the others want to be done
                }
            });
            speaker.start();
            // After each load it looks at its check.
            Ended ended = listener.listenUntil(
                    ListenOptions.defaults().timeout(Duration.ofSeconds(30)),
                    one -> {
                        inOneGo.set(0);
                        return rounds.get() < 50;
                    },
                    messages -> heard.addAndGet(messages.size()));
            over.set(true);
            speaker.join();
            assertThat(ended).isEqualTo(Ended.CHECK);
            assertThat(mostInOneGo.get())
                    .as("rounds before it came back to its own")
                    .isLessThan(10);
        }
    }

    @Test
    void anExecutorThatIsGivenRunsAllResponders() {
        ExecutorService given = Executors.newSingleThreadExecutor(task -> new Thread(task, "given"));
        try (Moitessier node = builder(new Seen()).executor(given).build()) {
            CountDownLatch heard = new CountDownLatch(100);
            hears(node, "room", message -> {
                responders.add(Thread.currentThread());
                heard.countDown();
            });
            Await.until("100 are heard", () -> {
                node.dispatch(BOB, "room", "hello");
                return heard.getCount() == 0;
            });
            assertThat(responders).singleElement().extracting(Thread::getName).isEqualTo("given");
        } finally {
            given.shutdown();
        }
    }

    @Test
    void respondersThatBlockHoldUpNobodyElse() throws InterruptedException {
        int blocking = 4 * Runtime.getRuntime().availableProcessors();
        CountDownLatch over = new CountDownLatch(1);
        CountDownLatch blocked = new CountDownLatch(blocking);
        CountDownLatch heard = new CountDownLatch(1);
        try (Moitessier node = builder(new Seen()).build()) {
            for (int i = 0; i < blocking; i++) {
                hears(node, "slow/" + i, message -> {
                    blocked.countDown();
                    over.await();
                });
                node.dispatch(BOB, "slow/" + i, "hello");
            }
            assertThat(blocked.await(20, TimeUnit.SECONDS))
                    .as("all that block run at once")
                    .isTrue();
            hears(node, "quick", message -> heard.countDown());
            node.dispatch(BOB, "quick", "hello");
            assertThat(heard.await(20, TimeUnit.SECONDS))
                    .as("heard while %d others block", blocking)
                    .isTrue();
            over.countDown();
        } finally {
            over.countDown();
        }
    }

    @Test
    void aResponderDoesNotWaitForTheNextRead() throws InterruptedException {
        CountDownLatch heard = new CountDownLatch(1);
        CountDownLatch readNext = new CountDownLatch(1);
        AtomicReference<Boolean> heardInTime = new AtomicReference<>();
        AtomicReference<Moitessier> node = new AtomicReference<>();
        AtomicBoolean nextIsDue = new AtomicBoolean();
        TestStore store = new Seen() {
            @Override
            public List<Page> read(List<ReadRequest> asked, int maxBytes) {
                if (asked.stream().anyMatch(request -> request.scope().equals("next"))
                        && nextIsDue.compareAndSet(true, false)) {
                    try {
                        heardInTime.set(heard.await(10, TimeUnit.SECONDS));
                    } catch (InterruptedException interrupted) {
                        Thread.currentThread().interrupt();
                    }
                    readNext.countDown();
                }
                List<Page> pages = super.read(asked, maxBytes);
                if (pages.stream()
                        .anyMatch(page ->
                                page.scope().equals("first") && !page.entries().isEmpty())) {
                    // The tick that has just read the first scope finds this, and reads again before it ends.
                    nextIsDue.set(true);
                    node.get().dispatch(BOB, "next", "hello");
                }
                return pages;
            }
        };
        try (Moitessier opened = builder(store).build()) {
            node.set(opened);
            hears(opened, "next", message -> {});
            hears(opened, "first", message -> heard.countDown());
            opened.dispatch(BOB, "first", "hello");
            assertThat(readNext.await(20, TimeUnit.SECONDS))
                    .as("the next scope was read")
                    .isTrue();
            assertThat(heardInTime).as("heard before the next read was over").hasValue(true);
        }
    }
}
