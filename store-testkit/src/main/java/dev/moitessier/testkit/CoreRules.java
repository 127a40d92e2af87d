package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.Conditions;
import dev.moitessier.Dispatch;
import dev.moitessier.Dispatched;
import dev.moitessier.Gap;
import dev.moitessier.ListenOptions;
import dev.moitessier.Listener;
import dev.moitessier.Message;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.Recipient;
import dev.moitessier.Since;
import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Beat;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.HintSink;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Page;
import dev.moitessier.store.Party;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.Watch;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The rules that are core's, or core's as well. */
interface CoreRules {
    Person ADA = Person.of("ada");
    Person ADAS_PHONE = Person.of("ada", "phone");
    Person BOB = Person.of("bob");

    @Test
    default void A3_eachListenerGetsWhatIsForIt(Bench bench) throws Exception {
        // The second store answers more than was asked for, as R2 allows: core must still give to each what is his.
        for (boolean generous : new boolean[] {false, true}) {
            Moitessier node = node(bench, generous ? new Generous(bench.open()) : bench.open());
            String scope = bench.scope();
            Map<String, Listener> listeners = new HashMap<>();
            listeners.put("shared", node.listen(Conditions.shared(BOB, scope)));
            listeners.put("private ada", node.listen(Conditions.privateTo(ADA, scope)));
            listeners.put("private ada's phone", node.listen(Conditions.privateTo(ADAS_PHONE, scope)));
            listeners.put("private bob", node.listen(Conditions.privateTo(BOB, scope)));
            listeners.put("handler ada", node.listen(Conditions.handler(ADA, scope)));
            listeners.put("handler ada's phone", node.listen(Conditions.handler(ADAS_PHONE, scope)));
            listeners.put("handler bob", node.listen(Conditions.handler(BOB, scope)));
            node.dispatch(Dispatch.from(BOB).to(scope).text("all"));
            node.dispatch(Dispatch.from(BOB).to(scope).text("ada").only(ADA));
            node.dispatch(Dispatch.from(BOB).to(scope).text("phone").only(ADAS_PHONE));
            node.dispatch(Dispatch.from(BOB)
                    .to(scope)
                    .text("body")
                    .handler((recipient, dispatch) -> "for "
                            + recipient.person().id() + recipient.person().client()));
            Map<String, List<String>> heard = new HashMap<>();
            listeners.forEach((name, listener) -> heard.put(
                    name,
                    listener.messages(Since.leftOff(), 100).stream()
                            .map(Message::text)
                            .toList()));
            assertThat(heard)
                    .as("what each heard, by a store that answers %s", generous ? "more than asked" : "what is asked")
                    .isEqualTo(Map.of(
                            "shared", List.of("all", "body"),
                            "private ada", List.of("all", "ada", "body"),
                            "private ada's phone", List.of("all", "ada", "phone", "body"),
                            "private bob", List.of("all", "body"),
                            "handler ada", List.of("all", "ada", "for ada"),
                            "handler ada's phone", List.of("all", "ada", "phone", "for adaphone"),
                            "handler bob", List.of("all", "for bob")));
        }
    }

    @Test
    default void A3_aHandlerThatFailsLeavesItsListenerWithNothing(Bench bench) throws Exception {
        Moitessier node = node(bench, bench.open());
        String scope = bench.scope();
        Listener ada = node.listen(Conditions.handler(ADA, scope));
        Listener bob = node.listen(Conditions.handler(BOB, scope));
        Listener carol = node.listen(Conditions.handler(Person.of("carol"), scope));
        Dispatched dispatched =
                node.dispatch(Dispatch.from(BOB).to(scope).text("body").handler((recipient, dispatch) -> {
                    if (recipient.person().equals(ADA)) {
                        throw new IllegalStateException("no text for ada");
                    }
                    return recipient.person().equals(BOB) ? null : "for carol";
                }));
        assertThat(dispatched.failures()).as("failures").hasSize(1);
        assertThat(texts(ada)).as("whose function threw").isEmpty();
        assertThat(texts(bob)).as("whose function returned null").isEmpty();
        assertThat(texts(carol)).containsExactly("for carol");
    }

