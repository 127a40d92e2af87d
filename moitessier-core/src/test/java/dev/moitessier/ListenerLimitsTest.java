package dev.moitessier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import dev.moitessier.store.Payload;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.memory.MemoryStore;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Bad input, closed things, forgotten things, and what is told of what happens. */
@Timeout(180)
class ListenerLimitsTest {
    private static final Person ADA = Person.of("ada");
    private static final Person BOB = Person.of("bob");

    private final TestStore store = new TestStore(new MemoryStore());
    private final Moitessier node =
            Moitessier.builder(store).observer(Observers.none()).build();

    @AfterEach
    void close() {
        node.close();
    }

    @Test
    void badInputIsRefusedWithTheLimitAndNothingIsWritten() {
        int before = store.registered.size();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Conditions.shared(ADA))
                .withMessageContaining("at least one scope");
        assertThatIllegalArgumentException().isThrownBy(() -> Conditions.shared(ADA, " "));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Conditions.shared(ADA, "ok", "x".repeat(401)))
                .withMessageContaining("400 bytes");
        assertThatIllegalArgumentException().isThrownBy(() -> Conditions.shared(ADA, "\ud800"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Conditions.shared(ADA, "a").state(new byte[4_097]))
                .withMessageContaining("4096 bytes");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Conditions.shared(ADA, "a").durable(""));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Conditions.shared(ADA, "a").durable("x", Duration.ZERO));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ListenOptions.defaults().batch(0))
                .withMessageContaining("1 to 10,000");
        assertThatIllegalArgumentException().isThrownBy(() -> Since.last(0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Since.position(-1))
                .withMessageContaining("-1");
        assertThatIllegalArgumentException().isThrownBy(() -> Since.positions(Map.of("a", 1L, "b", -2L)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Moitessier.builder(store).lease(Duration.ZERO));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Moitessier.builder(store).callTimeout(Duration.ofSeconds(-1)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Moitessier.builder(store).inFlight(0));
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        assertThatIllegalArgumentException().isThrownBy(() -> room.messages(Since.leftOff(), 0));
        assertThatIllegalArgumentException().isThrownBy(() -> room.state(new byte[5_000]));
        assertThat(store.registered).hasSize(before + 1);
    }

    @Test
    void aClosedListenerRefusesEverythingButClosing() {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        room.close();
        room.close();
        room.leave();
        assertThatThrownBy(() -> room.subscribe(message -> {})).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> room.messages(Since.leftOff(), 1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(room::subscribers).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> room.state(new byte[0])).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> room.listenUntil(ListenOptions.defaults(), messages -> {}))
                .isInstanceOf(IllegalStateException.class);
        assertThat(room.scopes()).containsExactly("room");
    }

    @Test
    void aListenerThatCannotRegisterEverywhereIsNowhere() {
        TestStore failing = new TestStore(new MemoryStore()) {
            @Override
            public dev.moitessier.store.Registered register(dev.moitessier.store.Registration registration) {
                if (registration.listener().scope().equals("c")) {
                    throw new StoreException.Unavailable("the third is one too many", null, false);
                }
                return super.register(registration);
            }
        };
        try (Moitessier other =
                Moitessier.builder(failing).observer(Observers.none()).build()) {
            assertThatThrownBy(() -> other.listen(Conditions.shared(ADA, "a", "b", "c")))
                    .isInstanceOf(StoreException.Unavailable.class);
            assertThat(other.scopes("")).isEmpty();
        }
    }

    @Test
    void aForgottenListenerIsFoundSaidAndClosed() {
        try (LogLines log = new LogLines()) {
            node.listen(Conditions.shared(ADA, "forgotten/room"));
            System.gc();
            Await.until("it is found", () -> node.scopes("forgotten").findAny().isEmpty());
            assertThat(log.at(Level.WARN))
                    .filteredOn(line -> line.contains("forgotten/room"))
                    .hasSize(1);
        }
    }

    @Test
    void aListenerThatIsListenedToIsNotForgotten() {
        ConcurrentLinkedQueue<String> heard = new ConcurrentLinkedQueue<>();
        node.listen(Conditions.shared(ADA, "room")).subscribe(message -> heard.add(message.text()));
        for (int i = 0; i < 5; i++) {
            System.gc();
        }
        node.dispatch(BOB, "room", "hi");
        Await.until("it hears", () -> !heard.isEmpty());
    }

    @Test
    void twoRespondersThatCloseEachOthersListenersDoNotWaitForEver() throws InterruptedException {
        try (Moitessier hasty = Moitessier.builder(new MemoryStore())
                .observer(Observers.none())
                .callTimeout(Duration.ofMillis(200))
                .build()) {
            Listener one = hasty.listen(Conditions.shared(ADA, "one"));
            Listener two = hasty.listen(Conditions.shared(BOB, "two"));
            CountDownLatch both = new CountDownLatch(2);
            CountDownLatch done = new CountDownLatch(2);
            one.subscribe(message -> closes(two, both, done));
            two.subscribe(message -> closes(one, both, done));
            hasty.dispatch(BOB, "one", "go");
            hasty.dispatch(BOB, "two", "go");
            assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    private static void closes(Listener other, CountDownLatch both, CountDownLatch done) throws InterruptedException {
        both.countDown();
        both.await(10, TimeUnit.SECONDS);
        other.close();
        done.countDown();
    }

    @Test
    void anExecutorThatRefusesEndsTheSubscriptionAndSaysWhy() {
        AtomicInteger calls = new AtomicInteger();
        Executor refusing = task -> {
            if (calls.getAndIncrement() == 0) {
                new Thread(task).start();
            } else {
                throw new RejectedExecutionException("shut down");
            }
        };
        try (Moitessier other = Moitessier.builder(new MemoryStore())
                .observer(Observers.none())
                .executor(refusing)
                .build()) {
            Listener room = other.listen(Conditions.shared(ADA, "room"));
            Subscription subscription = room.subscribe(message -> {});
            other.dispatch(BOB, "room", "hi");
            Await.until(
                    "it has ended",
                    () -> subscription.done().toCompletableFuture().isCompletedExceptionally());
            assertThat(room.messages(Since.leftOff(), 10)).hasSize(1);
        }
    }

    @Test
    void responderThreadsAreFewWhileTheyAreQuickAndMoreWhileTheyBlock() throws InterruptedException {
        ExecutorService executor = Threads.responders("test-responder");
        try {
            AtomicInteger quick = new AtomicInteger();
            IntStream.range(0, 10_000).forEach(i -> executor.execute(quick::incrementAndGet));
            Await.until("the quick ones", () -> quick.get() == 10_000);
            CountDownLatch all = new CountDownLatch(32);
            for (int i = 0; i < 32; i++) {
                executor.execute(() -> {
                    all.countDown();
                    try {
                        all.await(20, TimeUnit.SECONDS);
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
            }
            assertThat(all.await(20, TimeUnit.SECONDS)).as("32 run at once").isTrue();
        } finally {
            executor.shutdown();
        }
    }

    @Test
    void hintsGoOnWhileConsumersComeAndGo() {
        for (int round = 0; round < 500; round++) {
            Listener one = node.listen(Conditions.shared(ADA, "room"));
            Listener two = node.listen(Conditions.shared(BOB, "room"));
            Subscription first = one.subscribe(message -> {});
            Thread ending = new Thread(first::close);
            ending.start();
            CountDownLatch heard = new CountDownLatch(1);
            two.subscribe(message -> heard.countDown());
            try {
                ending.join(10_000);
                node.dispatch(BOB, "room", "hi");
                assertThat(heard.await(10, TimeUnit.SECONDS))
                        .as("by a hint, before the store is looked at anyway")
                        .isTrue();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            one.close();
            two.close();
        }
    }

    @Test
    void deliveriesAreObservedAndRecorded() throws Exception {
        ConcurrentLinkedQueue<String> observed = new ConcurrentLinkedQueue<>();
        Observer observer = new Observer() {
            @Override
            public void delivered(String scope, int messages, Duration lag) {
                observed.add(scope + " " + messages);
            }

            @Override
            public void hinted(String scope) {
                observed.add("hint " + scope);
            }
        };
        var file = java.nio.file.Files.createTempFile("deliveries", ".jfr");
        try (Moitessier other =
                        Moitessier.builder(new MemoryStore()).observer(observer).build();
                Recording recording = new Recording()) {
            recording.enable("dev.moitessier.Delivery").withoutThreshold();
            recording.start();
            Listener room = other.listen(Conditions.shared(ADA, "room"));
            room.subscribe(message -> {});
            other.dispatch(BOB, "room", "hi");
            Await.until("it is observed", () -> observed.contains("room 1"));
            assertThat(observed).contains("hint room");
            recording.stop();
            recording.dump(file);
            assertThat(RecordingFile.readAllEvents(file))
                    .filteredOn(event -> event.getEventType().getName().equals("dev.moitessier.Delivery"))
                    .hasSize(1)
                    .allSatisfy(event -> assertThat(event.getString("scope")).isEqualTo("room"));
        } finally {
            java.nio.file.Files.delete(file);
        }
    }

    @Test
    void metadataIsReadByLaterAndEarlierVersions() {
        Metadata said = new Metadata(
                Person.of("ädä", "phone"), "desk", Instant.parse("2026-11-22T10:00:00.123Z"), Payload.wrap(new byte[] {
                    1, 2, 3
                }));
        Metadata read = Metadata.decode(said.encode());
        assertThat(read.person()).isEqualTo(said.person());
        assertThat(read.durableName()).isEqualTo("desk");
        assertThat(read.since()).isEqualTo(said.since());
        assertThat(read.state().toBytes()).containsExactly(1, 2, 3);

        byte[] known = said.encode().toBytes();
        ByteBuffer later = ByteBuffer.allocate(known.length + 5).put(known);
        later.put(0, (byte) 2);
        assertThat(Metadata.decode(Payload.wrap(later.array())).person()).isEqualTo(said.person());
        for (int length = 0; length < known.length; length++) {
            Payload cut = Payload.wrap(java.util.Arrays.copyOf(known, length));
            assertThatIllegalArgumentException().isThrownBy(() -> Metadata.decode(cut));
        }
    }

    @Test
    void theVolatileLaneRefusesWhatIsTooLarge() throws Exception {
        VolatileLane lane = node.broadcaster().orElseThrow();
        ConcurrentLinkedQueue<Integer> seen = new ConcurrentLinkedQueue<>();
        try (AutoCloseable subscription = lane.subscribe("topic", payload -> seen.add(payload.remaining()))) {
            Await.until("it carries", () -> {
                lane.publish("topic", new byte[3]);
                return seen.contains(3);
            });
            assertThatIllegalArgumentException().isThrownBy(() -> lane.publish("topic", new byte[lane.maxBytes() + 1]));
            assertThat(subscription).isNotNull();
        }
    }

    @Test
    void scopesAreStreamedPageByPage() {
        List<Listener> listeners = IntStream.range(0, 2_500)
                .mapToObj(i -> node.listen(Conditions.shared(ADA, "many/" + i)))
                .toList();
        assertThat(node.scopes("many/").distinct()).hasSize(2_500);
        assertThat(node.scopes("other/")).isEmpty();
        listeners.forEach(Listener::close);
    }

    @Test
    void theStoreIsUnwrappedOrNamed() {
        assertThat(node.store(TestStore.class)).isSameAs(store);
        assertThatThrownBy(() -> node.store(MemoryStore.class))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(TestStore.class.getName());
    }
}
