package dev.moitessier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import ch.qos.logback.classic.Level;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Party;
import dev.moitessier.store.memory.MemorySpace;
import dev.moitessier.store.memory.MemoryStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A settable clock and a direct executor: every test here runs on its own thread alone, and the same way each time. */
@Timeout(180)
class WithoutThreadsTest {
    private static final Person ADA = Person.of("ada");
    private static final Person BOB = Person.of("bob");

    private final SettableClock clock = new SettableClock();
    private final MemorySpace space = new MemorySpace(clock, 1_000_000);
    private final List<Moitessier> nodes = new ArrayList<>();
    private final List<String> heard = new ArrayList<>();
    private final List<Gap> gaps = new ArrayList<>();

    @AfterEach
    void close() {
        nodes.forEach(Moitessier::close);
    }

    private TestStore store() {
        return new TestStore(new MemoryStore(space));
    }

    private Moitessier.Builder builder(TestStore store) {
        return Moitessier.builder(store).time(clock).executor(Runnable::run).observer(Observers.none());
    }

    private Moitessier node(TestStore store) {
        return opened(builder(store));
    }

    private Moitessier opened(Moitessier.Builder builder) {
        Moitessier node = builder.build();
        nodes.add(node);
        return node;
    }

    private void advance(long millis) {
        clock.advance(Duration.ofMillis(millis));
    }

    @Test
    void theTestOfTheDesignHearsOnceTheClockMoves() {
        int threads = Thread.activeCount();
        Moitessier here = node(store());
        Moitessier there = node(store());
        Listener room = here.listen(Conditions.shared(ADA, "room"));
        room.subscribe(message -> heard.add(message.text()));
        there.dispatch(BOB, "room", "hi");
        clock.advance(Duration.ofSeconds(20));
        assertThat(heard).containsExactly("hi");
        assertThat(Thread.activeCount()).isEqualTo(threads);
    }

    @Test
    void listenUntilFindsWhatWaitsWithoutAnyMove() throws InterruptedException {
        Moitessier node = node(store());
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        node.dispatch(BOB, "room", "hi");
        Ended ended = room.listenUntil(
                ListenOptions.defaults(),
                listener -> heard.isEmpty(),
                messages -> heard.add(messages.get(0).text()));
        assertThat(ended).isEqualTo(Ended.CHECK);
    }

    @Test
    void aResponderThatDispatchesMakesNoRecursion() {
        Moitessier node = node(store());
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        List<Integer> depths = new ArrayList<>();
        room.subscribe(message -> {
            depths.add(Thread.currentThread().getStackTrace().length);
            int number = Integer.parseInt(message.text());
            if (number < 2_000) {
                node.dispatch(BOB, "room", Integer.toString(number + 1));
            }
        });
        node.dispatch(BOB, "room", "0");
        advance(1);
        assertThat(depths).hasSize(2_001);
        assertThat(Set.copyOf(depths.subList(1, depths.size()))).hasSizeLessThan(4);
    }

    @Test
    void aLostHintCostsOneIntervalWhereTheListenerSaysSo() {
        TestStore store = store();
        store.hints = false;
        Moitessier node = node(store);
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        room.subscribe(ListenOptions.defaults().interval(Duration.ofSeconds(1)), message -> heard.add(message.text()));
        node.dispatch(BOB, "room", "hi");
        advance(900);
        assertThat(heard).isEmpty();
        advance(200);
        assertThat(heard).containsExactly("hi");
    }

    @Test
    void aStoreThatPushesIsOtherwiseLookedAtEvery15Seconds() {
        TestStore store = store();
        store.hints = false;
        Moitessier node = node(store);
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        room.subscribe(message -> heard.add(message.text()));
        int reads = store.reads.get();
        node.dispatch(BOB, "room", "hi");
        advance(14_900);
        assertThat(store.reads.get()).isEqualTo(reads);
        advance(200);
        assertThat(heard).containsExactly("hi");
    }