    @Test
    default void M2_aHandlerListenerThatJoinsMeanwhileGetsItsOwnText(Bench bench) throws Exception {
        Moitessier node = node(bench, bench.open());
        Moitessier elsewhere = node(bench, bench.open());
        String scope = bench.scope();
        bench.hold(node.listen(Conditions.handler(ADA, scope)));
        List<Listener> late = new CopyOnWriteArrayList<>();
        Map<String, Integer> calls = new HashMap<>();
        node.dispatch(
                Dispatch.from(BOB).to(scope).text("fallback").handler((Recipient recipient, Dispatch dispatch) -> {
                    calls.merge(recipient.person().id(), 1, Integer::sum);
                    if (late.isEmpty()) {
                        late.add(elsewhere.listen(Conditions.handler(BOB, scope)));
                    }
                    return "for " + recipient.person().id();
                }));
        assertThat(texts(late.get(0)))
                .as("what a handler listener got that joined while functions ran")
                .containsExactly("for bob");
        assertThat(calls).as("calls of the function, by person").isEqualTo(Map.of("ada", 1, "bob", 1));
    }

    @Test
    default void M2_afterFiveTriesItAppendsUnconditionally(Bench bench) throws Exception {
        AtomicInteger conditional = new AtomicInteger();
        AtomicInteger joined = new AtomicInteger();
        MailboxStore raw = bench.store();
        MailboxStore restless = new ForwardingStore(bench.open()) {
            @Override
            public List<Appended> append(List<Append> batch) {
                for (Append append : batch) {
                    if (append.ifMembers().isPresent()) {
                        conditional.incrementAndGet();
                        raw.register(bench.registration(
                                Bench.handler(append.scope(), "late" + joined.incrementAndGet()), "s"));
                    }
                }
                return super.append(batch);
            }
        };
        Moitessier node = node(bench, restless);
        String scope = bench.scope();
        Listener ada = node.listen(Conditions.handler(ADA, scope));
        Dispatched dispatched = node.dispatch(Dispatch.from(BOB)
                .to(scope)
                .text("x")
                .handler((recipient, dispatch) -> "for " + recipient.person().id()));
        assertThat(dispatched.position())
                .as("position of a dispatch to a scope where somebody joins before every append")
                .isPresent();
        assertThat(conditional.get()).as("conditional appends").isBetween(1, 5);
        assertThat(texts(ada)).containsExactly("for ada");
    }

    @Test
    default void V3_whoAsksForHistoryGetsWhatItWouldHaveGot(Bench bench) throws Exception {
        Moitessier node = node(bench, bench.open());
        String scope = bench.scope();
        bench.hold(node.listen(Conditions.shared(BOB, scope)));
        for (int i = 0; i < 5; i++) {
            node.dispatch(BOB, scope, "m" + i);
            node.dispatch(Dispatch.from(BOB).to(scope).text("only bob " + i).only(BOB));
        }
        Listener late = node.listen(Conditions.privateTo(ADA, scope));
        assertThat(texts(late)).as("since it registered").isEmpty();
        assertThat(late.messages(Since.last(2), 10))
                .extracting(Message::text)
                .as("the last 2 for it")
                .containsExactly("m3", "m4");
        assertThat(late.messages(Since.beginning(), 100))
                .extracting(Message::text)
                .as("from the beginning")
                .containsExactly("m0", "m1", "m2", "m3", "m4");
        assertThat(late.messages(Since.instant(Instant.EPOCH), 100))
                .extracting(Message::text)
                .as("since an instant")
                .containsExactly("m0", "m1", "m2", "m3", "m4");
        assertThat(late.messages(Since.now(), 100)).as("since now").isEmpty();
    }

