package dev.moitessier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.memory.MemorySpace;
import dev.moitessier.store.memory.MemoryStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What was wrong with listening in the Go library, defect by defect; each of these would have caught one. */
@Timeout(60)
class OriginalsDefectsTest {
    private static final Person ADA = Person.of("ada");
    private static final Person BOB = Person.of("bob");

    private final SettableClock clock = new SettableClock();
    private final MemorySpace space = new MemorySpace(clock, 1_000_000);
    private final Moitessier node = node(new MemoryStore(space));
    private final List<String> heard = new ArrayList<>();

    private Moitessier node(MailboxStore store) {
        return Moitessier.builder(store)
                .time(clock)
                .executor(Runnable::run)
                .observer(Observers.none())
                .build();
    }

    @AfterEach
    void close() {
        node.close();
    }

    private List<String> waiting(Listener listener) {
        return listener.messages(Since.leftOff(), 1_000).stream()
                .map(Message::text)
                .toList();
    }

    /** 1: a switch without fall-through made every private listener nobody's, and never stored it. */
    @Test
    void privateListenersAreStoredAndReached() {
        Listener inbox = node.listen(Conditions.privateTo(ADA, "inbox"));
        node.dispatch(BOB, "inbox", "hello");
        assertThat(waiting(inbox)).containsExactly("hello");
    }

    /** 2: messages were stored under the sender and looked for under the owner. */
    @Test
    void anOwnerHearsWhatOthersSay() {
        Listener inbox = node.listen(Conditions.privateTo(ADA, "inbox"));
        node.dispatch(BOB, "inbox", "from bob");
        node.dispatch(ADA, "inbox", "from ada");
        assertThat(waiting(inbox)).containsExactly("from bob", "from ada");
    }

    /** 3: since = time.Now() after the responder: what was created between the query and that line was never seen. */
    @Test
    void nothingIsLostBetweenTwoReads() {
        assertThat(lostBetweenReads(new MemoryStore(new MemorySpace(clock, 1_000_000))))
                .isEmpty();
    }

    /** The same check on a store that reads by time as the original did: it must see the loss, or it proves nothing. */
    @Test
    void readingByTimeAsTheOriginalDidLosesMessagesAndTheCheckSeesIt() {
        assertThat(lostBetweenReads(new ReadingByTime(new MemoryStore(new MemorySpace(clock, 1_000_000)), clock)))
                .isNotEmpty();
    }

    private TreeSet<Integer> lostBetweenReads(MailboxStore store) {
        long seed = new Random().nextLong();
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        TreeSet<Integer> lost = new TreeSet<>();
        int[] said = {0};
        try (Moitessier one = node(store)) {
            Listener room = one.listen(Conditions.shared(ADA, "room"));
            room.subscribe(message -> {
                lost.remove(Integer.valueOf(message.text()));
                if (random.nextInt(3) == 0) { // between the query and the line after the responder
                    say(one, lost, said[0]++);
                }
            });
            for (int i = 0; i < 500; i++) {
                say(one, lost, said[0]++);
                clock.advance(Duration.ofMillis(random.nextInt(3)));
            }
            clock.advance(Duration.ofMinutes(1));
        }
        return lost;
    }

    private static void say(Moitessier to, TreeSet<Integer> lost, int number) {
        lost.add(number);
        to.dispatch(BOB, "room", Integer.toString(number));
    }

    /** Answers what was dispatched since it was asked last, by the clock, and calls that all. */
    private static final class ReadingByTime extends TestStore {
        private final SettableClock clock;
        private final Map<String, Instant> since = new HashMap<>();

        ReadingByTime(MailboxStore store, SettableClock clock) {
            super(store);
            this.clock = clock;
        }

