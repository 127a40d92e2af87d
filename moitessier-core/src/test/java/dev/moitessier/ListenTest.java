package dev.moitessier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.store.memory.MemorySpace;
import dev.moitessier.store.memory.MemoryStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Listening on a real clock, with the node's own threads. */
@Timeout(60)
class ListenTest {
    private static final Person ADA = Person.of("ada");
    private static final Person BOB = Person.of("bob");

    private final MemorySpace space = new MemorySpace();
    private Moitessier node;

    @BeforeEach
    void open() {
        node = Moitessier.on(new MemoryStore(space));
    }

    @AfterEach
    void close() {
        node.close();
    }

    private static List<String> texts(List<Message> messages) {
        return messages.stream().map(Message::text).toList();
    }

    @Test
    void whatIsDispatchedBeforeListeningBeginsIsHeard() throws InterruptedException {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        node.dispatch(BOB, "room", "hello");
        List<String> heard = new ArrayList<>();

        Ended ended = room.listenUntil(
                ListenOptions.defaults().timeout(Duration.ofSeconds(10)),
                listener -> heard.isEmpty(),
                messages -> heard.addAll(texts(messages)));

        assertThat(ended).isEqualTo(Ended.CHECK);
        assertThat(heard).containsExactly("hello");
    }

    @Test
    void timeoutCountsAllTime() throws InterruptedException {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        long started = System.nanoTime();

        Ended ended = room.listenUntil(ListenOptions.defaults().timeout(Duration.ofMillis(50)), messages -> {});

        assertThat(ended).isEqualTo(Ended.TIMEOUT);
        assertThat(Duration.ofNanos(System.nanoTime() - started))
                .isBetween(Duration.ofMillis(50), Duration.ofSeconds(5));
    }

    @Test
    void theCheckIsAskedAtLeastOncePerInterval() throws InterruptedException {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        AtomicInteger asked = new AtomicInteger();

        Ended ended = room.listenUntil(
                ListenOptions.defaults().interval(Duration.ofMillis(5)).timeout(Duration.ofSeconds(30)),
                listener -> asked.incrementAndGet() < 5,
                messages -> {});

        assertThat(ended).isEqualTo(Ended.CHECK);
    }

    @Test
    void goesOnWhereItLeftOffAndAFailedPageComesAgain() throws Exception {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        node.dispatch(BOB, "room", "1");
        ListenOptions soon = ListenOptions.defaults().timeout(Duration.ofSeconds(5));

        assertThatThrownBy(() -> room.listenUntil(soon, messages -> {
                    throw new IOException("connection is gone");
                }))
                .isInstanceOf(IOException.class);

        List<String> heard = new ArrayList<>();
        room.listenUntil(soon, listener -> heard.isEmpty(), messages -> heard.addAll(texts(messages)));
        node.dispatch(BOB, "room", "2");
        room.listenUntil(soon, listener -> heard.size() < 2, messages -> heard.addAll(texts(messages)));
        assertThat(heard).containsExactly("1", "2");
    }

    @Test
    void theGoCallPassesItsArguments() throws InterruptedException {
        Instant before = Instant.now().minusSeconds(1);
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        node.dispatch(BOB, "room", "hello");
        List<String> heard = new ArrayList<>();

        Ended ended = room.listenUntil(
                (listener, args) -> ((List<?>) args[0]).isEmpty(),
                (messages, args) -> heard.addAll(texts(messages)),
                before,
                Duration.ofMillis(100),
                Duration.ofSeconds(10),
                heard);

        assertThat(ended).isEqualTo(Ended.CHECK);
        assertThat(heard).containsExactly("hello");
    }