    @Test
    void withoutPushPollingBacksOffFrom50MillisecondsToTheInterval() {
        TestStore store = store();
        store.pull = true;
        store.hints = false;
        Moitessier node = node(store);
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        room.subscribe(message -> heard.add(message.text()));
        node.dispatch(BOB, "room", "1");
        advance(51);
        assertThat(heard).containsExactly("1");
        int reads = store.reads.get();
        advance(10_000);
        // 50, 100, 200, 400, 800 ms and then each second
        assertThat(store.reads.get() - reads).isBetween(10, 14);
        node.dispatch(BOB, "room", "2");
        for (int millis = 0; heard.size() < 2; millis += 10) {
            assertThat(millis).isLessThanOrEqualTo(1_000);
            advance(10);
        }
        node.dispatch(BOB, "room", "3");
        advance(51);
        assertThat(heard).as("quick again after something came").containsExactly("1", "2", "3");
    }

    @Test
    void pollingManyScopesAsksForAThousandAtOnce() {
        TestStore store = store();
        store.pull = true;
        store.hints = false;
        Moitessier node = node(store);
        for (int i = 0; i < 3_000; i++) {
            node.listen(Conditions.shared(ADA, "room/" + i)).subscribe(message -> heard.add(message.text()));
        }
        advance(10_000);
        int reads = store.reads.get();
        int requests = store.requests.get();
        advance(1_000);
        assertThat(store.requests.get() - requests).isEqualTo(3_000);
        assertThat(store.reads.get() - reads).isEqualTo(3);
        assertThat(store.mostRequests.get()).isLessThanOrEqualTo(1_000);
        node.dispatch(BOB, "room/1234", "hi");
        advance(1_001);
        assertThat(heard).containsExactly("hi");
    }

    @Test
    void aThousandReadersOfAScopeCostOneRead() {
        TestStore store = store();
        Moitessier node = node(store);
        for (int i = 0; i < 1_000; i++) {
            node.listen(Conditions.privateTo(Person.of("p" + i), "room"))
                    .subscribe(message -> heard.add(message.text()));
        }
        advance(1);
        int requests = store.requests.get();
        node.dispatch(BOB, "room", "hi");
        advance(1);
        assertThat(heard).hasSize(1_000);
        assertThat(store.requests.get() - requests).isEqualTo(1);
    }

    @Test
    void whatAMailboxMayNotSeeIsNotHandedOver() {
        Moitessier node = node(store());
        Listener shared = node.listen(Conditions.shared(ADA, "room"));
        Listener ada = node.listen(Conditions.privateTo(Person.of("ada", "phone"), "room"));
        Listener bob = node.listen(Conditions.privateTo(BOB, "room"));
        shared.subscribe(message -> heard.add("shared " + message.text()));
        ada.subscribe(message -> heard.add("ada " + message.text()));
        bob.subscribe(message -> heard.add("bob " + message.text()));
        node.dispatch(Dispatch.from(BOB).to("room").only(ADA).text("secret"));
        node.dispatch(BOB, "room", "open");
        advance(1);
        assertThat(heard).containsExactlyInAnyOrder("ada secret", "ada open", "bob open", "shared open");
    }

    @Test
    void cursorsOfDurableSubscribersAreWrittenAtMostOnceASecondAndOnClose() {
        TestStore store = store();
        Moitessier node = node(store);
        Listener inbox = node.listen(Conditions.privateTo(ADA, "inbox").durable("phone"));
        inbox.subscribe(message -> heard.add(message.text()));
        for (int i = 0; i < 100; i++) {
            node.dispatch(BOB, "inbox", "" + i);
            advance(50);
        }
        assertThat(heard).hasSize(100);
        assertThat(store.acknowledged).hasSizeBetween(4, 6);
        node.dispatch(BOB, "inbox", "last");
        advance(1);
        inbox.close();
        Listener again = node.listen(Conditions.privateTo(ADA, "inbox").durable("phone"));
        assertThat(again.messages(Since.leftOff(), 10)).isEmpty();
    }

