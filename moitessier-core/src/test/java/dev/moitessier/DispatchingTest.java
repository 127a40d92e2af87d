package dev.moitessier;

import static dev.moitessier.Spoken.ADA;
import static dev.moitessier.Spoken.BOB;
import static dev.moitessier.store.ListenerType.HANDLER;
import static dev.moitessier.store.ListenerType.PRIVATE;
import static dev.moitessier.store.ListenerType.SHARED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.Party;
import dev.moitessier.store.Retention;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.SweepPolicy;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DispatchingTest {
    private static final Dispatch FROM_BOB = Dispatch.from(BOB);

    @Nested
    class Scopes {
        @Test
        void oneScopeGetsOneEntryAtAPosition() {
            try (Spoken node = Spoken.near()) {
                ListenerRef room = node.shared("room");
                Dispatched done = node.dispatching.dispatch(FROM_BOB.to("room").text("hello"));
                assertThat(done.entries()).singleElement().satisfies(entry -> {
                    assertThat(entry.scope()).isEqualTo("room");
                    assertThat(entry.outcome()).isEqualTo(Dispatched.Outcome.STORED);
                    assertThat(entry.duplicate()).isFalse();
                });
                assertThat(node.entries("room", room)).singleElement().satisfies(entry -> {
                    assertThat(entry.position()).isEqualTo(done.position().getAsLong());
                    assertThat(entry.dispatch()).isEqualTo(done.id());
                    assertThat(entry.content().sender()).isEqualTo(BOB.party());
                });
                assertThat(node.heard(room)).containsExactly("hello");
            }
        }

        @Test
        void aScopeThatNobodyListensToIsUnheardAndIsNotMade() {
            try (Spoken node = Spoken.near()) {
                Dispatched done =
                        node.dispatching.dispatch(FROM_BOB.to("nowhere").text("hello"));
                assertThat(done.isEmpty()).isFalse();
                assertThat(done.position()).isEmpty();
                assertThat(done.entries().get(0).outcome()).isEqualTo(Dispatched.Outcome.UNHEARD);
                assertThat(node.memory.scopes("", null, 10)).isEmpty();
            }
        }

        @Test
        void severalScopesGetOneEntryEachInTheirOrderAndATwiceNamedOneIsOne() {
            try (Spoken node = Spoken.near()) {
                ListenerRef a = node.shared("a");
                ListenerRef b = node.shared("b");
                Dispatched done = node.dispatching.dispatch(
                        FROM_BOB.to("b", "unheard", "a", "b").text("x"));
                assertThat(done.entries()).extracting(Dispatched.Entry::scope).containsExactly("b", "unheard", "a");
                assertThat(node.heard(a)).containsExactly("x");
                assertThat(node.heard(b)).containsExactly("x");
                assertThatIllegalStateException().isThrownBy(done::position).withMessageContaining("3 scopes");
            }
        }

        @Test
        void aPrefixAndAPredicateReachTheLiveScopesThatMatchHoweverMany() {
            try (Spoken node = Spoken.near()) {
                for (int i = 0; i < 1_100; i++) {
                    node.shared("room/" + i);
                }
                node.shared("lobby");
                assertThat(node.dispatching
                                .dispatch(FROM_BOB.toScopesUnder("room/").text("closing"))
                                .entries())
                        .hasSize(1_100)
                        .allMatch(entry -> entry.outcome() == Dispatched.Outcome.STORED);
                assertThat(node.dispatching
                                .dispatch(FROM_BOB.toScopesUnder("", scope -> scope.endsWith("/7"))
                                        .text("you"))
                                .entries())
                        .extracting(Dispatched.Entry::scope)
                        .containsExactly("room/7");
                assertThat(node.dispatching
                                .dispatch(FROM_BOB.toScopesUnder("none/").text("x"))
                                .isEmpty())
                        .isTrue();
            }
        }

        @Test
        void twelveSlashFooIsNotPersonTwelvesFoo() { // originals: moitessier 9
            try (Spoken node = Spoken.near()) {
                ListenerRef sharedScope = node.shared("12/foo");
                ListenerRef handlerOf12 = node.mailbox("foo", HANDLER, Person.of("12"));
                node.dispatching.dispatch(FROM_BOB.to("foo").text("for 12's eyes"));
                assertThat(node.heard(handlerOf12)).containsExactly("for 12's eyes");
                assertThat(node.heard(sharedScope)).isEmpty();
                assertThat(Recipient.of(sharedScope).listenerId())
                        .isNotEqualTo(Recipient.of(handlerOf12).listenerId());
                assertThat(Recipient.of(new ListenerRef("c", PRIVATE, new Party("a", "b")))
                                .listenerId())
                        .isNotEqualTo(Recipient.of(new ListenerRef("ca", PRIVATE, new Party("b", "")))
                                .listenerId());
            }
        }
    }

    @Nested
    class Recipients {
        @Test
        void aPrivateMailboxHearsWhoeverSpeaks() { // originals: moitessier 1 and 2
            try (Spoken node = Spoken.near()) {
                ListenerRef adas = node.mailbox("room", PRIVATE, ADA);
                node.dispatching.dispatch(FROM_BOB.to("room").text("from bob"));
                node.dispatching.dispatch(Dispatch.from(ADA).to("room").text("from ada"));
                assertThat(node.heard(adas)).containsExactly("from bob", "from ada");
            }
        }

        @Test
        void aNamedRecipientHearsAloneOnAllClientsOrOnTheNamedOne() {
            try (Spoken node = Spoken.near()) {
                ListenerRef phone = node.mailbox("room", PRIVATE, Person.of("ada", "phone"));
                ListenerRef tablet = node.mailbox("room", PRIVATE, Person.of("ada", "tablet"));
                ListenerRef bobs = node.mailbox("room", PRIVATE, BOB);
                ListenerRef all = node.shared("room");
                node.dispatching.dispatch(FROM_BOB.to("room").only(ADA).text("ada"));
                node.dispatching.dispatch(
                        FROM_BOB.to("room").only(Person.of("ada", "phone")).text("phone"));
                assertThat(node.heard(phone)).containsExactly("ada", "phone");
                assertThat(node.heard(tablet)).containsExactly("ada");
                assertThat(node.heard(bobs)).isEmpty();
                assertThat(node.heard(all)).isEmpty();
            }
        }

        @Test
        void recipientsAreThoseThatWereThereAndWereMeant() {
            try (Spoken node = Spoken.near()) {
                node.mailbox("room", PRIVATE, ADA);
                node.mailbox("room", PRIVATE, BOB);
                node.shared("room");
                Dispatched toAda =
                        node.dispatching.dispatch(FROM_BOB.to("room").only(ADA).text("x"));
                Dispatched toAll =
                        node.dispatching.dispatch(FROM_BOB.to("room", "nowhere").text("x"));
                node.mailbox("room", PRIVATE, Person.of("late"));
                assertThat(node.dispatching.recipients(toAda))
                        .extracting(Recipient::person)
                        .containsExactly(ADA);
                assertThat(node.dispatching.recipients(toAll))
                        .extracting(Recipient::type)
                        .containsExactlyInAnyOrder(PRIVATE, PRIVATE, SHARED);
            }
        }

        @Test
        void whatRetentionRemovedReachesNobodyAnyMore() {
            try (Spoken node = Spoken.near()) {
                node.shared("room");
                Dispatched done = node.dispatching.dispatch(FROM_BOB.to("room").text("x"));
                node.dispatching.dispatch(FROM_BOB.to("room").text("y"));
                Retention newest = new Retention(Duration.ofDays(1), 1);
                node.memory.sweep(new SweepPolicy(scope -> newest, Duration.ofDays(1), null, 100));
                assertThat(node.dispatching.recipients(done)).isEmpty();
            }
        }
    }

    @Nested
    class Handlers {
        @Test
        void eachHandlerListenerGetsItsOwnTextAndNobodyElse() { // originals: moitessier 6 and 7
            try (Spoken node = Spoken.near()) {
                ListenerRef shared = node.shared("greetings");
                ListenerRef ada = node.mailbox("greetings", HANDLER, ADA);
                ListenerRef bob = node.mailbox("greetings", HANDLER, BOB);
                ListenerRef eve = node.mailbox("greetings", PRIVATE, Person.of("eve"));
                Handler greet = (recipient, dispatch) -> "Dear "
                        + recipient.person().id() + " from " + dispatch.from().id();
                Dispatched done = node.dispatching.dispatch(Dispatch.from(Person.of("host"))
                        .to("greetings")
                        .text("hi all")
                        .handler(greet));
                assertThat(node.heard(ada)).containsExactly("Dear ada from host");
                assertThat(node.heard(bob)).containsExactly("Dear bob from host");
                assertThat(node.heard(shared)).containsExactly("hi all");
                assertThat(node.heard(eve)).containsExactly("hi all");
                assertThat(done.results())
                        .extracting(result -> result.recipient().person().id() + ": " + result.text())
                        .containsExactlyInAnyOrder("ada: Dear ada from host", "bob: Dear bob from host");
            }
        }

        @Test
        void aFunctionThatThrowsOrIsSilentLeavesItsListenerWithNothingAndTheOthersUnharmed() {
            try (Spoken node = Spoken.near()) {
                ListenerRef ada = node.mailbox("g", HANDLER, ADA);
                ListenerRef bob = node.mailbox("g", HANDLER, BOB);
                ListenerRef eve = node.mailbox("g", HANDLER, Person.of("eve"));
                Dispatched done = node.dispatching.dispatch(
                        FROM_BOB.to("g").text("body").handler((recipient, dispatch) -> switch (recipient
                                .person()
                                .id()) {
                            case "bob" -> throw new IOException("no template for bob");
                            case "eve" -> " ";
                            default -> "dear";
                        }));
                assertThat(node.heard(ada)).containsExactly("dear");
                assertThat(node.heard(bob)).isEmpty();
                assertThat(node.heard(eve)).isEmpty();
                assertThat(done.failures()).singleElement().satisfies(failure -> {
                    assertThat(failure.recipient().person()).isEqualTo(BOB);
                    assertThat(failure.cause()).hasMessage("no template for bob");
                });
                assertThat(done.results()).hasSize(1);
            }
        }

        @Test
        void withoutAFunctionHandlerListenersGetTheBody() {
            try (Spoken node = Spoken.near()) {
                ListenerRef ada = node.mailbox("g", HANDLER, ADA);
                node.dispatching.dispatch(FROM_BOB.to("g").text("body"));
                assertThat(node.heard(ada)).containsExactly("body");
            }
        }

        @Test
        void functionsOfThoseNotMeantAreNotCalled() {
            try (Spoken node = Spoken.near()) {
                ListenerRef ada = node.mailbox("g", HANDLER, ADA);
                node.mailbox("g", HANDLER, BOB);
                List<String> asked = new ArrayList<>();
                node.dispatching.dispatch(FROM_BOB.to("g").only(ADA).handler((recipient, dispatch) -> {
                    asked.add(recipient.person().id());
                    return "x";
                }));
                assertThat(asked).containsExactly("ada");
                assertThat(node.heard(ada)).containsExactly("x");
            }
        }

        @Test
        void aTextTooLongForTheStoreIsThatListenersFailure() {
            try (Spoken node = Spoken.near()) {
                node.mailbox("g", HANDLER, ADA);
                int limit = node.store.capabilities().maxBody();
                Dispatched done = node.dispatching.dispatch(
                        FROM_BOB.to("g").text("x").handler((recipient, dispatch) -> "x".repeat(limit + 1)));
                assertThat(done.failures())
                        .singleElement()
                        .extracting(failure -> failure.cause().getMessage())
                        .asString()
                        .contains(String.valueOf(limit));
            }
        }

        @Test
        void moreTextsThanAnAppendMayCarryAreRefusedAndNothingIsWritten() {
            try (Spoken node = Spoken.near()) {
                ListenerRef shared = node.shared("g");
                int limit = node.store.capabilities().maxTexts();
                for (int i = 0; i <= limit; i++) {
                    node.mailbox("g", HANDLER, Person.of("p" + i));
                }
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> node.dispatching.dispatch(
                                FROM_BOB.to("g").text("x").handler((recipient, dispatch) -> "t")))
                        .withMessageContaining("at most " + limit);
                assertThat(node.heard(shared)).isEmpty();
            }
        }

        @Test
        void aListenerThatJoinsMeanwhileIsAskedForTooAndNobodyTwice() { // M2
            try (Spoken node = Spoken.far()) {
                ListenerRef ada = node.mailbox("g", HANDLER, ADA);
                AtomicInteger joined = new AtomicInteger();
                node.line().line = (batch, store) -> {
                    if (joined.getAndIncrement() < 3) {
                        node.mailbox("g", HANDLER, Person.of("late" + joined));
                    }
                    return store.append(batch);
                };
                List<String> asked = new CopyOnWriteArrayList<>();
                Dispatched done = node.dispatching.dispatch(FROM_BOB.to("g").handler((recipient, dispatch) -> {
                    asked.add(recipient.person().id());
                    return "dear " + recipient.person().id();
                }));
                assertThat(asked).containsExactlyInAnyOrder("ada", "late1", "late2", "late3");
                assertThat(done.results()).hasSize(4);
                assertThat(node.heard(ada)).containsExactly("dear ada");
                assertThat(node.line().calls).hasSize(4);
            }
        }

        @Test
        void afterFiveStaleTriesItIsAppendedWithoutCondition() { // M2
            try (Spoken node = Spoken.far()) {
                ListenerRef ada = node.mailbox("g", HANDLER, ADA);
                AtomicInteger joined = new AtomicInteger();
                node.line().line = (batch, store) -> {
                    node.mailbox("g", HANDLER, Person.of("late" + joined.incrementAndGet()));
                    return store.append(batch);
                };
                node.dispatching.dispatch(FROM_BOB.to("g").text("body").handler((recipient, dispatch) -> "x"));
                assertThat(node.line().calls).hasSize(6);
                assertThat(node.line().calls)
                        .extracting(call -> call.batch().get(0).ifMembers().isPresent())
                        .containsExactly(true, true, true, true, true, false);
                assertThat(node.heard(ada)).containsExactly("x");
                ListenerRef last = new ListenerRef("g", HANDLER, Spoken.party("late6"));
                assertThat(node.heard(last)).as("joined after the last look").isEmpty();
            }
        }

        @Test
        void knownMembersCostNoSecondCall() {
            try (Spoken node = Spoken.far()) {
                node.mailbox("g", HANDLER, ADA);
                Dispatch again = FROM_BOB.to("g").handler((recipient, dispatch) -> "x");
                node.dispatching.dispatch(again);
                node.mailbox("g", HANDLER, BOB);
                assertThat(node.dispatching.dispatch(again).results()).hasSize(2);
                assertThat(node.dispatching.dispatch(again).results()).hasSize(2);
                assertThat(node.line().calls).as("one stale try between").hasSize(4);
            }
        }

        @Test
        void aHandlerMayDispatchToItsOwnScope() {
            for (Spoken node : List.of(Spoken.near(), Spoken.far())) {
                try (node) {
                    ListenerRef shared = node.shared("g");
                    node.mailbox("g", HANDLER, ADA);
                    Dispatch outer = FROM_BOB.to("g").text("outer").handler((recipient, dispatch) -> {
                        node.dispatching.dispatch(FROM_BOB.to("g").text("inner"));
                        return "x";
                    });
                    node.dispatching.dispatch(outer);
                    node.dispatching.dispatchAsync(outer).toCompletableFuture().join();
                    assertThat(node.heard(shared)).containsExactly("inner", "outer", "inner", "outer");
                }
            }
        }
    }

    @Nested
    class NothingToSay {
        @Test
        void aBlankTextWithoutHandlerIsEmptyAndWritesNothing() {
            try (Spoken node = Spoken.near()) {
                ListenerRef room = node.shared("room");
                for (String blank : List.of("", " ", "\n\t ")) {
                    Dispatched done =
                            node.dispatching.dispatch(FROM_BOB.to("room").text(blank));
                    assertThat(done.isEmpty()).isTrue();
                }
                assertThat(node.dispatching
                                .dispatch(FROM_BOB.to("room").only(ADA))
                                .isEmpty())
                        .isTrue();
                assertThat(node.dispatching
                                .dispatch(FROM_BOB.to("room").bytes(new byte[0]))
                                .isEmpty())
                        .isTrue();
                assertThat(node.dispatching
                                .dispatchAsync(FROM_BOB.to("room").text(""))
                                .toCompletableFuture()
                                .join()
                                .isEmpty())
                        .isTrue();
                assertThat(node.entries("room", room)).isEmpty();
            }
        }

        @Test
        void blanksGivenAsBytesAreABody() {
            try (Spoken node = Spoken.near()) {
                ListenerRef room = node.shared("room");
                node.dispatching.dispatch(FROM_BOB.to("room").bytes(new byte[] {' '}));
                assertThat(node.heard(room)).containsExactly(" ");
            }
        }
    }

    @Nested
    class Identity {
        @Test
        void aTemplateGetsAFreshIdForEachCall() { // originals: moitessier 15
            try (Spoken node = Spoken.near()) {
                node.shared("room");
                Dispatch template = FROM_BOB.to("room").text("x");
                Set<UUID> ids = new HashSet<>();
                for (int i = 0; i < 1_000; i++) {
                    ids.add(node.dispatching.dispatch(template).id());
                }
                assertThat(ids).hasSize(1_000).allMatch(id -> id.version() == 7 && id.variant() == 2);
                assertThat(node.entries("room")).hasSize(1_000);
            }
        }

        @Test
        void idsOfManyThreadsDoNotMeet() throws InterruptedException {
            Set<UUID> ids = java.util.concurrent.ConcurrentHashMap.newKeySet();
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                Thread thread = new Thread(() -> {
                    for (int i = 0; i < 10_000; i++) {
                        ids.add(Ids.random());
                    }
                });
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(ids).hasSize(80_000);
        }

        @Test
        void anIdBeginsWithItsTime() {
            long before = System.currentTimeMillis();
            UUID id = Ids.random();
            assertThat(id.version()).isEqualTo(7);
            assertThat(id.variant()).isEqualTo(2);
            assertThat(id.getMostSignificantBits() >>> 16).isBetween(before, System.currentTimeMillis());
        }

        @Test
        void aSecondDispatchWithTheSameIdWritesOnlyWhatIsMissing() { // originals: moitessier 14
            try (Spoken node = Spoken.near()) {
                ListenerRef a = node.shared("a");
                Dispatch payment = FROM_BOB.to("a").text("paid").id(Dispatch.idOf("order-17"));
                Dispatched first = node.dispatching.dispatch(payment);
                ListenerRef b = node.shared("b");
                Dispatched second =
                        node.dispatching.dispatch(payment.to("a", "b").text("other words"));
                assertThat(second.id()).isEqualTo(first.id());
                assertThat(second.entries())
                        .extracting(Dispatched.Entry::duplicate)
                        .containsExactly(true, false);
                assertThat(second.entries().get(0).position()).isEqualTo(first.position());
                assertThat(node.heard(a)).containsExactly("paid");
                assertThat(node.heard(b)).containsExactly("other words");
            }
        }

        @Test
        void theIdOfAKeyIsTheSameForEver() {
            assertThat(Dispatch.idOf("order-17"))
                    .isEqualTo(Dispatch.idOf("order-17"))
                    .isNotEqualTo(Dispatch.idOf("order-18"))
                    .hasToString("72a90ea3-da8b-8dd0-9bde-2f27314e02e2")
                    .matches(id -> id.version() == 8 && id.variant() == 2);
            assertThatIllegalArgumentException().isThrownBy(() -> Dispatch.idOf(""));
        }
    }

    @Nested
    class Failures {
        @Test
        void anUnknownOutcomeIsTriedAgainUnderTheSameIdAndWrittenOnce() { // E1, I1
            for (Spoken node : List.of(Spoken.near(), Spoken.far())) {
                try (node) {
                    ListenerRef room = node.shared("room");
                    AtomicInteger tries = new AtomicInteger();
                    node.line().line = (batch, store) -> {
                        List<Appended> answers = store.append(batch);
                        return tries.incrementAndGet() < 4 ? failed(batch, unavailable(true)) : answers;
                    };
                    Dispatched done =
                            node.dispatching.dispatch(FROM_BOB.to("room").text("once"));
                    assertThat(node.heard(room)).containsExactly("once");
                    assertThat(done.entries().get(0).duplicate()).isTrue();
                    assertThat(node.line().calls)
                            .hasSize(4)
                            .extracting(call -> call.batch().get(0).dispatch())
                            .containsOnly(done.id());
                }
            }
        }

        @Test
        void afterTheCallTimeoutTheFailureNamesTheIdAndSaysHowToTryAgain() {
            Duration timeout = Duration.ofMillis(300);
            for (boolean far : new boolean[] {false, true}) {
                Spoken.Builder builder = new Spoken.Builder().callTimeout(timeout);
                try (Spoken node = (far ? builder.far() : builder).build()) {
                    node.shared("room");
                    AtomicInteger tries = new AtomicInteger();
                    node.line().line = (batch, store) -> failed(batch, unavailable(tries.incrementAndGet() == 1));
                    long started = System.nanoTime();
                    StoreException.Unavailable failure = catchThrowableOfType(
                            StoreException.Unavailable.class,
                            () -> node.dispatching.dispatch(FROM_BOB.to("room").text("x")));
                    assertThat(Duration.ofNanos(System.nanoTime() - started)).isGreaterThanOrEqualTo(timeout);
                    UUID id = node.line().calls.get(0).batch().get(0).dispatch();
                    assertThat(failure)
                            .hasMessageContaining("dispatch.id(UUID.fromString(\"" + id + "\"))")
                            .hasMessageContaining("room")
                            .hasMessageContaining("may have been written");
                    assertThat(failure.outcomeUnknown()).as("the first try was").isTrue();
                    assertThat(tries).hasValueGreaterThan(2);
                }
            }
        }

        @Test
        void allScopesAreTriedBeforeTheFirstFailureIsThrown() {
            try (Spoken node = Spoken.far()) {
                ListenerRef b = node.shared("b");
                node.line().line = (batch, store) -> batch.stream()
                        .map(append -> append.scope().equals("b")
                                ? store.append(List.of(append)).get(0)
                                : new Appended.Failed(new StoreException.Rejected("not " + append.scope())))
                        .toList();
                assertThatExceptionOfType(StoreException.Rejected.class)
                        .isThrownBy(() -> node.dispatching.dispatch(
                                FROM_BOB.to("a", "b", "c").text("x")))
                        .withMessageContaining("not a")
                        .satisfies(failure -> assertThat(failure.getSuppressed())
                                .anySatisfy(other -> assertThat(other).hasMessageContaining("not c")));
                assertThat(node.heard(b)).containsExactly("x");
            }
        }

        @Test
        void whatWillNotPassIsNotTriedAgain() {
            try (Spoken node = Spoken.near()) {
                node.shared("room");
                node.line().line = (batch, store) -> failed(batch, new StoreException.Rejected("full at 1,000,000"));
                assertThatExceptionOfType(StoreException.Rejected.class)
                        .isThrownBy(() ->
                                node.dispatching.dispatch(FROM_BOB.to("room").text("x")))
                        .withMessageContaining("full at 1,000,000")
                        .withMessageContaining("nothing was written");
                assertThat(node.line().calls).hasSize(1);
            }
        }

        @Test
        void aStoreThatBreaksTheContractIsAnUnknownOutcomeNotAHang() {
            try (Spoken node =
                    new Spoken.Builder().callTimeout(Duration.ofMillis(50)).build()) {
                node.shared("room");
                for (PassingStore.Line broken :
                        List.<PassingStore.Line>of((batch, store) -> List.of(), (batch, store) -> {
                            throw new IllegalStateException("bug");
                        })) {
                    node.line().line = broken;
                    assertThatExceptionOfType(StoreException.Unavailable.class)
                            .isThrownBy(() -> node.dispatching.dispatch(
                                    FROM_BOB.to("room").text("x")))
                            .matches(StoreException::outcomeUnknown);
                }
            }
        }

        @Test
        void anInterruptedCallerIsToldAndKeepsItsFlag() {
            for (Spoken node : List.of(Spoken.near(), Spoken.far())) {
                try (node) {
                    ListenerRef room = node.shared("room");
                    Thread.currentThread().interrupt();
                    assertThatExceptionOfType(StoreException.Interrupted.class)
                            .isThrownBy(() -> node.dispatching.dispatch(
                                    FROM_BOB.to("room").text("x")));
                    assertThat(Thread.interrupted()).isTrue();
                    assertThat(node.heard(room)).isEmpty();
                }
            }
        }

        @Test
        void aClosedNodeSaysSo() {
            Spoken node = Spoken.near();
            node.close();
            Dispatch dispatch = FROM_BOB.to("room").text("x");
            assertThatIllegalStateException().isThrownBy(() -> node.dispatching.dispatch(dispatch));
            assertThatIllegalStateException().isThrownBy(() -> node.dispatching.dispatchAsync(dispatch));
            assertThatIllegalStateException().isThrownBy(() -> node.dispatching.within(node.memory));
        }
    }

    @Nested
    class Limits {
        @Test
        void aBodyBeyondTheStoresLimitIsRefusedAndNothingIsWritten() {
            try (Spoken node = Spoken.near()) {
                ListenerRef a = node.shared("a");
                int limit = node.store.capabilities().maxBody();
                node.dispatching.dispatch(FROM_BOB.to("a").bytes(new byte[limit]));
                Dispatch tooLong = FROM_BOB.to("a").text("é".repeat(limit / 2 + 1));
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> node.dispatching.dispatch(tooLong))
                        .withMessageContaining(limit + 2 + " bytes")
                        .withMessageContaining("at most " + limit);
                assertThatIllegalArgumentException().isThrownBy(() -> node.dispatching.dispatchAsync(tooLong));
                assertThat(node.entries("a")).hasSize(1);
            }
        }

        @Test
        void aDispatchToNowhereIsRefused() {
            try (Spoken node = Spoken.near()) {
                assertThatIllegalArgumentException()
                        .isThrownBy(() -> node.dispatching.dispatch(FROM_BOB.text("x")))
                        .withMessageContaining("needs a scope");
                assertThatIllegalArgumentException().isThrownBy(FROM_BOB::to);
            }
        }
    }

    @Nested
    class Surroundings {
        @Test
        void headersOfTheSurroundingsTravelAndTheDispatchsOwnWin() {
            try (Spoken node = new Spoken.Builder()
                    .headers(() -> Map.of("traceparent", "00-1-1-01", "tenant", "7"))
                    .build()) {
                node.shared("a");
                node.dispatching.dispatch(FROM_BOB.to("a").text("x").header("traceparent", "00-2-2-01"));
                assertThat(node.entries("a"))
                        .singleElement()
                        .extracting(entry -> entry.content().headers())
                        .isEqualTo(Map.of("traceparent", "00-2-2-01", "tenant", "7"));
            }
        }

        @Test
        void anObserverHearsOfEveryScopeAndMayBreakWithoutHarm() {
            List<String> told = new ArrayList<>();
            Observer observer = new Observer() {
                @Override
                public void dispatched(String scope, Dispatched.Outcome outcome, Duration took) {
                    assertThat(took).isPositive();
                    told.add(scope + ' ' + outcome);
                    throw new IllegalStateException("a bad observer");
                }

                @Override
                public void dispatchFailed(String scope, Throwable cause) {
                    told.add(scope + " failed");
                }
            };
            try (Spoken node = new Spoken.Builder().observer(observer).build()) {
                node.shared("a");
                node.dispatching.dispatch(FROM_BOB.to("a").text("x"));
                node.dispatching.dispatch(FROM_BOB.to("nowhere").text("x"));
                node.line().line = (batch, store) -> failed(batch, new StoreException.Rejected("no"));
                assertThatExceptionOfType(StoreException.Rejected.class)
                        .isThrownBy(
                                () -> node.dispatching.dispatch(FROM_BOB.to("a").text("x")));
                assertThat(told).containsExactly("a STORED", "nowhere UNHEARD", "a failed");
            }
        }
    }

    @Nested
    class FlightRecorder {
        @Test
        void aRecordingHasAnEventForEachDispatch(@TempDir Path folder) throws IOException {
            try (Spoken node = Spoken.near();
                    Recording recording = new Recording()) {
                node.shared("a");
                recording.enable("dev.moitessier.Dispatch").withoutThreshold();
                recording.start();
                Dispatched done = node.dispatching.dispatch(FROM_BOB.to("a").text("four"));
                node.dispatching.dispatchAsync(FROM_BOB.to("a", "nowhere").text("x"));
                recording.stop();
                Path file = folder.resolve("dispatches.jfr");
                recording.dump(file);
                assertThat(RecordingFile.readAllEvents(file))
                        .filteredOn(event -> event.getEventType().getName().equals("dev.moitessier.Dispatch"))
                        .satisfiesExactly(
                                event -> {
                                    assertThat(event.getString("scope")).isEqualTo("a");
                                    assertThat(event.getString("dispatch"))
                                            .isEqualTo(done.id().toString());
                                    assertThat(event.getInt("body")).isEqualTo(4);
                                    assertThat(event.getBoolean("failed")).isFalse();
                                },
                                event -> assertThat(event.getInt("scopes")).isEqualTo(2));
            }
        }
    }

    @Nested
    class Enlisted {
        /** A transaction as a store would offer it: nothing is there until it commits. */
        class Transaction implements dev.moitessier.store.Appender {
            final Spoken node;
            final List<Append> written = new ArrayList<>();

            Transaction(Spoken node) {
                this.node = node;
            }

            @Override
            public List<Appended> append(List<Append> batch) {
                written.addAll(batch);
                return batch.stream()
                        .<Appended>map(append -> new Appended.Enlisted())
                        .toList();
            }

            @Override
            public dev.moitessier.store.Members members(String scope, Set<ListenerRef> only) {
                return node.memory.members(scope, only);
            }

            void commit() {
                node.memory.append(written);
            }
        }

        @Test
        void itIsWrittenThroughTheTransactionAloneAndHandlersRunInside() {
            try (Spoken node = Spoken.near()) {
                ListenerRef ada = node.mailbox("g", HANDLER, ADA);
                Transaction transaction = new Transaction(node);
                Dispatcher inside = node.dispatching.within(transaction);
                Dispatched done =
                        inside.dispatch(FROM_BOB.to("g", "h").text("x").handler((recipient, dispatch) -> "dear"));
                assertThat(done.entries())
                        .extracting(Dispatched.Entry::outcome)
                        .containsOnly(Dispatched.Outcome.ENLISTED);
                assertThat(done.entries().get(0).results()).hasSize(1);
                assertThat(done.entries().get(1).results()).isEmpty();
                assertThat(done.entries().get(0).position()).isEmpty();
                assertThat(node.line().calls)
                        .as("calls outside the transaction")
                        .isEmpty();
                assertThat(transaction.written)
                        .allMatch(append -> append.ifMembers().isEmpty());
                assertThat(node.heard(ada)).isEmpty();
                transaction.commit();
                assertThat(node.heard(ada)).containsExactly("dear");
            }
        }

        @Test
        void aFailureIsTheTransactionsAndIsNotTriedAgain() { // T4
            try (Spoken node = Spoken.near()) {
                AtomicInteger tries = new AtomicInteger();
                Transaction failing = new Transaction(node) {
                    @Override
                    public List<Appended> append(List<Append> batch) {
                        tries.incrementAndGet();
                        return failed(batch, new StoreException.Conflict("serialization failure", null));
                    }
                };
                assertThatExceptionOfType(StoreException.Conflict.class)
                        .isThrownBy(() -> node.dispatching.within(failing).dispatch(BOB, "a", "x"))
                        .withMessageContaining("serialization failure");
                assertThat(tries).hasValue(1);
            }
        }

        @Test
        void aPrefixIsRefusedSinceListingNeedsASecondConnection() {
            try (Spoken node = Spoken.near()) {
                Dispatcher inside = node.dispatching.within(new Transaction(node));
                assertThatIllegalArgumentException()
                        .isThrownBy(() ->
                                inside.dispatch(FROM_BOB.toScopesUnder("a/").text("x")))
                        .withMessageContaining("names its scopes");
            }
        }
    }

    @Nested
    class Farewells {
        @Test
        void aFarewellIsADispatchWithoutScopeHandlerAndId() {
            try (Spoken node = Spoken.near()) {
                var limits = node.store.capabilities();
                assertThat(Dispatching.farewell(FROM_BOB.text("gone").header("a", "b"), limits))
                        .satisfies(content -> {
                            assertThat(content.sender()).isEqualTo(BOB.party());
                            assertThat(content.headers()).isEqualTo(Map.of("a", "b"));
                        });
                for (Dispatch wrong : List.of(
                        FROM_BOB.to("a").text("gone"),
                        FROM_BOB.text(" "),
                        FROM_BOB.text("gone").id(UUID.randomUUID()),
                        FROM_BOB.text("gone").handler((recipient, dispatch) -> "x"),
                        FROM_BOB.bytes(new byte[limits.maxBody() + 1]))) {
                    assertThatIllegalArgumentException().isThrownBy(() -> Dispatching.farewell(wrong, limits));
                }
            }
        }
    }

    static StoreException unavailable(boolean unknown) {
        return new StoreException.Unavailable("connection reset", null, unknown);
    }

    static List<Appended> failed(List<Append> batch, StoreException cause) {
        return batch.stream()
                .<Appended>map(append -> new Appended.Failed(cause))
                .toList();
    }
}
