package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** E1 to E5: what happens when something does. */
interface FailureRules {
    @Test
    default void E1_aCutAtAnyMomentIsMendedByARetryWithTheSameId(Bench bench) throws Exception {
        StoreWiring.Proxied proxied = bench.proxied();
        String scope = bench.heardScope();
        List<UUID> expected = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            Append append = bench.append(scope, Bench.say("m" + i));
            expected.add(append.dispatch());
            ready(bench, proxied);
            FaultProxy.Trap trap = i % 2 == 0
                    ? proxied.proxy().cutNextAnswer()
                    : proxied.proxy().cutNextRequest();
            Appended answer = bench.one(proxied.store(), append);
            bench.soon().until("the proxy has cut a connection", trap::sprung);
            boolean written = bench.readAll(scope, 0).stream()
                    .anyMatch(entry -> entry.dispatch().equals(append.dispatch()));
            if (answer instanceof Appended.Failed failed) {
                assertThat(failed.cause().retryable())
                        .as("retryable: %s", failed.cause())
                        .isTrue();
                assertThat(failed.cause().outcomeUnknown() || !written)
                        .as("outcomeUnknown of an append that failed and was written: %s", failed.cause())
                        .isTrue();
            } else {
                assertThat(answer)
                        .as("answer to an append whose connection was cut")
                        .isInstanceOf(Appended.Stored.class);
            }
            bench.soon()
                    .until(
                            "a retry with the same id is stored",
                            () -> bench.one(proxied.store(), append) instanceof Appended.Stored);
        }
        assertThat(bench.readAll(scope, 0))
                .as("the log, after 10 appends that were cut and retried")
                .extracting(Entry::dispatch)
                .containsExactlyElementsOf(expected);
    }

    @Test
    default void E1_housekeepingThatIsCutMayBeRepeated(Bench bench) throws Exception {
        StoreWiring.Proxied proxied = bench.proxied();
        String scope = bench.heardScope();
        ListenerRef ada = Bench.privateTo(scope, "ada");
        for (int i = 0; i < 4; i++) {
            boolean afterwards = i % 2 == 0;
            UUID session = UUID.randomUUID();
            cut(bench, proxied, afterwards, () -> {
                proxied.store().open(session, Bench.LONG);
                return null;
            });
            Registration registration =
                    Bench.withFarewell(Bench.registration(ada, "s", session, null), Bench.say("left " + i));
            cut(bench, proxied, afterwards, () -> proxied.store().register(registration));
            assertThat(bench.subscribers(ada)).hasSize(1);
            long position = bench.put(scope, "m");
            cut(bench, proxied, afterwards, () -> {
                proxied.store().acknowledge(List.of(new Acknowledgement(ada, "s", registration.id(), position)));
                return null;
            });
            assertThat(bench.acknowledged(ada, "s")).hasValue(position);
            cut(bench, proxied, afterwards, () -> proxied.store().unregister(ada, "s", registration.id()));
            assertThat(bench.subscribers(ada)).isEmpty();
            assertThat(bench.readAll(scope, position))
                    .as("farewells of an unregister that was cut and repeated")
                    .extracting(Entry::dispatch)
                    .containsExactly(registration.id());
            cut(bench, proxied, afterwards, () -> proxied.store().heartbeat(session, Duration.ZERO));
            assertThat(bench.store().heartbeat(session, Bench.LONG).alive()).isFalse();
        }
    }

    @Test
    default void E1_whatCannotHaveHappenedIsNotUnknown(Bench bench) throws Exception {
        StoreWiring.Proxied proxied = bench.proxied();
        String scope = bench.heardScope();
        bench.put(proxied.store(), scope, "before");
        proxied.proxy().down();
        // The first failures may still be of connections that were cut: unknown, and rightly so.
        Append append = bench.append(scope, Bench.say("m"));
        bench.within(bench.can().callLimit().multipliedBy(3).plus(bench.wiring().patience()))
                .until(
                        "an append to a server that refuses connections fails, known not to have happened",
                        () -> bench.one(proxied.store(), append),
                        answer -> answer instanceof Appended.Failed failed
                                && failed.cause().retryable()
                                && !failed.cause().outcomeUnknown());
        assertThat(bench.heard(scope, 0)).containsExactly("before");
    }

    @Test
    default void E2_contentionIsRetriedInside(Bench bench) throws Exception {
        List<String> scopes = List.of(bench.heardScope(), bench.heardScope(), bench.heardScope());
        List<Callable<Integer>> all = new ArrayList<>();
        UUID sweeper = bench.session(bench.other(), Bench.LONG);
        for (int t = 0; t < 6; t++) {
            int thread = t;
            MailboxStore on = t % 2 == 0 ? bench.store() : bench.other();
            all.add(() -> {
                for (int i = 0; i < 12; i++) {
                    // Scopes in different orders, so that careless locks meet.
                    List<Append> batch = new ArrayList<>();
                    for (int s = 0; s < 6; s++) {
                        batch.add(bench.append(scopes.get((thread % 2 == 0 ? s : 5 - s) % 3), Bench.say("t" + thread)));
                    }
                    for (Appended answer : on.append(batch)) {
                        assertThat(answer)
                                .as("answer to a batch under contention")
                                .isInstanceOf(Appended.Stored.class);
                    }
                    Registration registration =
                            bench.registration(Bench.privateTo(scopes.get(i % 3), "p" + thread % 2), "s" + thread);
                    on.register(registration);
                    on.acknowledge(List.of(new Acknowledgement(
                            registration.listener(), registration.subscriber(), registration.id(), 1)));
                    on.unregister(registration.listener(), registration.subscriber(), registration.id());
                    if (i % 4 == thread % 4) {
                        bench.sweep(on, sweeper, 50);
                    }
                }
                return 0;
            });
        }
        bench.session();
        bench.together(all);
        for (String scope : scopes) {
            assertThat(bench.readAll(scope, 0))
                    .as("entries of 6 threads with 12 batches of 2 for this scope")
                    .hasSize(144);
        }
    }

    @Test
    default void E3_noCallHangsWhenTheServerFallsSilent(Bench bench) throws Exception {
        StoreWiring.Proxied proxied = bench.proxied();
        MailboxStore store = proxied.store();
        String scope = bench.heardScope();
        UUID session = bench.session(bench.store(), Bench.LONG);
        ready(bench, proxied);
        Duration limit = store.capabilities().callLimit();
        proxied.proxy().blackHole();
        Map<String, Callable<@Nullable Object>> calls = calls(bench, store, scope, session);
        List<Callable<String>> timed = new ArrayList<>();
        calls.forEach((name, call) -> timed.add(() -> {
            long start = System.nanoTime();
            Object outcome = outcome(call);
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            assertThat(outcome)
                    .as("%s while the server is silent", name)
                    .isInstanceOf(StoreException.class)
                    .satisfies(e -> assertThat(((StoreException) e).retryable())
                            .as("retryable: %s", e)
                            .isTrue());
            assertThat(took)
                    .as("time that %s took, with a callLimit of %s and 2 s of slack", name, limit)
                    .isLessThan(limit.plusSeconds(2));
            return name;
        }));
        bench.together(timed);
        proxied.proxy().heal();
        bench.within(Duration.ofSeconds(5))
                .until("E5: it works again after the silence", () -> store.heartbeat(session, Bench.LONG)
                        .alive());
    }

    @Test
    default void E3_anInterruptedThreadGetsInterruptedAndKeepsItsFlag(Bench bench) throws Exception {
        String scope = bench.heardScope();
        UUID session = bench.session(bench.store(), Bench.LONG);
        for (Map.Entry<String, Callable<@Nullable Object>> call :
                calls(bench, bench.store(), scope, session).entrySet()) {
            Future<Boolean> flag = bench.background(() -> {
                Thread.currentThread().interrupt();
                assertThat(outcome(call.getValue()))
                        .as("%s, called by an interrupted thread", call.getKey())
                        .isInstanceOf(StoreException.Interrupted.class);
                return Thread.currentThread().isInterrupted();
            });
            assertThat(get(flag)).as("interrupt flag after %s", call.getKey()).isTrue();
        }
    }

    @Test
    default void E4_afterCloseEveryCallFailsClosed(Bench bench) throws Exception {
        String scope = bench.heardScope();
        UUID session = bench.session(bench.store(), Bench.LONG);
        MailboxStore store = bench.open();
        store.heartbeat(session, Bench.LONG);
        store.close();
        store.close();
        calls(bench, store, scope, session).forEach((name, call) -> {
            Throwable thrown = catchThrowable(call::call);
            assertThat(thrown).as("%s, after close", name).isInstanceOf(StoreException.Closed.class);
            assertThat(((StoreException) thrown).outcomeUnknown())
                    .as("outcomeUnknown of a call made after close")
                    .isFalse();
        });
        assertThat(bench.store().heartbeat(session, Bench.LONG).alive())
                .as("other instances live on")
                .isTrue();
    }

    @Test
    default void E4_closeEndsCallsThatAreBlocked(Bench bench) throws Exception {
        StoreWiring.Proxied proxied = bench.proxied();
        MailboxStore store = proxied.store();
        String scope = bench.heardScope();
        UUID session = bench.session(bench.store(), Bench.LONG);
        ready(bench, proxied);
        proxied.proxy().blackHole();
        List<Future<@Nullable Object>> blocked = new ArrayList<>();
        calls(bench, store, scope, session)
                .values()
                .forEach(call -> blocked.add(bench.background(() -> outcome(call))));
        Bench.idle(Duration.ofMillis(300));
        long start = System.nanoTime();
        store.close();
        for (Future<@Nullable Object> call : blocked) {
            Object outcome = call.get(
                    Math.max(1, 2_000 - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start)),
                    TimeUnit.MILLISECONDS);
            assertThat(outcome)
                    .as("a call that was blocked when the store was closed")
                    .isInstanceOf(StoreException.Closed.class);
        }
    }

    @Test
    default void E5_worksAgainAfterACutNetwork(Bench bench) throws Exception {
        StoreWiring.Proxied proxied = bench.proxied();
        outage(
                bench,
                proxied.store(),
                () -> {
                    proxied.proxy().down();
                    return null;
                },
                () -> {
                    proxied.proxy().heal();
                    return null;
                });
    }

    @Test
    default void E5_worksAgainAfterTheServerRestarted(Bench bench) throws Exception {
        StoreWiring.Server server = bench.wired(bench.wiring().server(), "server()");
        MailboxStore store = bench.open();
        outage(
                bench,
                store,
                () -> {
                    server.stop();
                    return null;
                },
                () -> {
                    server.start();
                    return null;
                });
        bench.within(Duration.ofSeconds(5))
                .until(
                        "E5: the other instances work as well",
                        () -> bench.heartbeats(bench.store()) && bench.heartbeats(bench.other()));
    }

    private static void outage(
            Bench bench, MailboxStore store, Callable<@Nullable Void> down, Callable<@Nullable Void> up)
            throws Exception {
        String scope = bench.scope();
        bench.store().register(Bench.registration(Bench.shared(scope), "s", null, Duration.ofHours(1)));
        Hints hints = new Hints();
        bench.watch(store, hints).add(scope);
        bench.soon().until("the watch is in effect (W4)", () -> hints.of(scope) > 0);
        bench.put(store, scope, "before");
        down.call();
        Append during = bench.append(scope, Bench.say("during"));
        assertThat(bench.one(store, during))
                .as("append while the server is away")
                .isInstanceOfSatisfying(Appended.Failed.class, failed -> assertThat(
                                failed.cause().retryable())
                        .as("retryable: %s", failed.cause())
                        .isTrue());
        up.call();
        bench.within(Duration.ofSeconds(5))
                .until(
                        "E5: an append works within 5 s of the server's return",
                        () -> bench.one(store, during) instanceof Appended.Stored);
        bench.within(Duration.ofSeconds(5))
                .until(
                        "E5: so does a read",
                        () -> bench.heard(store, scope, 0),
                        heard -> heard.equals(List.of("before", "during")));
        if (bench.can().push().isPresent()) {
            bench.within(Duration.ofSeconds(5)).until("E5: hints flow again", () -> {
                long before = hints.of(scope);
                bench.put(store, scope, "after");
                Bench.idle(Duration.ofMillis(100));
                return hints.of(scope) > before;
            });
        }
    }

    /** Makes a call whose connection is cut, and repeats it until it answers. */
    private static void cut(
            Bench bench, StoreWiring.Proxied proxied, boolean afterRequest, Callable<@Nullable Object> call) {
        ready(bench, proxied);
        FaultProxy.Trap trap =
                afterRequest ? proxied.proxy().cutNextAnswer() : proxied.proxy().cutNextRequest();
        bench.soon().until("a call that was cut succeeds when it is repeated", () -> {
            try {
                call.call();
                return true;
            } catch (StoreException e) {
                assertThat(e.retryable()).as("retryable: %s", e).isTrue();
                return false;
            }
        });
        bench.soon().until("the proxy has cut a connection", trap::sprung);
    }

    private static void ready(Bench bench, StoreWiring.Proxied proxied) {
        bench.soon().until("the proxied instance answers", () -> bench.heartbeats(proxied.store()));
    }

    private static Map<String, Callable<@Nullable Object>> calls(
            Bench bench, MailboxStore store, String scope, UUID session) {
        ListenerRef listener = Bench.shared(scope);
        Map<String, Callable<@Nullable Object>> calls = new LinkedHashMap<>();
        calls.put("append", () -> store.append(List.of(bench.append(scope, Bench.say("m")))));
        calls.put("members", () -> store.members(scope, null));
        calls.put("open", () -> {
            store.open(UUID.randomUUID(), Duration.ofSeconds(1));
            return null;
        });
        calls.put("heartbeat", () -> store.heartbeat(session, Bench.LONG));
        calls.put("register", () -> store.register(Bench.registration(listener, "r", session, null)));
        calls.put("unregister", () -> store.unregister(listener, "r", UUID.randomUUID()));
        calls.put("subscribers", () -> store.subscribers(listener, null, 10));
        calls.put("acknowledge", () -> {
            store.acknowledge(List.of(new Acknowledgement(listener, "s", UUID.randomUUID(), 1)));
            return null;
        });
        calls.put("scopes", () -> store.scopes(scope, null, 10));
        calls.put(
                "read",
                () -> store.read(List.of(new ReadRequest(scope, 0, 10, false, Set.of(listener))), Bench.PLENTY));
        calls.put("position", () -> store.position(scope, Instant.EPOCH));
        calls.put("sweep", () -> bench.trim(store, Bench.KEEP_ALL));
        return calls;
    }

    /** What a call brought: its value, or its failure, thrown or answered. */
    private static @Nullable Object outcome(Callable<@Nullable Object> call) throws Exception {
        try {
            Object value = call.call();
            return value instanceof List<?> answers
                            && !answers.isEmpty()
                            && answers.get(0) instanceof Appended.Failed failed
                    ? failed.cause()
                    : value;
        } catch (StoreException e) {
            return e;
        }
    }

    private static <T> T get(Future<T> future) throws Exception {
        return future.get(30, TimeUnit.SECONDS);
    }
}
