package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Entry;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Payload;
import dev.moitessier.store.StoreException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** B1 to B4: many appends in one call. */
interface BatchRules {
    @Test
    default void B1_answersAndPositionsComeInTheOrderOfTheBatch(Bench bench) {
        List<String> scopes = List.of(bench.heardScope(), bench.heardScope(), bench.heardScope());
        List<Append> batch = new ArrayList<>();
        for (int i = 0; i < bench.can().maxBatch(); i++) {
            batch.add(bench.append(scopes.get(i * 7 % 3), Bench.say("m" + i)));
        }
        List<Appended> answers = bench.store().append(batch);
        assertThat(answers).as("answers to a batch of maxBatch").hasSameSizeAs(batch);
        for (String scope : scopes) {
            List<Entry> log = bench.readAll(scope, 0);
            List<Append> mine = batch.stream()
                    .filter(append -> append.scope().equals(scope))
                    .toList();
            assertThat(log)
                    .as("order in the log")
                    .extracting(Entry::dispatch)
                    .containsExactlyElementsOf(
                            mine.stream().map(Append::dispatch).toList());
            for (int i = 0; i < batch.size(); i++) {
                Append append = batch.get(i);
                if (append.scope().equals(scope)) {
                    long position = log.stream()
                            .filter(e -> e.dispatch().equals(append.dispatch()))
                            .findFirst()
                            .orElseThrow()
                            .position();
                    assertThat(answers.get(i))
                            .as("answer %d", i)
                            .isInstanceOfSatisfying(Appended.Stored.class, stored -> assertThat(stored.position())
                                    .isEqualTo(position));
                }
            }
        }
        assertThat(bench.store().append(List.of()))
                .as("answers to an empty batch")
                .isEmpty();
    }

    @Test
    default void B2_oneElementDoesNotHarmTheOthers(Bench bench) {
        String scope = bench.heardScope();
        String unheard = bench.scope();
        long version = bench.store().members(scope, null).version();
        List<Appended> answers = bench.store()
                .append(List.of(
                        bench.append(scope, Bench.say("first")),
                        bench.append(unheard, Bench.say("to nobody")),
                        bench.append(
                                scope,
                                Bench.say(Payload.wrap(new byte[bench.can().maxBody() + 1]))),
                        bench.append("x".repeat(401), Bench.say("too long a name")),
                        bench.append(scope, Bench.say("second")),
                        Bench.onlyIf(version + 1, bench.append(scope, Bench.say("stale")))));
        assertThat(answers).hasSize(6);
        assertThat(answers.get(0)).isInstanceOf(Appended.Stored.class);
        assertThat(answers.get(1)).isEqualTo(new Appended.Unheard());
        for (int rejected : new int[] {2, 3}) {
            assertThat(answers.get(rejected))
                    .as("answer %d", rejected)
                    .isInstanceOfSatisfying(Appended.Failed.class, failed -> assertThat(failed.cause())
                            .isInstanceOf(StoreException.Rejected.class));
        }
        assertThat(answers.get(4)).isInstanceOf(Appended.Stored.class);
        assertThat(answers.get(5)).isEqualTo(new Appended.Stale(version));
        assertThat(bench.heard(scope, 0)).containsExactly("first", "second");
    }

    @Test
    default void B3_aRetryAfterAnUnknownOutcomeKeepsTheOrder(Bench bench) throws Exception {
        StoreWiring.Proxied proxied = bench.proxied();
        for (int round = 0; round < 6; round++) {
            List<String> scopes = List.of(bench.heardScope(), bench.heardScope());
            List<Append> batch = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                batch.add(bench.append(scopes.get(i % 2), Bench.say("m" + i)));
            }
            bench.soon().until("the proxied instance answers", () -> !proxied.store()
                    .scopes("", null, 1)
                    .isEmpty());
            FaultProxy.Trap trap = round % 2 == 0
                    ? proxied.proxy().cutNextAnswer()
                    : proxied.proxy().cutNextRequest();
            List<Appended> answers = proxied.store().append(batch);
            bench.soon().until("the proxy has cut a connection", trap::sprung);
            assertThat(answers).hasSameSizeAs(batch);
            Set<String> failed = new HashSet<>();
            for (int i = 0; i < batch.size(); i++) {
                String scope = batch.get(i).scope();
                if (failed.contains(scope)) {
                    assertThat(answers.get(i))
                            .as("answer %d, after an element of its scope failed", i)
                            .isInstanceOf(Appended.Failed.class);
                }
                if (answers.get(i) instanceof Appended.Failed f
                        && (f.cause().retryable() || f.cause().outcomeUnknown())) {
                    failed.add(scope);
                }
            }
            retryUntilStored(bench, proxied.store(), batch);
            for (String scope : scopes) {
                assertThat(bench.readAll(scope, 0))
                        .as(
                                "the log after the retry, cut %s",
                                round % 2 == 0 ? "after the request" : "before the request")
                        .extracting(Entry::dispatch)
                        .containsExactlyElementsOf(batch.stream()
                                .filter(append -> append.scope().equals(scope))
                                .map(Append::dispatch)
                                .toList());
            }
        }
    }

    @Test
    default void B4_appendAnswersFailuresAndThrowsOnlyWhenClosed(Bench bench) throws Exception {
        MailboxStore closed = bench.open();
        closed.close();
        assertThatThrownBy(() -> closed.append(List.of(bench.append(bench.scope(), Bench.say("m")))))
                .isInstanceOf(StoreException.Closed.class);
        StoreWiring.Proxied proxied = bench.proxied();
        String scope = bench.heardScope();
        bench.put(proxied.store(), scope, "before");
        proxied.proxy().down();
        List<Appended> answers = proxied.store()
                .append(List.of(bench.append(scope, Bench.say("1")), bench.append(scope, Bench.say("2"))));
        assertThat(answers).as("answers while the server is away").hasSize(2).allSatisfy(answer -> assertThat(answer)
                .isInstanceOfSatisfying(Appended.Failed.class, failed -> assertThat(
                                failed.cause().retryable())
                        .as("retryable: %s", failed.cause())
                        .isTrue()));
    }

    private static void retryUntilStored(Bench bench, MailboxStore on, List<Append> batch) {
        List<Append> open = new ArrayList<>(batch);
        bench.soon().until("the whole batch is stored by retries with the same ids", () -> {
            List<Appended> answers = on.append(open);
            List<Append> again = new ArrayList<>();
            for (int i = 0; i < open.size(); i++) {
                if (!(answers.get(i) instanceof Appended.Stored)) {
                    again.add(open.get(i));
                }
            }
            open.clear();
            open.addAll(again);
            return open.isEmpty();
        });
    }
}
