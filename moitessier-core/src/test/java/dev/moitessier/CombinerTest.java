package dev.moitessier;

import static dev.moitessier.Spoken.ADA;
import static dev.moitessier.Spoken.BOB;
import static dev.moitessier.Spoken.until;
import static dev.moitessier.store.ListenerType.HANDLER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.StoreException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class CombinerTest {
    private static final Dispatch FROM_BOB = Dispatch.from(BOB);

    /** Lets calls through one by one. */
    private static final class Gate implements PassingStore.Line {
        private final Semaphore open = new Semaphore(0);
        private final AtomicInteger waiting = new AtomicInteger();

        @Override
        public List<Appended> append(List<Append> batch, MailboxStore store) {
            waiting.incrementAndGet();
            open.acquireUninterruptibly();
            waiting.decrementAndGet();
            return store.append(batch);
        }
    }

    private static Gate shut(Spoken node) {
        Gate gate = new Gate();
        node.line().line = gate;
        return gate;
    }

    private static CompletableFuture<Dispatched> async(Spoken node, String scope, String text) {
        return node.dispatching.dispatchAsync(FROM_BOB.to(scope).text(text)).toCompletableFuture();
    }

    private static CompletableFuture<Dispatched> inThread(Spoken node, String scope, String text) {
        CompletableFuture<Dispatched> result = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                result.complete(node.dispatching.dispatch(FROM_BOB.to(scope).text(text)));
            } catch (RuntimeException failed) {
                result.completeExceptionally(failed);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return result;
    }

    private static List<String> texts(int many) {
        return IntStream.range(0, many).mapToObj(i -> "m" + i).toList();
    }

    @Test
    void anIdleScopeIsWrittenOnTheCallersThread() {
        try (Spoken node = Spoken.far()) {
            node.shared("a");
            node.dispatching.dispatch(FROM_BOB.to("a").text("x"));
            assertThat(node.line().calls).extracting(PassingStore.Call::thread).containsExactly(Thread.currentThread());
        }
    }

    @Test
    void aStoreInThisProcessIsWrittenOnTheCallersThreadAlways() {
        try (Spoken node = Spoken.near()) {
            node.shared("a");
            node.shared("b");
            assertThat(async(node, "a", "x")).isCompleted();
            node.dispatching.dispatch(FROM_BOB.to("a", "b").text("x"));
            assertThat(node.line().calls).extracting(PassingStore.Call::thread).containsOnly(Thread.currentThread());
        }
    }

    @Test
    void whatWaitsForABusyScopeBecomesOneCallInCallOrder() {
        try (Spoken node = Spoken.far()) {
            ListenerRef a = node.shared("a");
            Gate gate = shut(node);
            CompletableFuture<Dispatched> first = inThread(node, "a", "m0");
            until("the first is under way", () -> gate.waiting.get() == 1);
            List<CompletableFuture<Dispatched>> rest = new ArrayList<>();
            for (int i = 1; i < 50; i++) {
                rest.add(async(node, "a", "m" + i));
            }
            gate.open.release(2);
            first.join();
            rest.forEach(CompletableFuture::join);
            assertThat(node.line().calls)
                    .extracting(call -> call.batch().size())
                    .containsExactly(1, 49);
            assertThat(node.heard(a)).isEqualTo(texts(50));
        }
    }

    @Test
    void blockingCallersOfABusyScopeAreCombinedToo() {
        try (Spoken node = Spoken.far()) {
            ListenerRef a = node.shared("a");
            Gate gate = shut(node);
            List<CompletableFuture<Dispatched>> callers = new ArrayList<>();
            callers.add(inThread(node, "a", "first"));
            until("the first is under way", () -> gate.waiting.get() == 1);
            for (int i = 0; i < 20; i++) {
                callers.add(inThread(node, "a", "x"));
            }
            until("all wait", () -> node.dispatching.waiting() == 20);
            gate.open.release(2);
            callers.forEach(CompletableFuture::join);
            assertThat(node.line().calls)
                    .extracting(call -> call.batch().size())
                    .containsExactly(1, 20);
            assertThat(node.heard(a)).hasSize(21);
        }
    }

    @Test
    void aThousandScopesShareFewCallsOfTwoWriters() {
        try (Spoken node = Spoken.far()) {
            for (int i = 0; i < 1_000; i++) {
                node.shared("s" + i);
            }
            AtomicInteger atOnce = new AtomicInteger();
            AtomicInteger most = new AtomicInteger();
            Gate gate = shut(node);
            List<CompletableFuture<Dispatched>> all = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                all.add(async(node, "s" + i, "x"));
            }
            until("writers wait", () -> gate.waiting.get() == Combiner.WRITERS);
            node.line().line = (batch, store) -> {
                most.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                try {
                    return store.append(batch);
                } finally {
                    atOnce.decrementAndGet();
                }
            };
            gate.open.release(2);
            all.forEach(CompletableFuture::join);
            assertThat(node.line().calls.size()).isBetween(16, 18); // 64 at most in each
            assertThat(most.get()).isLessThanOrEqualTo(Combiner.WRITERS);
        }
    }

    @Test
    void fewCallersAreNeverCombinedWhenTheirScopesAreIdle() {
        try (Spoken node = Spoken.far()) {
            Gate gate = shut(node);
            List<CompletableFuture<Dispatched>> callers = new ArrayList<>();
            for (int i = 0; i < Combiner.PARALLEL; i++) {
                node.shared("s" + i);
                callers.add(inThread(node, "s" + i, "x"));
            }
            until("all are under way", () -> gate.waiting.get() == Combiner.PARALLEL);
            gate.open.release(Combiner.PARALLEL);
            callers.forEach(CompletableFuture::join);
            assertThat(node.line().calls).allMatch(call -> call.batch().size() == 1);
        }
    }

    @Test
    void callersWhoComeBackAtOnceStayCombined() {
        int callers = 32;
        int each = 50;
        try (Spoken node = Spoken.far()) {
            for (int i = 0; i < callers * 4; i++) {
                node.shared("s" + i);
            }
            node.line().line = (batch, store) -> {
                long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(2);
                while (System.nanoTime() < until) {
                    LockSupport.parkNanos(until - System.nanoTime());
                }
                return store.append(batch);
            };
            List<CompletableFuture<Void>> all = new ArrayList<>();
            for (int i = 0; i < callers; i++) {
                int caller = i;
                all.add(CompletableFuture.runAsync(
                        () -> {
                            for (int k = 0; k < each; k++) {
                                String scope = "s" + (caller + callers * (k % 4));
                                node.dispatching.dispatch(FROM_BOB.to(scope).text("x"));
                            }
                        },
                        work -> new Thread(work).start()));
            }
            all.forEach(CompletableFuture::join);
            assertThat(node.line().calls.size())
                    .as("calls for %s appends", callers * each)
                    .isLessThan(callers * each / 5);
        }
    }

    @Test
    void aBatchStaysWithinTheStoresBytes() {
        try (Spoken node = Spoken.far()) {
            node.shared("a");
            int limit = node.store.capabilities().maxAppend();
            String large = "x".repeat(node.store.capabilities().maxBody());
            Gate gate = shut(node);
            List<CompletableFuture<Dispatched>> all = new ArrayList<>();
            all.add(async(node, "a", "first"));
            until("the first is under way", () -> gate.waiting.get() == 1);
            for (int i = 0; i < 40; i++) {
                all.add(async(node, "a", large));
            }
            gate.open.release(10);
            all.forEach(CompletableFuture::join);
            assertThat(node.line().calls).hasSize(4).allSatisfy(call -> assertThat(call.batch().stream()
                            .mapToLong(append -> append.content().size())
                            .sum())
                    .isLessThanOrEqualTo(limit));
        }
    }

    @Test
    void orderHoldsThroughFailuresAndRetries() { // B3
        try (Spoken node = new Spoken.Builder().far().maxBatch(7).build()) {
            ListenerRef a = node.shared("a");
            ListenerRef b = node.shared("b");
            AtomicInteger calls = new AtomicInteger();
            node.line().line = (batch, store) -> {
                int call = calls.incrementAndGet();
                if (call % 3 == 0) {
                    return DispatchingTest.failed(batch, DispatchingTest.unavailable(false));
                }
                if (call % 3 == 1
                        && batch.size() > 2) { // fails within the batch: the scope's later ones are not written
                    return failFrom(batch, batch.size() / 2, store, call % 2 == 0);
                }
                return store.append(batch);
            };
            List<CompletableFuture<Dispatched>> all = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                all.add(async(node, "a", "m" + i));
                all.add(async(node, "b", "m" + i));
            }
            all.forEach(CompletableFuture::join);
            assertThat(node.heard(a)).isEqualTo(texts(60));
            assertThat(node.heard(b)).isEqualTo(texts(60));
        }
    }

    /** Fails an element and the later ones of its scope; if the outcome is unknown, that one was written. */
    private static List<Appended> failFrom(List<Append> batch, int from, MailboxStore store, boolean unknown) {
        String failing = batch.get(from).scope();
        List<Appended> answers = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            Append append = batch.get(i);
            if (i < from || !append.scope().equals(failing)) {
                answers.add(store.append(List.of(append)).get(0));
            } else {
                if (i == from && unknown) {
                    store.append(List.of(append));
                }
                answers.add(new Appended.Failed(DispatchingTest.unavailable(i == from && unknown)));
            }
        }
        return answers;
    }

    @Test
    void afterAFinalFailureTheScopeGoesOn() {
        try (Spoken node = Spoken.far()) {
            ListenerRef a = node.shared("a");
            node.line().line = (batch, store) -> {
                List<Appended> answers = new ArrayList<>();
                for (Append append : batch) {
                    String text = StandardCharsets.UTF_8
                            .decode(append.content().body().view())
                            .toString();
                    answers.add(
                            text.equals("m1")
                                    ? new Appended.Failed(new StoreException.Rejected("not m1"))
                                    : store.append(List.of(append)).get(0));
                }
                return answers;
            };
            async(node, "a", "m0");
            CompletableFuture<Dispatched> refused = async(node, "a", "m1");
            async(node, "a", "m2").join();
            assertThatExceptionOfType(CompletionException.class)
                    .isThrownBy(refused::join)
                    .withCauseInstanceOf(StoreException.Rejected.class);
            assertThat(node.heard(a)).containsExactly("m0", "m2");
        }
    }

    @Test
    void anOutcomeThatWasUnknownOnceStaysUnknown() {
        for (StoreException last : List.of(
                DispatchingTest.unavailable(false),
                new StoreException.Conflict("contention", null),
                new StoreException.Rejected("full"),
                new StoreException.Closed(false))) {
            try (Spoken node = new Spoken.Builder()
                    .far()
                    .callTimeout(Duration.ofMillis(500))
                    .build()) {
                node.shared("a");
                AtomicInteger tries = new AtomicInteger();
                node.line().line = (batch, store) -> DispatchingTest.failed(
                        batch, tries.incrementAndGet() == 1 ? DispatchingTest.unavailable(true) : last);
                CompletionException failure =
                        catchThrowableOfType(CompletionException.class, async(node, "a", "x")::join);
                assertThat(((StoreException) failure.getCause()).outcomeUnknown())
                        .as("after " + last)
                        .isTrue();
                assertThat(tries).hasValueGreaterThan(1);
            }
        }
    }

    @Test
    void aBlockingDispatchComesAfterWhatTheSameThreadHandedOverBefore() {
        try (Spoken node = Spoken.far()) {
            ListenerRef a = node.shared("a");
            for (int i = 0; i < 100; i += 2) {
                async(node, "a", "m" + i);
                node.dispatching.dispatch(FROM_BOB.to("a").text("m" + (i + 1)));
            }
            assertThat(node.heard(a)).isEqualTo(texts(100));
        }
    }

    @Test
    void anAsynchronousDispatchWithHandlersKeepsItsPlace() {
        for (Spoken node : List.of(Spoken.near(), Spoken.far())) {
            try (node) {
                ListenerRef a = node.shared("a");
                node.mailbox("a", HANDLER, ADA);
                CountDownLatch slow = new CountDownLatch(1);
                CompletionStage<Dispatched> first = node.dispatching.dispatchAsync(
                        FROM_BOB.to("a").text("m0").handler((recipient, dispatch) -> {
                            assertThat(Thread.currentThread().getName()).isEqualTo("continuation");
                            slow.await();
                            return "x";
                        }));
                CompletableFuture<Dispatched> second = async(node, "a", "m1");
                slow.countDown();
                assertThat(first.toCompletableFuture().join().results()).hasSize(1);
                second.join();
                assertThat(node.heard(a)).containsExactly("m0", "m1");
            }
        }
    }

    @Test
    void anAppendOnConditionIsTheLastOfItsScopeInACall() { // B4
        try (Spoken node = Spoken.far()) {
            node.shared("a");
            node.mailbox("a", HANDLER, ADA);
            Gate gate = shut(node);
            async(node, "a", "first");
            until("the first is under way", () -> gate.waiting.get() == 1);
            CompletableFuture<Dispatched> conditional = new CompletableFuture<>();
            Thread caller = new Thread(() -> conditional.complete(
                    node.dispatching.dispatch(FROM_BOB.to("a").text("c").handler((recipient, dispatch) -> "x"))));
            caller.start();
            until("it waits", () -> node.dispatching.waiting() == 1);
            CompletableFuture<Dispatched> last = async(node, "a", "last");
            gate.open.release(10);
            conditional.join();
            last.join();
            assertThat(node.line().calls).allSatisfy(call -> {
                for (int i = 0; i < call.batch().size() - 1; i++) {
                    assertThat(call.batch().get(i).ifMembers()).isEmpty();
                }
            });
        }
    }

    @Test
    void continuationsRunOnTheExecutorAndFlushReturnsAfterThem() throws InterruptedException {
        try (Spoken node = Spoken.far()) {
            for (int i = 0; i < 10; i++) {
                node.shared("s" + i);
            }
            Set<String> threads = ConcurrentHashMap.newKeySet();
            AtomicInteger ended = new AtomicInteger();
            Gate gate = shut(node);
            for (int i = 0; i < 1_000; i++) {
                async(node, "s" + i % 10, "x").whenComplete((done, failed) -> {
                    threads.add(Thread.currentThread().getName());
                    ended.incrementAndGet();
                });
            }
            gate.open.release(Integer.MAX_VALUE / 2);
            node.dispatching.flush();
            assertThat(ended).hasValue(1_000);
            assertThat(threads).containsExactly("continuation");
        }
    }

    @Test
    void flushDoesNotWaitForWhatComesLater() throws InterruptedException {
        try (Spoken node = Spoken.far()) {
            node.shared("a");
            node.shared("b");
            Gate gate = shut(node);
            async(node, "a", "x");
            until("it is under way", () -> gate.waiting.get() == 1);
            AtomicBoolean flushed = new AtomicBoolean();
            Thread flush = new Thread(() -> {
                try {
                    node.dispatching.flush();
                    flushed.set(true);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            flush.start();
            until("flush waits", () -> flush.getState() == Thread.State.WAITING);
            CompletableFuture<Dispatched> later = async(node, "b", "x");
            until("the later one is under way", () -> gate.waiting.get() == 2);
            assertThat(flushed).isFalse();
            gate.open.release(1); // whichever: the first to wait goes first
            until("one has ended", () -> node.line().calls.size() == 2 && gate.waiting.get() == 1);
            if (!later.isDone()) {
                flush.join(TimeUnit.SECONDS.toMillis(10));
                assertThat(flushed).isTrue();
            }
            gate.open.release(10);
            flush.join(TimeUnit.SECONDS.toMillis(10));
            assertThat(flushed).isTrue();
        }
    }

    @Test
    void beyondTheBoundOneMoreFailsOrWaits() throws Exception {
        for (Moitessier.Overflow overflow : Moitessier.Overflow.values()) {
            try (Spoken node = new Spoken.Builder()
                    .far()
                    .inFlight(10, overflow)
                    .callTimeout(Duration.ofMillis(200))
                    .build()) {
                node.shared("a");
                Gate gate = shut(node);
                for (int i = 0; i < 10; i++) {
                    async(node, "a", "x");
                }
                ExecutionException failure =
                        catchThrowableOfType(ExecutionException.class, () -> async(node, "a", "one too many")
                                .get());
                if (overflow == Moitessier.Overflow.FAIL) {
                    assertThat(failure.getCause())
                            .isInstanceOf(StoreException.Rejected.class)
                            .hasMessageContaining("at most 10");
                } else {
                    assertThat(failure.getCause()).isInstanceOf(StoreException.Unavailable.class);
                    assertThat(((StoreException) failure.getCause()).outcomeUnknown())
                            .isFalse();
                }
                gate.open.release(100);
                node.dispatching.flush();
                assertThat(async(node, "a", "room again").get().position()).isPresent();
                assertThat(node.entries("a")).hasSize(11);
            }
        }
    }

    @Test
    void anInterruptedCallerGoesAloneAndWhatItWaitedForIsNotWritten() throws InterruptedException {
        try (Spoken node = Spoken.far()) {
            ListenerRef a = node.shared("a");
            Gate gate = shut(node);
            CompletableFuture<Dispatched> first = inThread(node, "a", "first");
            until("the first is under way", () -> gate.waiting.get() == 1);
            CompletableFuture<Throwable> told = new CompletableFuture<>();
            Thread caller = new Thread(() -> {
                try {
                    node.dispatching.dispatch(FROM_BOB.to("a").text("interrupted"));
                } catch (StoreException.Interrupted failure) {
                    told.complete(Thread.currentThread().isInterrupted() && !failure.outcomeUnknown() ? failure : null);
                }
            });
            caller.start();
            until("it waits", () -> node.dispatching.waiting() == 1);
            CompletableFuture<Dispatched> other = inThread(node, "a", "other");
            until("both wait", () -> node.dispatching.waiting() == 2);
            caller.interrupt();
            caller.join(TimeUnit.SECONDS.toMillis(10));
            assertThat(told).isCompleted().isNotCompletedExceptionally();
            assertThat(told.join()).hasMessageContaining("nothing was written");
            gate.open.release(10);
            first.join();
            other.join();
            assertThat(node.heard(a)).containsExactly("first", "other");
        }
    }

    @Test
    void aCallerWaitsNoLongerThanTheCallTimeoutForAScopeThatHangs() {
        try (Spoken node =
                new Spoken.Builder().far().callTimeout(Duration.ofMillis(100)).build()) {
            node.shared("a");
            Gate gate = shut(node);
            inThread(node, "a", "hangs");
            until("it is under way", () -> gate.waiting.get() == 1);
            assertThatExceptionOfType(StoreException.Unavailable.class)
                    .isThrownBy(() -> node.dispatching.dispatch(FROM_BOB.to("a").text("waits")))
                    .withMessageContaining("PT0.1S")
                    .matches(failure -> !failure.outcomeUnknown());
            gate.open.release(10);
        }
    }

    @Test
    void closeDrainsWhatWasAccepted() {
        Spoken node = Spoken.far();
        ListenerRef a = node.shared("a");
        List<CompletableFuture<Dispatched>> all = new ArrayList<>();
        for (int i = 0; i < 500; i++) {
            all.add(async(node, "a", "m" + i));
        }
        node.dispatching.close();
        assertThat(all).allMatch(CompletableFuture::isDone);
        assertThat(node.heard(a)).isEqualTo(texts(500));
        node.close();
    }

    @Test
    void closeGivesUpAfterTheCallTimeoutAndTellsWhoWaits() {
        Spoken node =
                new Spoken.Builder().far().callTimeout(Duration.ofMillis(100)).build();
        node.shared("a");
        Gate gate = shut(node);
        async(node, "a", "hangs");
        until("it is under way", () -> gate.waiting.get() == 1);
        CompletableFuture<Dispatched> waits = async(node, "a", "waits");
        node.dispatching.close();
        assertThatExceptionOfType(CompletionException.class)
                .isThrownBy(waits::join)
                .withCauseInstanceOf(StoreException.Closed.class);
        gate.open.release(10);
        node.close();
    }

    @Test
    void writersEndWhenThereIsNothingLeft() {
        Spoken node = Spoken.far();
        node.shared("a");
        async(node, "a", "x").join();
        List<Thread> writers = node.line().calls.stream()
                .map(PassingStore.Call::thread)
                .filter(thread -> thread.getName().startsWith("moitessier-writer"))
                .toList();
        assertThat(writers).isNotEmpty();
        node.close();
        until("the writer has ended", () -> writers.stream().noneMatch(Thread::isAlive));
    }

    /** Threads speak both ways to a store that fails at random; every message is there once, in its thread's order. */
    @Test
    void nothingIsLostDoubledOrReordered() throws InterruptedException {
        long seed = Long.getLong("seed", System.nanoTime());
        System.out.println("CombinerTest: -Dseed=" + seed);
        SplittableRandom random = new SplittableRandom(seed);
        try (Spoken node = new Spoken.Builder().far().maxBatch(5).build()) {
            List<ListenerRef> scopes = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                scopes.add(node.shared("s" + i));
            }
            Set<String> underWay = ConcurrentHashMap.newKeySet();
            List<String> wrong = Collections.synchronizedList(new ArrayList<>());
            SplittableRandom ofLine = random.split();
            node.line().line = (batch, store) -> {
                Set<String> mine = new HashSet<>();
                batch.forEach(append -> {
                    if (mine.add(append.scope()) && !underWay.add(append.scope())) {
                        wrong.add("two calls at once to " + append.scope());
                    }
                });
                int dice;
                synchronized (ofLine) {
                    dice = ofLine.nextInt(12);
                }
                try {
                    return switch (dice) {
                        case 0 -> DispatchingTest.failed(batch, DispatchingTest.unavailable(false));
                        case 1 -> {
                            store.append(batch);
                            yield DispatchingTest.failed(batch, DispatchingTest.unavailable(true));
                        }
                        case 2 -> failFrom(batch, batch.size() / 2, store, true);
                        default -> store.append(batch);
                    };
                } finally {
                    underWay.removeAll(mine);
                }
            };
            int threads = 6;
            int each = 150;
            List<Thread> speakers = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                String name = "t" + t;
                SplittableRandom mine = random.split();
                Thread speaker = new Thread(() -> {
                    for (int i = 0; i < each; i++) {
                        Dispatch dispatch = FROM_BOB.to("s" + mine.nextInt(4)).text(name + ':' + i);
                        if (mine.nextInt(3) == 0) {
                            node.dispatching.dispatch(dispatch);
                        } else {
                            node.dispatching.dispatchAsync(dispatch).whenComplete((done, failed) -> {
                                if (failed != null) {
                                    wrong.add(failed.toString());
                                }
                            });
                        }
                    }
                });
                speaker.setUncaughtExceptionHandler((thread, failed) -> wrong.add(failed.toString()));
                speaker.start();
                speakers.add(speaker);
            }
            for (Thread speaker : speakers) {
                speaker.join();
            }
            node.dispatching.flush();
            assertThat(wrong).isEmpty();
            Map<String, List<Integer>> heard = new LinkedHashMap<>();
            int total = 0;
            for (ListenerRef scope : scopes) {
                for (String text : node.heard(scope)) {
                    String[] parts = text.split(":");
                    heard.computeIfAbsent(parts[0] + " in " + scope.scope(), key -> new ArrayList<>())
                            .add(Integer.valueOf(parts[1]));
                    total++;
                }
            }
            assertThat(total).isEqualTo(threads * each);
            assertThat(heard)
                    .allSatisfy((who, numbers) ->
                            assertThat(numbers).as(who).doesNotHaveDuplicates().isSorted());
        }
    }
}