    @Test
    default void C1_aStoreThatForgotIsReportedAndTheListenerGoesOn(Bench bench) throws Exception {
        MailboxStore before = bench.open();
        AtomicReference<MailboxStore> present = new AtomicReference<>(before);
        MailboxStore forgetful = new ForwardingStore(before) {
            @Override
            protected MailboxStore store() {
                return Objects.requireNonNull(present.get());
            }

            @Override
            public Watch watch(HintSink sink) {
                return new Mute();
            }
        };
        Moitessier node = node(bench, forgetful);
        String scope = bench.scope();
        List<String> heard = new CopyOnWriteArrayList<>();
        List<Gap> gaps = new CopyOnWriteArrayList<>();
        Listener listener = node.listen(Conditions.shared(ADA, scope));
        listener.subscribe(
                ListenOptions.defaults().interval(Duration.ofMillis(100)).onGap(gaps::add),
                message -> heard.add(message.text()));
        node.dispatch(BOB, scope, "before");
        soon(bench, "the listener hears", () -> heard, List.of("before")::equals);

        StoreWiring empty = bench.anotherWiring();
        bench.closing(empty::close);
        present.set(bench.closing(empty.open()));
        soon(
                bench,
                "core notices that its session and mailbox are gone, and is there again",
                () -> {
                    node.dispatch(BOB, scope, "after");
                    return heard.contains("after");
                },
                Boolean::booleanValue);
        assertThat(gaps).as("gaps, told once").extracting(Gap::reason).containsExactly(Gap.Reason.RESET);
    }

    @Test
    default void C5_acknowledgementsAreCoalescedAndADurableListenerResumes(Bench bench) throws Exception {
        List<Acknowledgement> sent = new CopyOnWriteArrayList<>();
        MailboxStore counting = new ForwardingStore(bench.open()) {
            @Override
            public void acknowledge(List<Acknowledgement> acknowledgements) {
                sent.addAll(acknowledgements);
                super.acknowledge(acknowledgements);
            }
        };
        Moitessier node = node(bench, counting);
        String scope = bench.scope();
        List<String> heard = new CopyOnWriteArrayList<>();
        Listener phone = node.listen(Conditions.privateTo(ADA, scope).durable("phone"));
        phone.subscribe(message -> heard.add(message.text()));
        long start = System.nanoTime();
        Instant clock = now(bench);
        for (int i = 0; i < 50; i++) {
            node.dispatch(BOB, scope, "m" + i);
            int count = i + 1;
            soon(bench, "message " + i, heard::size, size -> size == count);
        }
        phone.close();
        Duration took = bench.wiring().clock().isPresent()
                ? Duration.between(clock, now(bench))
                : Duration.ofNanos(System.nanoTime() - start);
        assertThat(sent.size())
                .as("acknowledgements of one subscriber in %s, at most one a second, and one at its close", took)
                .isLessThanOrEqualTo((int) took.toSeconds() + 3);
        node.dispatch(BOB, scope, "while away");
        Moitessier elsewhere = node(bench, bench.open());
        Listener again = elsewhere.listen(Conditions.privateTo(ADA, scope).durable("phone"));
        List<String> resumed = new CopyOnWriteArrayList<>();
        again.subscribe(message -> resumed.add(message.text()));
        soon(bench, "the durable listener resumes where it left off", () -> resumed, List.of("while away")::equals);
    }

    @Test
    default void C5_aDurableListenerThatCrashedBeforeItsFirstAcknowledgementMissesNothing(Bench bench)
            throws Exception {
        AtomicBoolean crashed = new AtomicBoolean();
        MailboxStore crashing = new ForwardingStore(bench.open()) {
            @Override
            public void acknowledge(List<Acknowledgement> acknowledgements) {
                if (!crashed.get()) {
                    super.acknowledge(acknowledgements);
                }
            }
        };
        String scope = bench.scope();
        node(bench, crashing).listen(Conditions.privateTo(ADA, scope).durable("phone"));
        crashed.set(true);
        Moitessier elsewhere = node(bench, bench.open());
        elsewhere.dispatch(BOB, scope, "while away");
        List<String> heard = new CopyOnWriteArrayList<>();
        elsewhere
                .listen(Conditions.privateTo(ADA, scope).durable("phone"))
                .subscribe(message -> heard.add(message.text()));
        soon(bench, "what came after listen had returned is heard", () -> heard, List.of("while away")::equals);
    }

