package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.Registered;
import dev.moitessier.store.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

/** T1 to T5: appends inside a caller's transaction. */
interface TransactionRules {
    @Test
    default void T1_whatCommitsIsReadableAndNothingElse(Bench bench) throws Exception {
        String scope = bench.heardScope();
        within(bench, transaction -> {
            transaction
                    .appender()
                    .append(List.of(
                            bench.append(scope, Bench.say("committed 1")),
                            bench.append(scope, Bench.say("committed 2"))));
            assertThat(bench.heard(bench.other(), scope, 0))
                    .as("before the commit")
                    .isEmpty();
            transaction.commit();
        });
        assertThat(bench.heard(bench.other(), scope, 0))
                .as("after the commit")
                .containsExactly("committed 1", "committed 2");
        within(bench, transaction -> {
            transaction.appender().append(List.of(bench.append(scope, Bench.say("rolled back"))));
            transaction.rollback();
        });
        assertThat(bench.heard(bench.other(), scope, 0))
                .as("after a rollback")
                .containsExactly("committed 1", "committed 2");
    }

    @Test
    default void T1_aRollbackToASavepointTakesItsAppendsBack(Bench bench) throws Exception {
        String scope = bench.heardScope();
        within(bench, transaction -> {
            transaction.appender().append(List.of(bench.append(scope, Bench.say("before"))));
            Optional<StoreWiring.Rollback> savepoint = transaction.savepoint();
            StoreWiring.Rollback back = bench.wired(savepoint, "Transaction.savepoint()");
            transaction.appender().append(List.of(bench.append(scope, Bench.say("undone"))));
            back.run();
            transaction.appender().append(List.of(bench.append(scope, Bench.say("after"))));
            transaction.commit();
        });
        assertThat(bench.heard(scope, 0)).containsExactly("before", "after");
    }