    @Test
    void listenUntilAnswersInterruption() throws InterruptedException {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        CountDownLatch interrupted = new CountDownLatch(1);
        Thread waiting = new Thread(() -> {
            try {
                room.listenUntil(ListenOptions.defaults(), messages -> {});
            } catch (InterruptedException e) {
                interrupted.countDown();
            }
        });
        waiting.start();
        Await.until("it waits", () -> waiting.getState() == Thread.State.TIMED_WAITING);
        waiting.interrupt();
        assertThat(interrupted.await(10, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void closingEndsAListenUntilThatRuns() throws InterruptedException {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        ConcurrentLinkedQueue<Object> ended = new ConcurrentLinkedQueue<>();
        Thread waiting = new Thread(() -> {
            try {
                ended.add(room.listenUntil(ListenOptions.defaults(), messages -> {}));
            } catch (InterruptedException e) {
                ended.add(e);
            }
        });
        waiting.start();
        Await.until("it waits", () -> waiting.getState() == Thread.State.TIMED_WAITING);
        room.close();
        waiting.join(10_000);
        assertThat(ended).containsExactly(Ended.CLOSED);
    }

    @Test
    void subscribersGetEverythingInOrder() {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        List<String> heard = new ArrayList<>();
        ConcurrentLinkedQueue<String> each = new ConcurrentLinkedQueue<>();
        Subscription subscription = room.subscribe(message -> each.add(message.text()));
        List<String> said =
                IntStream.range(0, 5_000).mapToObj(Integer::toString).toList();
        said.forEach(text -> node.dispatch(BOB, "room", text));

        Await.until("all is heard", () -> each.size() == said.size(), each::size);
        heard.addAll(each);
        assertThat(heard).isEqualTo(said);
        subscription.close();
        assertThat(subscription.done().toCompletableFuture()).isCompletedWithValue(Ended.CLOSED);
    }

    @Test
    void aSecondConsumerIsRefused() {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        Subscription first = room.subscribe(message -> {});
        assertThatThrownBy(() -> room.subscribe(message -> {}))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("one consumer at a time");
        first.close();
        room.subscribe(message -> {}).close();
    }

    @Test
    void lastHasHistoryAndLiveWithoutAGap() {
        Listener keeper = node.listen(Conditions.shared(BOB, "room"));
        for (int i = 0; i < 100; i++) {
            node.dispatch(BOB, "room", "" + i);
        }
        Listener late = node.listen(Conditions.shared(ADA, "room"));
        assertThat(texts(late.messages(Since.last(3), 10))).containsExactly("97", "98", "99");
        assertThat(late.messages(Since.leftOff(), 10)).isEmpty();
        assertThat(texts(late.messages(Since.beginning(), 1_000))).hasSize(100);

        ConcurrentLinkedQueue<String> heard = new ConcurrentLinkedQueue<>();
        late.subscribe(ListenOptions.since(Since.last(50)), message -> heard.add(message.text()));
        for (int i = 100; i < 150; i++) {
            node.dispatch(BOB, "room", "" + i);
        }
        Await.until("history and live", () -> heard.size() == 100, heard::size);
        assertThat(new ArrayList<>(heard))
                .isEqualTo(IntStream.range(50, 150).mapToObj(Integer::toString).toList());
        keeper.close();
    }

    @Test
    void sinceNowSkipsWhatWaits() {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        node.dispatch(BOB, "room", "skipped");
        ConcurrentLinkedQueue<String> heard = new ConcurrentLinkedQueue<>();
        room.subscribe(ListenOptions.since(Since.now()), message -> heard.add(message.text()));
        node.dispatch(BOB, "room", "heard");
        Await.until("the second", () -> !heard.isEmpty());
        assertThat(heard).containsExactly("heard");
    }

    @Test
    void positionsBelongToOneScope() {
        Listener two = node.listen(Conditions.shared(ADA, "a", "b"));
        assertThatThrownBy(() -> two.messages(Since.position(1), 1)).isInstanceOf(IllegalArgumentException.class);
        long first = node.dispatch(BOB, "a", "1").position().orElseThrow();
        node.dispatch(BOB, "a", "2");
        node.dispatch(BOB, "b", "3");
        assertThat(texts(two.messages(Since.positions(Map.of("a", first)), 10))).containsExactly("2", "3");
    }

    @Test
    void severalScopesReachOneResponderSerially() {
        String[] scopes = IntStream.range(0, 100).mapToObj(i -> "s" + i).toArray(String[]::new);
        Listener all = node.listen(Conditions.shared(ADA, scopes));
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger heard = new AtomicInteger();
        all.subscribe(message -> {
            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
            heard.incrementAndGet();
            inside.decrementAndGet();
        });
        for (int i = 0; i < 20; i++) {
            for (String scope : scopes) {
                node.dispatch(BOB, scope, "x");
            }
        }
        Await.until("all of it", () -> heard.get() == 2_000, heard::get);
        assertThat(most.get()).isEqualTo(1);
    }

    @Test
    void aDurableNameGoesOnInAnotherProcess() {
        Conditions inbox = Conditions.privateTo(ADA, "inbox/ada").durable("phone");
        Listener first = node.listen(inbox);
        ConcurrentLinkedQueue<String> heard = new ConcurrentLinkedQueue<>();
        first.subscribe(message -> heard.add(message.text()));
        node.dispatch(BOB, "inbox/ada", "1");
        Await.until("heard", () -> heard.size() == 1);
        first.close();
        node.dispatch(BOB, "inbox/ada", "2");
        node.close();

        node = Moitessier.on(new MemoryStore(space));
        Listener again = node.listen(inbox);
        assertThat(texts(again.messages(Since.leftOff(), 10))).containsExactly("2");
        again.leave();
        assertThat(node.scopes("inbox/")).isEmpty();
    }

    @Test
    void subscribersShowPersonNameAndState() {
        Listener room = node.listen(Conditions.shared(ADA, "room").state(new byte[] {7}));
        Listener other = node.listen(Conditions.shared(BOB, "room").durable("desk"));
        Subscribers seen = room.subscribers();
        assertThat(seen.size()).isEqualTo(2);
        assertThat(seen.list()).extracting(Subscriber::person).containsExactlyInAnyOrder(ADA, BOB);
        assertThat(seen.list())
                .filteredOn(Subscriber::durable)
                .extracting(Subscriber::name)
                .containsExactly("desk");
        room.state(new byte[] {8, 9});
        assertThat(other.subscribers().list())
                .filteredOn(one -> one.person().equals(ADA))
                .extracting(Subscriber::state)
                .containsExactly(new byte[] {8, 9});
        other.leave();
        assertThat(room.subscribers().size()).isEqualTo(1);
    }

    @Test
    void closingFromInsideAResponder() {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        Subscription subscription = room.subscribe(message -> room.close());
        node.dispatch(BOB, "room", "1");
        Await.until("it ended", () -> subscription.done().toCompletableFuture().isDone());
        assertThat(subscription.done().toCompletableFuture()).isCompletedWithValue(Ended.CLOSED);
        assertThatThrownBy(() -> room.messages(Since.leftOff(), 1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aSlowResponderHoldsUpNobody() throws InterruptedException {
        CountDownLatch release = new CountDownLatch(1);
        Listener slow = node.listen(Conditions.shared(ADA, "room"));
        AtomicInteger slowHeard = new AtomicInteger();
        slow.subscribe(message -> {
            release.await(30, TimeUnit.SECONDS);
            slowHeard.incrementAndGet();
        });
        Listener quick = node.listen(Conditions.shared(BOB, "room"));
        AtomicInteger heard = new AtomicInteger();
        quick.subscribe(message -> heard.incrementAndGet());
        for (int i = 0; i < 1_000; i++) {
            node.dispatch(BOB, "room", "" + i);
        }
        Await.until("the quick one has all", () -> heard.get() == 1_000, heard::get);
        assertThat(slowHeard.get()).isZero();
        release.countDown();
        Await.until("the slow one has all", () -> slowHeard.get() == 1_000, slowHeard::get);
    }
}