    @Test
    void aDurableNameThatIsAttachedAlreadyIsOneWarning() {
        Moitessier here = node(store());
        Moitessier there = node(store());
        Conditions phone = Conditions.privateTo(ADA, "inbox", "work").durable("phone");
        try (LogLines lines = new LogLines()) {
            Listener first = here.listen(phone);
            here.listen(Conditions.privateTo(ADA, "inbox").durable("desk"));
            assertThat(lines.at(Level.WARN)).isEmpty();
            Listener second = there.listen(phone);
            assertThat(lines.at(Level.WARN)).singleElement().satisfies(line -> assertThat(line)
                    .contains(
                            "\"phone\" is attached already", here.session().id().toString()));
            Listener third = there.listen(phone);
            assertThat(lines.at(Level.WARN)).hasSize(2).last().satisfies(line -> assertThat(line)
                    .contains("by a listener of this node"));
            List.of(first, second, third).forEach(Listener::close);
            here.listen(phone);
            assertThat(lines.at(Level.WARN)).hasSize(2);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aListenerThatClosesTakesNothingFromALaterOneUnderItsName(boolean sameNode) {
        TestStore store = store();
        Moitessier here = node(store);
        Moitessier there = sameNode ? here : node(store());
        Listener watcher = here.listen(Conditions.shared(BOB, "inbox"));
        Conditions phone = Conditions.privateTo(ADA, "inbox").durable("phone");
        Listener halfOpen = here.listen(phone.farewell(Dispatch.from(ADA).text("bye")));
        Listener back = there.listen(phone);
        back.subscribe(message -> heard.add(message.text()));

        halfOpen.close();
        ListenerRef inbox = new ListenerRef("inbox", ListenerType.PRIVATE, new Party("ada", ""));
        assertThat(store.subscribers(inbox)).singleElement().satisfies(one -> assertThat(one.session())
                .isEqualTo(there.session().id()));
        assertThat(watcher.messages(Since.leftOff(), 10)).isEmpty();

        here.dispatch(BOB, "inbox", "1");
        advance(2_000);
        back.close();
        assertThat(heard).containsExactly("1");
        assertThat(here.listen(phone).messages(Since.leftOff(), 10)).isEmpty();
    }

    @Test
    void theExpiredAreToldAsTheyLastShowedThemselves() {
        TestStore dying = store();
        Moitessier node = node(dying);
        List<Subscriber> expired = new ArrayList<>();
        opened(builder(store()).onExpired(expired::addAll));
        node.listen(Conditions.shared(ADA, "room").state(new byte[] {7}));
        node.listen(Conditions.shared(BOB, "room").durable("desk"));
        advance(4_000);
        dying.down = true;
        advance(30_000);
        assertThat(expired)
                .extracting(Subscriber::scope, Subscriber::person, Subscriber::durable)
                .containsExactlyInAnyOrder(tuple("room", ADA, false), tuple("room", BOB, true));
        assertThat(expired)
                .filteredOn(Subscriber::durable)
                .extracting(Subscriber::name)
                .containsExactly("desk");
        assertThat(expired).filteredOn(one -> !one.durable()).singleElement().satisfies(one -> assertThat(one.state())
                .containsExactly(7));
    }

    @Test
    void aPauseLongerThanTheLeaseLosesNothingOfWhatWasDispatchedMeanwhile() {
        TestStore store = store();
        List<Session> ended = new ArrayList<>();
        Moitessier paused = opened(builder(store).onSessionEnded(ended::add));
        Session before = paused.session();
        Listener room = paused.listen(Conditions.shared(ADA, "room"));
        room.subscribe(ListenOptions.defaults().onGap(gaps::add), message -> heard.add(message.text()));
        advance(10);

        TestStore otherStore = store();
        Moitessier other = node(otherStore);
        Listener watcher = other.listen(Conditions.privateTo(BOB, "room"));
        advance(4_000); // so that the other may sweep (L3)
        store.down = true;
        otherStore.hints = false;
        advance(4_000);
        assertThat(otherStore.subscribers(new ListenerRef("room", ListenerType.SHARED, null)))
                .as("swept")
                .isEmpty();
        assertThat(before.valid()).isFalse();
        other.dispatch(BOB, "room", "meanwhile");
        store.down = false;
        advance(2_000);

        assertThat(heard).containsExactly("meanwhile");
        assertThat(gaps).isEmpty();
        assertThat(ended).containsExactly(before);
        assertThat(paused.session().valid()).isTrue();
        assertThat(paused.session().id()).isNotEqualTo(before.id());
        assertThat(paused.session().lease()).isEqualTo(Duration.ofSeconds(3));
        assertThat(otherStore.subscribers(new ListenerRef("room", ListenerType.SHARED, null)))
                .hasSize(1);
        other.dispatch(BOB, "room", "after");
        advance(20_000);
        assertThat(heard).containsExactly("meanwhile", "after");
        watcher.close();
    }

    @Test
    void anOutageOfAllNodesEndsNoSession() {
        TestStore one = store();
        TestStore two = store();
        Moitessier first = node(one);
        Moitessier second = node(two);
        first.listen(Conditions.shared(ADA, "room"));
        second.listen(Conditions.shared(BOB, "room"));
        Session before = first.session();
        advance(10_000);
        one.down = true;
        two.down = true;
        advance(30_000);
        one.down = false;
        advance(2_500);
        two.down = false;
        advance(10_000);
        assertThat(first.session()).isEqualTo(before);
        assertThat(one.sessions).hasSize(1);
        assertThat(two.sessions).hasSize(1);
    }

    @Test
    void onlyANodeWhoseHeartbeatsHaveSucceededForALeaseEndsSessions() {
        TestStore store = store();
        node(store);
        advance(2_900);
        assertThat(store.sweeps).isNotEmpty().allMatch(policy -> policy.endAsOf() == null);
        advance(2_000);
        assertThat(store.sweeps).last().matches(policy -> policy.endAsOf() != null);
        store.sweeps.clear();
        clock.pause(Duration.ofSeconds(5));
        advance(2_900);
        assertThat(store.sweeps).isNotEmpty().allMatch(policy -> policy.endAsOf() == null);
    }

    @Test
    void anOutageIsOneLineDownAndOneUpAndListeningGoesOn() {
        TestStore store = store();
        List<String> told = new ArrayList<>();
        Moitessier node = opened(builder(store).observer(new Observer() {
            @Override
            public void storeDown(Throwable cause) {
                told.add("down");
            }

            @Override
            public void storeUp(Duration after) {
                told.add("up");
            }
        }));
        Moitessier other = node(store());
        Listener room = node.listen(Conditions.shared(ADA, "room").durable("x"));
        room.subscribe(message -> heard.add(message.text()));
        other.dispatch(BOB, "room", "1");
        advance(10);
        try (LogLines log = new LogLines()) {
            store.down = true;
            other.dispatch(BOB, "room", "2");
            advance(30_000);
            assertThat(told).containsExactly("down");
            store.down = false;
            advance(1_500);
            assertThat(heard).containsExactly("1", "2");
            advance(10_000);
            assertThat(told).containsExactly("down", "up");
            assertThat(log.at(Level.WARN))
                    .filteredOn(line -> line.contains("does not answer"))
                    .hasSize(1);
            assertThat(log.at(Level.INFO))
                    .filteredOn(line -> line.contains("answers again"))
                    .hasSize(1);
        }
    }

    @Test
    void trimmedHistoryIsToldOnceBeforeWhatIsLeft() {
        TestStore store = store();
        Moitessier node = opened(builder(store).retention(Duration.ofDays(1), 10));
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        long registered = room.subscribers().positions().get("room");
        for (int i = 0; i < 100; i++) {
            node.dispatch(BOB, "room", "" + i);
        }
        advance(1_000);
        List<Object> order = new ArrayList<>();
        room.subscribe(ListenOptions.defaults().onGap(order::add), message -> order.add(message.text()));
        advance(1_000);
        assertThat(order).hasSizeBetween(11, 30);
        assertThat(order.get(0)).isInstanceOfSatisfying(Gap.class, gap -> {
            assertThat(gap.reason()).isEqualTo(Gap.Reason.TRIMMED);
            assertThat(gap.after()).isEqualTo(registered);
        });
        assertThat(order.subList(1, order.size())).allMatch(String.class::isInstance);
        assertThat(order).last().isEqualTo("99");
    }

    @Test
    void theBeginningIsWhatIsKeptAndNoGap() {
        Moitessier node = opened(builder(store()).retention(Duration.ofDays(1), 10));
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        IntStream.range(0, 100).forEach(i -> node.dispatch(BOB, "room", "" + i));
        advance(1_000);
        room.subscribe(ListenOptions.since(Since.beginning()).onGap(gaps::add), message -> heard.add(message.text()));
        advance(1);
        assertThat(gaps).isEmpty();
        assertThat(heard).isNotEmpty().last().isEqualTo("99");
    }

    @Test
    void aCursorBeyondTheHeadGoesToTheHeadAndIsTold() {
        Moitessier node = node(store());
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        long head = node.dispatch(BOB, "room", "old").position().orElseThrow();
        room.subscribe(
                ListenOptions.since(Since.position(Long.MAX_VALUE)).onGap(gaps::add),
                message -> heard.add(message.text()));
        node.dispatch(BOB, "room", "new");
        advance(1);
        assertThat(gaps).hasSize(1);
        assertThat(gaps.get(0).reason()).isEqualTo(Gap.Reason.RESET);
        assertThat(gaps.get(0).resumesAfter()).isGreaterThanOrEqualTo(head);
        node.dispatch(BOB, "room", "newer");
        advance(1);
        assertThat(heard).last().isEqualTo("newer");
    }

    @Test
    void aStoreThatForgotEverythingIsOneGapAndListeningGoesOn() {
        // The space is replaced under the node: as FLUSHALL does.
        TestStore store = store();
        List<Session> ended = new ArrayList<>();
        Moitessier node = opened(builder(store).onSessionEnded(ended::add));
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        room.subscribe(ListenOptions.defaults().onGap(gaps::add), message -> heard.add(message.text()));
        node.dispatch(BOB, "room", "1");
        advance(10);
        store.store = new MemoryStore(new MemorySpace(clock, 1_000));
        advance(5_000);
        assertThat(gaps).hasSize(1);
        assertThat(gaps.get(0).reason()).isEqualTo(Gap.Reason.RESET);
        assertThat(ended).hasSize(1);
        node.dispatch(BOB, "room", "2");
        advance(16_000);
        assertThat(heard).containsExactly("1", "2");
        assertThat(gaps).hasSize(1);
    }

    @Test
    void aMailboxThatIsGoneIsRegisteredAgainAndTold() {
        TestStore store = store();
        Moitessier node = node(store);
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        room.subscribe(ListenOptions.defaults().onGap(gaps::add), message -> heard.add(message.text()));
        Listener other = node.listen(Conditions.privateTo(BOB, "room"));
        advance(10);
        var registration = store.registered.stream()
                .filter(one -> one.listener().type() == ListenerType.SHARED)
                .findFirst()
                .orElseThrow();
        store.store.unregister(registration.listener(), registration.subscriber(), registration.id());
        node.dispatch(BOB, "room", "kept by the other's mailbox");
        advance(10);
        assertThat(gaps).hasSize(1);
        assertThat(heard).containsExactly("kept by the other's mailbox");
        assertThat(store.subscribers(registration.listener())).hasSize(1);
        node.dispatch(BOB, "room", "2");
        advance(10);
        assertThat(heard).hasSize(2);
        assertThat(gaps).hasSize(1);
        other.close();
    }

    @Test
    void aFarewellIsSaidOnceWhenItsSubscriberCloses() {
        Moitessier node = node(store());
        Listener watcher = node.listen(Conditions.privateTo(BOB, "room"));
        Dispatch bye = Dispatch.from(ADA).text("bye");
        node.listen(Conditions.shared(ADA, "room").farewell(bye)).close();
        node.listen(Conditions.shared(ADA, "room").durable("desk").farewell(bye))
                .close();
        advance(60_000);
        assertThat(watcher.messages(Since.leftOff(), 10))
                .extracting(Message::text)
                .containsExactly("bye", "bye");
    }

    @Test
    void aFarewellIsSaidOnceWhenItsNodeDies() {
        TestStore dying = store();
        Moitessier node = node(dying);
        Moitessier other = node(store());
        Listener watcher = other.listen(Conditions.privateTo(BOB, "room"));
        node.listen(Conditions.shared(ADA, "room").farewell(Dispatch.from(ADA).text("bye")));
        advance(4_000);
        dying.down = true;
        advance(30_000);
        assertThat(watcher.messages(Since.leftOff(), 10))
                .extracting(Message::text)
                .containsExactly("bye");
    }

    @Test
    void aNodeThatClosesTakesItsSubscribersAlong() {
        TestStore store = store();
        Moitessier node = node(store);
        Moitessier other = node(store());
        Listener watcher = other.listen(Conditions.privateTo(BOB, "room"));
        node.listen(Conditions.shared(ADA, "room").farewell(Dispatch.from(ADA).text("bye")));
        node.close();
        assertThat(watcher.messages(Since.leftOff(), 10))
                .extracting(Message::text)
                .containsExactly("bye");
        assertThatThrownBy(() -> node.listen(Conditions.shared(ADA, "room"))).isInstanceOf(IllegalStateException.class);
        node.close();
    }

    @Test
    void aCloseDuringAnOutageIsMadeGoodLater() {
        TestStore store = store();
        Moitessier node = node(store);
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        store.down = true;
        room.close();
        store.down = false;
        assertThat(store.subscribers(new ListenerRef("room", ListenerType.SHARED, null)))
                .hasSize(1);
        advance(2_000);
        assertThat(store.subscribers(new ListenerRef("room", ListenerType.SHARED, null)))
                .isEmpty();
    }

    @Test
    void aStoppedSubscriptionKeepsItsPlaceAndRetryAndSkipDoAsTheySay() {
        Moitessier node = node(store());
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        IntStream.range(0, 5).forEach(i -> node.dispatch(BOB, "room", "" + i));
        RuntimeException failure = new RuntimeException("not now");
        Responder fails = message -> {
            if (message.text().equals("2")) {
                throw failure;
            }
            heard.add(message.text());
        };
        Subscription stopped = room.subscribe(fails);
        advance(1);
        assertThat(stopped.done().toCompletableFuture()).isCompletedExceptionally();
        assertThat(heard).containsExactly("0", "1");

        int[] tries = {0};
        Subscription retried = room.subscribe(ListenOptions.defaults().onFailure(OnFailure.RETRY), message -> {
            if (message.text().equals("2") && tries[0]++ < 3) {
                throw failure;
            }
            heard.add(message.text());
        });
        advance(1);
        assertThat(tries[0]).isEqualTo(1);
        advance(100 + 200 + 400);
        assertThat(heard).containsExactly("0", "1", "2", "3", "4");
        retried.close();

        IntStream.range(0, 5).forEach(i -> node.dispatch(BOB, "room", "" + i));
        heard.clear();
        room.subscribe(ListenOptions.defaults().onFailure(OnFailure.SKIP), fails);
        advance(1);
        assertThat(heard).containsExactly("0", "1", "3", "4");
    }

    @Test
    void closingWhileARetryPausesEndsAtOnce() {
        Moitessier node = node(store());
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        node.dispatch(BOB, "room", "1");
        Subscription subscription = room.subscribe(ListenOptions.defaults().onFailure(OnFailure.RETRY), message -> {
            throw new IllegalStateException("never");
        });
        advance(1);
        subscription.close();
        assertThat(subscription.done().toCompletableFuture()).isCompletedWithValue(Ended.CLOSED);
        assertThat(room.messages(Since.leftOff(), 10)).hasSize(1);
    }

    @Test
    void aSubscriptionTimesOut() {
        Moitessier node = node(store());
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        Subscription subscription =
                room.subscribe(ListenOptions.defaults().timeout(Duration.ofSeconds(5)), message -> {});
        advance(4_999);
        assertThat(subscription.done().toCompletableFuture()).isNotDone();
        advance(1);
        assertThat(subscription.done().toCompletableFuture()).isCompletedWithValue(Ended.TIMEOUT);
        room.subscribe(message -> {}).close();
    }

    @Test
    void aClosedStoreEndsListeningWithItsException() {
        TestStore store = store();
        Moitessier node = node(store);
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        Subscription subscription = room.subscribe(message -> {});
        store.close();
        advance(20_000);
        assertThat(subscription.done().toCompletableFuture()).isCompletedExceptionally();
    }

    @Test
    void buildFailsWithTheStoresException() {
        TestStore store = store();
        store.down = true;
        assertThatThrownBy(() -> builder(store).build())
                .isInstanceOf(dev.moitessier.store.StoreException.Unavailable.class);
        store.down = false;
        node(store);
    }
}