    @Test
    default void L2_aSessionThatEndedIsReplacedAndNothingIsLost(Bench bench) throws Exception {
        Moitessier other = node(bench, bench.open());
        String scope = bench.scope();
        bench.hold(other.listen(Conditions.shared(BOB, scope)));
        AtomicInteger ended = new AtomicInteger();
        Moitessier node = bench.closing(builder(bench, bench.open())
                .onSessionEnded(session -> ended.incrementAndGet())
                .build());
        List<String> heard = new CopyOnWriteArrayList<>();
        Listener ada = node.listen(Conditions.privateTo(ADA, scope));
        ada.subscribe(message -> heard.add(message.text()));
        List<String> expected = new ArrayList<>();
        for (int life = 0; life < 3; life++) {
            String first = "life " + life;
            other.dispatch(BOB, scope, first);
            expected.add(first);
            soon(bench, "the listener hears, in life " + life, () -> heard, expected::equals);
            UUID session = node.session().id();
            bench.store().heartbeat(session, Duration.ZERO);
            for (int i = 0; i < 5; i++) {
                other.dispatch(BOB, scope, "meanwhile " + life + "-" + i);
                expected.add("meanwhile " + life + "-" + i);
            }
            int lives = life + 1;
            soon(bench, "core opens a new session and says so", ended::get, count -> count >= lives);
            assertThat(node.session().id()).as("the new session").isNotEqualTo(session);
            soon(bench, "the listener hears all that came while it had no session", () -> heard, expected::equals);
        }
    }

    @Test
    default void L7_aNodeThatVanishedIsAnnouncedOnceByTheOthers(Bench bench) throws Exception {
        AtomicBoolean vanished = new AtomicBoolean();
        MailboxStore frozen = new ForwardingStore(bench.open()) {
            @Override
            public Beat heartbeat(UUID session, Duration lease) {
                alive();
                return super.heartbeat(session, lease);
            }

            @Override
            public Registered register(Registration registration) {
                alive();
                return super.register(registration);
            }

            private void alive() {
                if (vanished.get()) {
                    throw new StoreException.Unavailable("this node has vanished", null, false);
                }
            }
        };
        Moitessier gone = node(bench, frozen);
        Moitessier one = node(bench, bench.open());
        Moitessier two = node(bench, bench.open());
        String scope = bench.scope();
        List<String> heard = new CopyOnWriteArrayList<>();
        one.listen(Conditions.shared(BOB, scope)).subscribe(message -> heard.add(message.text()));
        bench.hold(two.listen(Conditions.privateTo(BOB, scope)));
        bench.hold(gone.listen(
                Conditions.privateTo(ADA, scope).farewell(Dispatch.from(ADA).text("ada is gone"))));
        vanished.set(true);
        Eventually patient = Eventually.within(
                bench.wiring().patience().plus(bench.wiring().lease().multipliedBy(6)));
        patient.until(
                "the others announce that ada is gone",
                () -> {
                    tick(bench);
                    return heard;
                },
                texts -> !texts.isEmpty());
        one.dispatch(BOB, scope, "later");
        soon(
                bench,
                "the farewell and what came later, each once",
                () -> heard,
                List.of("ada is gone", "later")::equals);
    }