        @Override
        public List<Page> read(List<ReadRequest> requests, int maxBytes) {
            List<Page> pages = new ArrayList<>();
            for (ReadRequest request : requests) {
                ReadRequest all = new ReadRequest(request.scope(), 0, 10_000, false, request.readers());
                Page page = super.read(List.of(all), maxBytes).get(0);
                Instant last = since.getOrDefault(request.scope(), Instant.MIN);
                List<Entry> newer = page.entries().stream()
                        .filter(entry -> entry.at().isAfter(last))
                        .toList();
                since.put(request.scope(), clock.instant());
                pages.add(new Page(
                        page.scope(),
                        newer,
                        page.head(),
                        page.head(),
                        page.trimmed(),
                        page.membersVersion(),
                        false,
                        false));
            }
            return pages;
        }
    }

    /** 4: an interval of 0 polled without a pause for ever. */
    @Test
    void anIntervalOrTimeoutThatIsNotPositiveIsRefused() {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        for (Duration wrong : List.of(Duration.ZERO, Duration.ofMillis(-1))) {
            assertThatThrownBy(() -> ListenOptions.defaults().interval(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("interval must be longer than zero");
            assertThatThrownBy(() -> ListenOptions.defaults().timeout(wrong))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> room.listenUntil(
                            (listener, args) -> true,
                            (messages, args) -> {},
                            clock.instant(),
                            wrong,
                            Duration.ofSeconds(1)))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    /** 4: the duration counted only the sleeps, not the query and the functions. */
    @Test
    void theTimeoutCountsTheTimeOfTheFunctions() throws InterruptedException {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        for (int i = 0; i < 100; i++) {
            node.dispatch(BOB, "room", "" + i);
        }
        Ended ended = room.listenUntil(
                ListenOptions.defaults().batch(1).timeout(Duration.ofSeconds(10)), listener -> true, messages -> {
                    heard.add(messages.get(0).text());
                    clock.advance(Duration.ofSeconds(1));
                });
        assertThat(ended).isEqualTo(Ended.TIMEOUT);
        assertThat(heard).hasSize(10);
    }

    /** 4: nothing but the end of time ended a listening that waited. */
    @Test
    void listeningAnswersInterruption() {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> room.listenUntil(ListenOptions.defaults(), messages -> {}))
                .isInstanceOf(InterruptedException.class);
        assertThat(Thread.interrupted()).isFalse();
    }

    /** 5: no order and no limit. */
    @Test
    void pagesAreInOrderAndBounded() throws InterruptedException {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        for (int i = 0; i < 1_000; i++) {
            node.dispatch(BOB, "room", "" + i);
        }
        List<Long> positions = new ArrayList<>();
        room.listenUntil(ListenOptions.defaults().batch(64), listener -> positions.size() < 1_000, messages -> {
            assertThat(messages).hasSizeLessThanOrEqualTo(64);
            messages.forEach(message -> positions.add(message.position()));
        });
        assertThat(positions).hasSize(1_000).isSorted().doesNotHaveDuplicates();
    }

    /** 6: a handler's text went to whichever listeners came after it in the query. */
    @Test
    void aHandlersTextReachesItsListenerAlone() {
        Listener before = node.listen(Conditions.privateTo(Person.of("a"), "room"));
        Listener handled = node.listen(Conditions.handler(ADA, "room"));
        Listener other = node.listen(Conditions.handler(BOB, "room"));
        Listener shared = node.listen(Conditions.shared(Person.of("z"), "room"));
        node.dispatch(
                BOB, "room", "text", (recipient, dispatch) -> recipient.person().equals(ADA) ? "for ada" : null);
        assertThat(waiting(before)).containsExactly("text");
        assertThat(waiting(handled)).containsExactly("for ada");
        assertThat(waiting(other)).isEmpty();
        assertThat(waiting(shared)).containsExactly("text");
    }

    /** 8: ids and times were set on a copy, so what came back had neither. */
    @Test
    void whatIsHeardSaysWhereWhenAndWho() {
        Listener room = node.listen(Conditions.shared(ADA, "room"));
        Dispatched dispatched = node.dispatch(BOB, "room", "hello");
        Message message = room.messages(Since.leftOff(), 1).get(0);
        assertThat(message.position()).isEqualTo(dispatched.position().orElseThrow());
        assertThat(message.dispatchId()).isEqualTo(dispatched.id());
        assertThat(message.at()).isEqualTo(clock.instant());
        assertThat(message.from()).isEqualTo(BOB);
    }

    /** 9: person and scope were joined by a slash, so a shared listener on "12/foo" read person 12's "foo". */
    @Test
    void namesThatLookAlikeAreDifferentMailboxes() {
        Person twelve = Person.of("12");
        Listener own = node.listen(Conditions.handler(twelve, "foo"));
        Listener intruder = node.listen(Conditions.shared(BOB, "12/foo"));
        Listener slashes = node.listen(Conditions.privateTo(Person.of("12/foo"), "12"));
        node.dispatch(Dispatch.from(ADA).to("foo").only(twelve).text("secret"));
        assertThat(waiting(own)).containsExactly("secret");
        assertThat(waiting(intruder)).isEmpty();
        assertThat(waiting(slashes)).isEmpty();
    }

    /** 10: on Postgres no subscriber was ever stored, so the first to close took the mailbox from all. */
    @Test
    void theFirstToCloseTakesNothingFromTheOthers() {
        Listener first = node.listen(Conditions.shared(ADA, "room"));
        Listener second = node.listen(Conditions.shared(BOB, "room"));
        first.close();
        node.dispatch(BOB, "room", "still here");
        assertThat(waiting(second)).containsExactly("still here");
    }

    /** 11: one person with two tabs was one subscriber. */
    @Test
    void twoTabsOfOnePersonAreTwoSubscribers() {
        Listener first = node.listen(Conditions.shared(ADA, "room"));
        Listener second = node.listen(Conditions.shared(ADA, "room"));
        assertThat(second.subscribers().size()).isEqualTo(2);
        first.close();
        node.dispatch(BOB, "room", "hello");
        assertThat(waiting(second)).containsExactly("hello");
    }

    /** 11: private and handler listeners were never deleted, and dispatches were written for them for ever. */
    @Test
    void theLastToCloseTakesTheMailboxAlong() {
        for (ListenerType type : ListenerType.values()) {
            node.listen(Conditions.of(ADA, type, "room")).close();
            assertThat(node.scopes("")).as("after a " + type).isEmpty();
            assertThat(node.dispatch(BOB, "room", "anyone?").position()).isEmpty();
        }
    }

    /** 12: close counted and then deleted, so who joined in between lost his listener. */
    @Test
    void whoJoinsWhileTheLastLeavesIsNotLost() throws InterruptedException {
        MemorySpace real = new MemorySpace();
        try (Moitessier leaving = Moitessier.on(new MemoryStore(real));
                Moitessier joining = Moitessier.on(new MemoryStore(real))) {
            for (int round = 0; round < 300; round++) {
                String scope = "room/" + round;
                Listener last = leaving.listen(Conditions.shared(ADA, scope));
                CountDownLatch go = new CountDownLatch(1);
                Thread closing = new Thread(() -> {
                    try {
                        go.await(10, TimeUnit.SECONDS);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    last.close();
                });
                closing.start();
                go.countDown();
                Listener joined = joining.listen(Conditions.shared(BOB, scope));
                closing.join(10_000);
                leaving.dispatch(ADA, scope, "hello");
                assertThat(waiting(joined)).containsExactly("hello");
                joined.close();
            }
        }
    }

    /** 13: the sender gets its own echo; here it can tell, client by client. */
    @Test
    void theSenderCanTellItsOwnEcho() {
        Person phone = Person.of("ada", "phone");
        Listener room = node.listen(Conditions.shared(phone, "room"));
        node.dispatch(phone, "room", "mine");
        node.dispatch(Person.of("ada", "desk"), "room", "from my desk");
        assertThat(room.messages(Since.leftOff(), 10))
                .extracting(message -> message.from().equals(phone))
                .containsExactly(true, false);
    }
}
