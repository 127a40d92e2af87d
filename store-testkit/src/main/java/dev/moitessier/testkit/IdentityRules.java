package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoredSubscriber;
import dev.moitessier.store.Unregistered;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** I1 and I2: what may be said twice. */
interface IdentityRules {
    @Test
    default void I1_theSameIdAnswersTheFirstPosition(Bench bench) {
        String scope = bench.heardScope();
        UUID id = UUID.randomUUID();
        Appended.Stored first = bench.put(bench.store(), bench.append(id, scope, Bench.say("first")));
        assertThat(first.duplicate()).as("duplicate, at the first attempt").isFalse();
        bench.put(scope, "between");
        Appended.Stored again = bench.put(bench.other(), bench.append(id, scope, Bench.say("another content")));
        assertThat(again.duplicate()).as("duplicate, at the second attempt").isTrue();
        assertThat(again.position()).as("position of the second attempt").isEqualTo(first.position());
        assertThat(bench.heard(scope, 0)).containsExactly("first", "between");
    }

    @Test
    default void I1_attemptsAtOnceWriteOneEntry(Bench bench) throws Exception {
        String scope = bench.heardScope();
        for (int round = 0; round < 10; round++) {
            UUID id = UUID.randomUUID();
            String text = "m" + round;
            List<Callable<Appended.Stored>> attempts = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                MailboxStore on = i % 2 == 0 ? bench.store() : bench.other();
                attempts.add(() -> bench.put(on, bench.append(id, scope, Bench.say(text))));
            }
            List<Appended.Stored> answers = bench.together(attempts);
            assertThat(answers)
                    .extracting(Appended.Stored::position)
                    .as("positions of 4 attempts at once")
                    .containsOnly(answers.get(0).position());
            assertThat(answers.stream().filter(answer -> !answer.duplicate()))
                    .as("attempts at once that were the first")
                    .hasSize(1);
        }
        assertThat(bench.readAll(scope, 0))
                .as("entries of 10 dispatches, 4 attempts each")
                .hasSize(10);
    }

    @Test
    default void I1_rememberedAfterTheEntryWasTrimmed(Bench bench) throws Exception {
        String scope = bench.heardScope();
        UUID id = UUID.randomUUID();
        Appended.Stored first = bench.put(bench.store(), bench.append(id, scope, Bench.say("m")));
        for (int i = 0; i < 20; i++) {
            bench.put(scope, "m" + i);
        }
        bench.soon().until("the entry is trimmed", () -> bench.trimTo(scope, 0).trimmed() >= first.position());
        Appended.Stored again = bench.put(bench.other(), bench.append(id, scope, Bench.say("m")));
        assertThat(again.duplicate()).as("duplicate, though the entry is gone").isTrue();
        assertThat(again.position()).isEqualTo(first.position());
    }

    @Test
    default void I1_oneIdOnThreeScopesIsThreeEntries(Bench bench) {
        UUID id = UUID.randomUUID();
        List<Append> batch = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            batch.add(bench.append(id, bench.heardScope(), Bench.say("m")));
        }
        for (Append append : batch) {
            assertThat(bench.put(bench.store(), append).duplicate())
                    .as("duplicate on another scope")
                    .isFalse();
            assertThat(bench.heard(append.scope(), 0)).containsExactly("m");
        }
    }

    @Test
    default void I1_anIdTwiceInOneBatchIsOneEntry(Bench bench) {
        String scope = bench.heardScope();
        UUID id = UUID.randomUUID();
        List<Appended> answers = bench.store()
                .append(List.of(
                        bench.append(id, scope, Bench.say("first")),
                        bench.append(scope, Bench.say("between")),
                        bench.append(id, scope, Bench.say("second"))));
        assertThat(answers).hasSize(3).allSatisfy(answer -> assertThat(answer).isInstanceOf(Appended.Stored.class));
        Appended.Stored first = (Appended.Stored) answers.get(0);
        Appended.Stored third = (Appended.Stored) answers.get(2);
        assertThat(first.duplicate()).isFalse();
        assertThat(third.duplicate()).as("duplicate, within the batch").isTrue();
        assertThat(third.position()).isEqualTo(first.position());
        assertThat(bench.heard(scope, 0)).containsExactly("first", "between");
    }

    @Test
    default void I2_registeringAgainWithTheSameIdUpdatesAndKeepsTheStart(Bench bench) {
        String scope = bench.scope();
        ListenerRef listener = Bench.shared(scope);
        Registration first = bench.registration(listener, "s");
        Registered registered = bench.store().register(first);
        assertThat(registered.created()).as("created, the first time").isTrue();
        bench.put(scope, "between");

        UUID later = bench.session(bench.other(), Bench.LONG);
        Registration again = new Registration(
                first.id(), listener, "s", later, Duration.ofHours(1), Bench.payload("new"), Bench.say("bye"));
        Registered repeated = bench.other().register(again);
        assertThat(repeated.created()).as("created, the second time").isFalse();
        assertThat(repeated.start()).as("start, the second time").isEqualTo(registered.start());
        assertThat(repeated.membersVersion())
                .as("members version, the second time")
                .isEqualTo(registered.membersVersion());
        assertThat(bench.subscribers(listener)).singleElement().satisfies(s -> {
            assertThat(s.id()).isEqualTo("s");
            assertThat(s.session()).as("session, updated").isEqualTo(later);
            assertThat(Bench.text(s.metadata())).as("metadata, updated").isEqualTo("new");
        });
        bench.join(Bench.privateTo(scope, "witness"));
        assertThat(bench.store().unregister(listener, "s", first.id()).subscriberRemoved())
                .isTrue();
        assertThat(bench.readAll(
                        bench.store(), scope, repeated.head(), java.util.Set.of(Bench.privateTo(scope, "witness"))))
                .as("farewell, updated")
                .extracting(entry -> Bench.text(entry.content().body()))
                .containsExactly("bye");
    }

    @Test
    default void I2_racingRegistersMakeOneMailbox(Bench bench) throws Exception {
        for (int round = 0; round < 5; round++) {
            String scope = bench.scope();
            List<Callable<Registered>> racing = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                MailboxStore on = i % 2 == 0 ? bench.store() : bench.other();
                Registration registration = bench.registration(Bench.shared(scope), "s" + i);
                racing.add(() -> on.register(registration));
            }
            List<Registered> answers = bench.together(racing);
            assertThat(answers.stream().filter(Registered::created))
                    .as("registers at once that created the mailbox")
                    .hasSize(1);
            assertThat(answers)
                    .extracting(Registered::start)
                    .as("starts")
                    .containsOnly(answers.get(0).start());
            assertThat(bench.store().members(scope, null).starts())
                    .as("mailboxes")
                    .hasSize(1);
            assertThat(bench.subscribers(Bench.shared(scope)))
                    .extracting(StoredSubscriber::id)
                    .containsExactly("s0", "s1", "s2", "s3");
        }
    }

    @Test
    default void I2_housekeepingMayBeRepeated(Bench bench) {
        String scope = bench.heardScope();
        ListenerRef listener = Bench.privateTo(scope, "ada");
        UUID session = bench.session(bench.store(), Bench.LONG);
        bench.store().open(session, Bench.LONG);
        bench.other().open(session, Bench.LONG);
        Registration registration = Bench.registration(listener, "s", session, null);
        bench.store().register(registration);
        long position = bench.put(scope, "m");
        for (int i = 0; i < 2; i++) {
            assertThat(bench.store().heartbeat(session, Bench.LONG).alive())
                    .as("heartbeat %d", i)
                    .isTrue();
            bench.store().acknowledge(List.of(new Acknowledgement(listener, "s", registration.id(), position)));
            assertThat(bench.acknowledged(listener, "s")).hasValue(position);
            bench.trim(bench.store(), Bench.KEEP_ALL);
        }
        assertThat(bench.store().unregister(listener, "s", registration.id())).isEqualTo(new Unregistered(true, true));
        assertThat(bench.other().unregister(listener, "s", registration.id()))
                .as("unregister, again")
                .isEqualTo(new Unregistered(false, false));
        bench.acknowledge(registration, position);
        assertThat(bench.subscribers(listener)).isEmpty();
        bench.store().heartbeat(session, Duration.ZERO);
        bench.other().heartbeat(session, Duration.ZERO);
        assertThat(bench.store().heartbeat(session, Bench.LONG).alive())
                .as("alive, after it was ended twice")
                .isFalse();
    }
}