    @Test
    default void R5_aMailboxThatIsGoneIsMadeAgainAndTold(Bench bench) throws Exception {
        List<Registration> registered = new CopyOnWriteArrayList<>();
        MailboxStore recording = new ForwardingStore(bench.open()) {
            @Override
            public Registered register(Registration registration) {
                registered.add(registration);
                return super.register(registration);
            }
        };
        Moitessier other = node(bench, bench.open());
        String scope = bench.scope();
        bench.hold(other.listen(Conditions.shared(BOB, scope)));
        Moitessier node = node(bench, recording);
        List<String> heard = new CopyOnWriteArrayList<>();
        List<Gap> gaps = new CopyOnWriteArrayList<>();
        node.listen(Conditions.privateTo(ADA, scope))
                .subscribe(
                        ListenOptions.defaults()
                                .interval(Duration.ofMillis(100))
                                .onGap(gaps::add),
                        message -> heard.add(message.text()));
        other.dispatch(BOB, scope, "before");
        soon(bench, "the listener hears", () -> heard, List.of("before")::equals);
        Registration mine = registered.get(0);
        assertThat(bench.store()
                        .unregister(mine.listener(), mine.subscriber(), mine.id())
                        .mailboxRemoved())
                .as("the mailbox is removed behind core's back")
                .isTrue();
        soon(
                bench,
                "core registers again when it reads a version that is new to it",
                () -> {
                    other.dispatch(BOB, scope, "after");
                    return heard.contains("after");
                },
                Boolean::booleanValue);
        assertThat(gaps).as("gaps, told once").hasSize(1);
        assertThat(bench.store().members(scope, Set.of(mine.listener())).starts())
                .as("the mailbox, made again")
                .hasSize(1);
    }

    @Test
    default void B4_aConditionalAppendIsTheLastOfItsScopeInABatch(Bench bench) throws Exception {
        List<String> broken = new CopyOnWriteArrayList<>();
        AtomicInteger combined = new AtomicInteger();
        MailboxStore inspecting = new ForwardingStore(bench.open()) {
            // Core combines nothing for a store of its own process.
            @Override
            public Capabilities capabilities() {
                Capabilities c = super.capabilities();
                return new Capabilities(
                        c.store(),
                        c.durability(),
                        true,
                        c.enlists(),
                        c.push(),
                        c.storeClock(),
                        c.maxBody(),
                        c.maxAppend(),
                        c.maxTexts(),
                        c.maxMetadata(),
                        c.maxBatch(),
                        c.maxRemember(),
                        c.callLimit());
            }

            @Override
            public List<Appended> append(List<Append> batch) {
                Set<String> closed = new HashSet<>();
                for (Append append : batch) {
                    if (closed.contains(append.scope())) {
                        broken.add("an append follows a conditional one of its scope in a batch of " + batch.size());
                    }
                    if (append.ifMembers().isPresent()) {
                        closed.add(append.scope());
                    }
                }
                combined.addAndGet(batch.size() - 1);
                // A store that takes its time, so that dispatches gather meanwhile.
                Bench.idle(Duration.ofMillis(3));
                return super.append(batch);
            }
        };
        Moitessier node = node(bench, inspecting);
        String scope = bench.scope();
        Listener shared = node.listen(Conditions.shared(BOB, scope));
        bench.hold(node.listen(Conditions.handler(ADA, scope)));
        List<Callable<Integer>> threads = new ArrayList<>();
        for (int t = 0; t < 3; t++) {
            threads.add(() -> {
                for (int i = 0; i < 10; i++) {
                    node.dispatch(
                            Dispatch.from(BOB).to(scope).text("handled").handler((recipient, dispatch) -> "for ada"));
                }
                return 10;
            });
        }
        threads.add(() -> {
            for (int i = 0; i < 60; i++) {
                CompletionStage<Dispatched> ended = node.dispatchAsync(BOB, scope, "m" + i);
                assertThat(ended).isNotNull();
                if (i % 5 == 0) {
                    Bench.idle(Duration.ofMillis(2));
                }
            }
            node.flush();
            return 60;
        });
        bench.together(threads);
        assertThat(broken).isEmpty();
        assertThat(combined.get()).as("appends that core combined with others").isPositive();
        List<String> heard = texts(shared);
        assertThat(heard)
                .as("texts of 30 dispatches with a handler and 60 without")
                .hasSize(90);
        assertThat(heard.stream().filter(text -> !text.equals("handled")))
                .as("texts of one thread's dispatches, in call order")
                .containsExactlyElementsOf(
                        IntStream.range(0, 60).mapToObj(i -> "m" + i).toList());
    }