    @Test
    default void T1_anOpenTransactionHoldsUpNobodyElse(Bench bench) throws Exception {
        String scope = bench.heardScope();
        bench.session();
        within(bench, transaction -> {
            transaction.appender().append(List.of(bench.append(scope, Bench.say("enlisted"))));
            Future<Long> direct = bench.background(() -> bench.put(bench.other(), scope, "direct"));
            try {
                direct.get(2, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                throw new TestAbortedException(
                        "T1 SHOULD, not met: an open transaction holds up the appends of others (legal for a store with one writer)",
                        e);
            }
            transaction.commit();
        });
        assertThat(bench.heard(scope, 0)).containsExactly("direct", "enlisted");
    }

    @Test
    default void T2_enlistedAppendsAnswerEnlisted(Bench bench) throws Exception {
        String scope = bench.heardScope();
        long version = bench.store().members(scope, null).version();
        within(bench, transaction -> {
            assertThat(transaction.appender().append(List.of(bench.append(scope, Bench.say("m")))))
                    .containsExactly(new Appended.Enlisted());
            assertThat(transaction.appender().members(scope, null).version())
                    .as("members, inside the transaction")
                    .isEqualTo(version);
            Append conditional = Bench.onlyIf(version, bench.append(scope, Bench.say("conditional")));
            Bench.refused("a conditional append in a transaction", "ifMembers", () -> {
                Appended answer =
                        transaction.appender().append(List.of(conditional)).get(0);
                assertThat(answer).isInstanceOf(Appended.Failed.class);
                throw ((Appended.Failed) answer).cause();
            });
            transaction.commit();
        });
        assertThat(bench.heard(scope, 0)).containsExactly("m");
    }

    @Test
    default void T2_idsAndRecipientsAreSettledWhenThePositionIsGiven(Bench bench) throws Exception {
        String scope = bench.heardScope();
        String unheard = bench.scope();
        UUID id = UUID.randomUUID();
        UUID unheardId = UUID.randomUUID();
        bench.put(bench.store(), bench.append(id, scope, Bench.say("direct")));
        UUID twice = UUID.randomUUID();
        within(bench, transaction -> {
            transaction
                    .appender()
                    .append(List.of(
                            bench.append(id, scope, Bench.say("the same id, enlisted")),
                            bench.append(twice, scope, Bench.say("once")),
                            bench.append(twice, scope, Bench.say("twice")),
                            bench.append(unheardId, unheard, Bench.say("to nobody"))));
            transaction.commit();
        });
        assertThat(bench.heard(scope, 0)).containsExactly("direct", "once");
        assertThat(bench.put(bench.store(), bench.append(twice, scope, Bench.say("direct again")))
                        .duplicate())
                .as("duplicate of an enlisted append")
                .isTrue();
        assertThat(bench.page(unheard, 0).head())
                .as("head of a scope without mailbox")
                .isZero();
        bench.join(Bench.shared(unheard));
        assertThat(bench.put(bench.store(), bench.append(unheardId, unheard, Bench.say("now")))
                        .duplicate())
                .as("the id of an unheard append is not spent")
                .isFalse();
        assertThat(bench.heard(unheard, 0)).containsExactly("now");
    }

    @Test
    default void T3_whatStartsAfterTheCommitComesAfterIt(Bench bench) throws Exception {
        for (int round = 0; round < 5; round++) {
            String scope = bench.heardScope();
            commit(bench, scope, "enlisted");
            assertThat(bench.heard(bench.other(), scope, 0))
                    .as("a read that starts after the commit")
                    .containsExactly("enlisted");
            commit(bench, scope, "enlisted 2");
            bench.put(bench.other(), scope, "direct");
            assertThat(bench.heard(scope, 0))
                    .as("an append that starts after the commit")
                    .containsExactly("enlisted", "enlisted 2", "direct");
            commit(bench, scope, "enlisted 3");
            ListenerRef late = Bench.privateTo(scope, "late");
            Registered registered = bench.other().register(bench.registration(late, "s"));
            assertThat(bench.readAll(bench.store(), scope, registered.start(), java.util.Set.of(late)))
                    .as("what a mailbox gets that was made after the commit")
                    .isEmpty();
            assertThat(bench.heard(scope, 0)).containsExactly("enlisted", "enlisted 2", "direct", "enlisted 3");
        }
    }

    @Test
    default void T3_orderIsCallOrderWithinAndCommitOrderBetween(Bench bench) throws Exception {
        String scope = bench.heardScope();
        List<String> expected = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            List<String> texts = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                texts.add("t" + t + "-" + i);
            }
            commit(bench, scope, texts.toArray(new String[0]));
            expected.addAll(texts);
        }
        assertThat(bench.heard(scope, 0)).isEqualTo(expected);
    }

    @Test
    default void T4_aFailureLeavesTheTransactionToItsCaller(Bench bench) throws Exception {
        String scope = bench.heardScope();
        within(bench, transaction -> {
            transaction.appender().append(List.of(bench.append(scope, Bench.say("good"))));
            Appended refused = transaction
                    .appender()
                    .append(List.of(bench.append("x".repeat(401), Bench.say("bad"))))
                    .get(0);
            assertThat(refused).isInstanceOfSatisfying(Appended.Failed.class, failed -> assertThat(failed.cause())
                    .isInstanceOf(StoreException.Rejected.class));
            assertThat(bench.heard(bench.other(), scope, 0))
                    .as("before the caller committed")
                    .isEmpty();
            transaction.commit();
        });
        assertThat(bench.heard(scope, 0))
                .as("a refused element must not end the caller's transaction")
                .containsExactly("good");
    }

    @Test
    default void T5_aCommittedAppendIsFoundByTheNextPollAndHintedWithPush(Bench bench) throws Exception {
        String scope = bench.heardScope();
        Hints hints = new Hints();
        bench.watch(bench.other(), hints).add(scope);
        bench.soon().until("the watch is in effect (W4)", () -> hints.of(scope) > 0);
        commit(bench, scope, "m");
        bench.soon()
                .until(
                        "an instance elsewhere finds it by polling",
                        () -> bench.heard(bench.other(), scope, 0),
                        heard -> heard.equals(List.of("m")));
    }

    /** What a caller does in its transaction. */
    interface Body {
        void run(StoreWiring.Transaction transaction) throws Exception;
    }

    private static void within(Bench bench, Body body) throws Exception {
        bench.needs(bench.can().enlists(), "Capabilities.enlists is false");
        StoreWiring.Transaction transaction =
                bench.wired(bench.wiring().transactions(), "transactions()").begin(bench.store());
        try {
            body.run(transaction);
        } finally {
            transaction.close();
        }
    }

    private static void commit(Bench bench, String scope, String... texts) throws Exception {
        within(bench, transaction -> {
            for (String text : texts) {
                transaction.appender().append(List.of(bench.append(scope, Bench.say(text))));
            }
            transaction.commit();
        });
    }
}