    @Test
    default void B4_severalScopesAreAnsweredEachForItself(Bench bench) throws Exception {
        Moitessier node = node(bench, bench.open());
        String heard = bench.scope();
        String unheard = bench.scope();
        Listener listener = node.listen(Conditions.shared(ADA, heard));
        UUID id = UUID.randomUUID();
        Dispatched dispatched =
                node.dispatch(Dispatch.from(BOB).to(heard, unheard).text("m").id(id));
        assertThat(dispatched.entries())
                .extracting(Dispatched.Entry::scope, Dispatched.Entry::outcome)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(heard, Dispatched.Outcome.STORED),
                        org.assertj.core.groups.Tuple.tuple(unheard, Dispatched.Outcome.UNHEARD));
        Listener second = node.listen(Conditions.shared(ADA, unheard));
        Dispatched again =
                node.dispatch(Dispatch.from(BOB).to(heard, unheard).text("m").id(id));
        assertThat(again.entries())
                .extracting(Dispatched.Entry::duplicate)
                .as("duplicates, when it is dispatched again under its id")
                .containsExactly(true, false);
        assertThat(texts(listener)).containsExactly("m");
        assertThat(texts(second)).containsExactly("m");
    }

    @Test
    default void E1_anUnknownOutcomeIsRetriedUnderItsIdAndWrittenOnce(Bench bench) throws Exception {
        AtomicInteger failures = new AtomicInteger(2);
        MailboxStore forgetsToAnswer = new ForwardingStore(bench.open()) {
            @Override
            public List<Appended> append(List<Append> batch) {
                List<Appended> answers = super.append(batch);
                if (failures.getAndDecrement() > 0) {
                    return batch.stream()
                            .<Appended>map(append -> new Appended.Failed(
                                    new StoreException.Unavailable("the answer was lost", null, true)))
                            .toList();
                }
                return answers;
            }
        };
        Moitessier node = node(bench, forgetsToAnswer);
        String scope = bench.scope();
        Listener listener = node.listen(Conditions.shared(ADA, scope));
        var sent = node.dispatchAsync(Dispatch.from(BOB).to(scope).text("once")).toCompletableFuture();
        soon(bench, "the dispatch ends", sent::isDone, Boolean::booleanValue);
        assertThat(sent.get().position()).as("position").isPresent();
        assertThat(texts(listener)).containsExactly("once");
    }

    @Test
    default void W1_withoutAnyHintMessagesArriveByPolling(Bench bench) throws Exception {
        MailboxStore mute = new ForwardingStore(bench.open()) {
            @Override
            public Watch watch(HintSink sink) {
                return new Mute();
            }
        };
        Moitessier node = node(bench, mute);
        Moitessier other = node(bench, bench.open());
        String scope = bench.scope();
        List<String> heard = new CopyOnWriteArrayList<>();
        node.listen(Conditions.shared(ADA, scope))
                .subscribe(
                        ListenOptions.defaults().interval(Duration.ofMillis(200)),
                        message -> heard.add(message.text()));
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            other.dispatch(BOB, scope, "m" + i);
            expected.add("m" + i);
            soon(bench, "message " + i + " arrives without a hint", () -> heard, expected::equals);
        }
    }

    @Test
    default void M3_othersSeeWhoListens(Bench bench) throws Exception {
        Moitessier node = node(bench, bench.open());
        Moitessier other = node(bench, bench.open());
        String scope = bench.scope();
        Listener one =
                node.listen(Conditions.shared(ADAS_PHONE, scope).state("typing".getBytes(StandardCharsets.UTF_8)));
        Listener two = other.listen(Conditions.shared(BOB, scope).durable("desk"));
        assertThat(two.subscribers().list()).extracting(s -> s.person()).containsExactlyInAnyOrder(ADAS_PHONE, BOB);
        one.state("idle".getBytes(StandardCharsets.UTF_8));
        assertThat(two.subscribers().list())
                .filteredOn(s -> s.person().equals(ADAS_PHONE))
                .singleElement()
                .satisfies(s -> {
                    assertThat(new String(s.state(), StandardCharsets.UTF_8)).isEqualTo("idle");
                    assertThat(s.durable()).isFalse();
                });
        assertThat(one.subscribers().list())
                .filteredOn(s -> s.person().equals(BOB))
                .singleElement()
                .satisfies(s -> {
                    assertThat(s.durable()).isTrue();
                    assertThat(s.name()).isEqualTo("desk");
                });
    }

    @Test
    default void T1_aDispatchWithinACallersTransactionIsHeardAfterItsCommit(Bench bench) throws Exception {
        bench.needs(bench.can().enlists(), "Capabilities.enlists is false");
        StoreWiring.Transactions transactions = bench.wired(bench.wiring().transactions(), "transactions()");
        Moitessier node = node(bench, bench.open());
        String scope = bench.scope();
        List<String> heard = new CopyOnWriteArrayList<>();
        Listener listener = node.listen(Conditions.shared(ADA, scope));
        listener.subscribe(message -> heard.add(message.text()));
        StoreWiring.Transaction transaction = transactions.begin(bench.store());
        try {
            assertThat(node.within(transaction.appender())
                            .dispatch(BOB, scope, "enlisted")
                            .entries())
                    .extracting(Dispatched.Entry::outcome)
                    .containsExactly(Dispatched.Outcome.ENLISTED);
            assertThat(texts(listener)).as("before the commit").isEmpty();
            transaction.commit();
        } finally {
            transaction.close();
        }
        soon(bench, "it is heard after the commit", () -> heard, List.of("enlisted")::equals);
    }

    private static List<String> texts(Listener listener) {
        return listener.messages(Since.leftOff(), 1_000).stream()
                .map(Message::text)
                .toList();
    }

    private static Moitessier node(Bench bench, MailboxStore on) {
        return bench.closing(builder(bench, on).build());
    }

    private static Moitessier.Builder builder(Bench bench, MailboxStore on) {
        Moitessier.Builder builder =
                Moitessier.builder(on).storeStaysOpen().lease(bench.wiring().lease());
        bench.wiring().clock().ifPresent(builder::time);
        return builder;
    }

    private static <T> void soon(Bench bench, String what, Callable<T> look, Predicate<? super T> enough) {
        bench.soon()
                .until(
                        what,
                        () -> {
                            tick(bench);
                            return look.call();
                        },
                        enough);
    }

    /** Lets the store's clock go on, where a test must move it: nodes live by it as well. */
    private static void tick(Bench bench) {
        bench.wiring()
                .clock()
                .ifPresent(clock -> clock.advance(bench.wiring().lease().dividedBy(20)));
    }

    private static Instant now(Bench bench) {
        return bench.wiring().clock().map(MutableClock::instant).orElseGet(Instant::now);
    }

    /** Answers for every mailbox of a scope, whoever asked. */
    final class Generous extends ForwardingStore {
        Generous(MailboxStore store) {
            super(store);
        }

        @Override
        public List<Page> read(List<ReadRequest> requests, int maxBytes) {
            return super.read(requests.stream().map(this::forAll).toList(), maxBytes);
        }

        private ReadRequest forAll(ReadRequest request) {
            Set<ListenerRef> all =
                    new HashSet<>(members(request.scope(), null).starts().keySet());
            all.addAll(request.readers());
            all.add(new ListenerRef(request.scope(), ListenerType.HANDLER, new Party("ada", "")));
            return new ReadRequest(request.scope(), request.after(), request.maxEntries(), request.newest(), all);
        }
    }

    /** Never hints. */
    final class Mute implements Watch {
        @Override
        public void add(String scope) {
            // Legal: a hint may be lost (W1).
        }

        @Override
        public void remove(String scope) {
            // Nothing was added.
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    }
}
