package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.store.Appended;
import dev.moitessier.store.Departed;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoredSubscriber;
import dev.moitessier.store.Subscribers;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Unregistered;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

/** L1 to L8: sessions, ownership, departures. */
interface LifeRules {
    @Test
    default void L1_registerNeedsALivingSession(Bench bench) {
        String scope = bench.scope();
        assertThatThrownBy(() ->
                        bench.store().register(Bench.registration(Bench.shared(scope), "s", UUID.randomUUID(), null)))
                .as("register with a session that was never opened")
                .isInstanceOf(StoreException.SessionEnded.class);
        UUID ended = bench.session(bench.store(), Bench.LONG);
        bench.store().heartbeat(ended, Duration.ZERO);
        for (MailboxStore on : List.of(bench.store(), bench.other())) {
            assertThatThrownBy(() -> on.register(Bench.registration(Bench.shared(scope), "s", ended, null)))
                    .as("register with a session that has ended")
                    .isInstanceOf(StoreException.SessionEnded.class);
            assertThatThrownBy(
                            () -> on.register(Bench.registration(Bench.shared(scope), "s", ended, Duration.ofHours(1))))
                    .as("durable register with a session that has ended")
                    .isInstanceOf(StoreException.SessionEnded.class);
        }
        assertThat(bench.store().members(scope, null).starts())
                .as("mailboxes made by refused registers")
                .isEmpty();
        assertThat(bench.store().scopes(scope, null, 10))
                .as("scopes made by refused registers")
                .doesNotContain(scope);
    }

    @Test
    default void L1_noSubscriberOfAnEndedSessionStays(Bench bench) throws Exception {
        String scope = bench.heardScope();
        for (int round = 0; round < 10; round++) {
            UUID session = bench.session(bench.store(), Bench.LONG);
            List<Callable<Integer>> racing = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                Registration registration =
                        Bench.registration(Bench.privateTo(scope, "r" + round), "s" + i, session, null);
                MailboxStore on = i % 2 == 0 ? bench.store() : bench.other();
                racing.add(() -> {
                    try {
                        on.register(registration);
                        return 1;
                    } catch (StoreException.SessionEnded e) {
                        return 0;
                    }
                });
            }
            racing.add(() -> {
                bench.other().heartbeat(session, Duration.ZERO);
                return 0;
            });
            bench.together(racing);
        }
        bench.sweepUntil(
                bench.store(),
                "only the witness's mailbox is left after 10 sessions ended while their process registered",
                () -> bench.store().members(scope, null).starts().keySet().equals(Set.of(Bench.shared(scope))));
    }

    @Test
    default void L2_anEndedSessionNeverComesBack(Bench bench) throws Exception {
        String scope = bench.heardScope();
        ListenerRef ada = Bench.privateTo(scope, "ada");
        UUID session = bench.session(bench.store(), Bench.LONG);
        bench.store().register(Bench.registration(ada, "s", session, null));
        assertThat(bench.store().heartbeat(session, Bench.LONG).alive())
                .as("alive, before")
                .isTrue();
        bench.store().heartbeat(session, Duration.ZERO);
        for (MailboxStore on : List.of(bench.store(), bench.other())) {
            assertThat(on.heartbeat(session, Bench.LONG).alive())
                    .as("alive, after it was ended")
                    .isFalse();
        }
        try {
            bench.other().open(session, Bench.LONG);
        } catch (StoreException.SessionEnded e) {
            assertThat(e.retryable())
                    .as("whether to open an ended session again may be tried again")
                    .isFalse();
        }
        assertThat(bench.store().heartbeat(session, Bench.LONG).alive())
                .as("alive, after somebody opened it again")
                .isFalse();
        bench.sweepUntil(bench.other(), "the ended session's subscriber is removed", () -> bench.subscribers(ada)
                .isEmpty());
        assertThat(bench.store().heartbeat(session, Bench.LONG).alive())
                .as("alive, after it was swept")
                .isFalse();
        assertThat(bench.store().heartbeat(UUID.randomUUID(), Bench.LONG).alive())
                .as("alive, a session that never was")
                .isFalse();
    }

    @Test
    default void L2_aMissedLeaseEndsTheSession(Bench bench) throws Exception {
        String scope = bench.heardScope();
        ListenerRef ada = Bench.privateTo(scope, "ada");
        UUID session = bench.session(bench.store(), bench.wiring().lease());
        bench.store().register(Bench.registration(ada, "s", session, null));
        bench.sweepUntil(
                bench.other(),
                "the subscriber of a session that missed its lease is removed",
                () -> bench.subscribers(ada).isEmpty());
        assertThat(bench.store().heartbeat(session, Bench.LONG).alive())
                .as("alive, after a sweep ended it")
                .isFalse();
        assertThatThrownBy(() -> bench.store().register(Bench.registration(ada, "s", session, null)))
                .isInstanceOf(StoreException.SessionEnded.class);
    }

    @Test
    default void L2_aLapsedSessionThatNobodyEndedIsRenewed(Bench bench) {
        String scope = bench.heardScope();
        Duration lease = bench.wiring().lease();
        UUID session = bench.session(bench.store(), lease);
        bench.pass(lease.multipliedBy(2));
        bench.store().register(Bench.registration(Bench.privateTo(scope, "ada"), "s", session, null));
        assertThat(bench.other().heartbeat(session, Bench.LONG).alive())
                .as("alive, after two leases without heartbeat or sweep")
                .isTrue();
        assertThat(bench.subscribers(Bench.privateTo(scope, "ada"))).hasSize(1);
    }

    @Test
    default void L3_nothingEndsWithoutAFreshHeartbeatOfTheSweeper(Bench bench) {
        bench.needs(bench.can().storeClock(), "Capabilities.storeClock is false, so that endAsOf means nothing to it");
        Duration lease = bench.wiring().lease();
        UUID sweeper = bench.session(bench.store(), Bench.LONG);
        UUID lapsed = bench.session(bench.store(), lease);
        bench.pass(lease.multipliedBy(2));
        for (int i = 0; i < 5; i++) {
            Instant now = bench.store().heartbeat(sweeper, Bench.LONG).at();
            for (Instant asOf : List.of(
                    now.minus(lease), now.minus(lease.dividedBy(2)), now.minus(Duration.ofDays(1)), Instant.EPOCH)) {
                bench.store().sweep(new SweepPolicy(Bench.KEEP_ALL, Duration.ofDays(3650), asOf, 1_000));
            }
            bench.store().sweep(new SweepPolicy(Bench.KEEP_ALL, Duration.ofDays(3650), null, 1_000));
            bench.pass(lease.dividedBy(5));
        }
        assertThat(bench.other().heartbeat(lapsed, Bench.LONG).alive())
                .as("alive: lapsed, but swept only by nodes whose own last heartbeat was half a lease ago or more")
                .isTrue();
    }

    @Test
    default void L3_heartbeatsKeepASessionAliveWhileOthersSweep(Bench bench) {
        Duration lease = bench.wiring().lease();
        String scope = bench.heardScope();
        UUID session = bench.session(bench.store(), lease);
        bench.store().register(Bench.registration(Bench.privateTo(scope, "ada"), "s", session, null));
        keepAliveWhile(bench, lease, Map.of(session, bench.store()), List.of(bench.other()));
        assertThat(bench.subscribers(Bench.privateTo(scope, "ada"))).hasSize(1);
    }

    @Test
    default void L3_aSweeperWithAWrongClockEndsNoLivingSession(Bench bench) throws Exception {
        Duration lease = bench.wiring().lease();
        MailboxStore ahead =
                bench.closing(bench.wired(bench.wiring().openSkewed(Duration.ofHours(1)), "openSkewed(Duration)"));
        MailboxStore behind =
                bench.closing(bench.wired(bench.wiring().openSkewed(Duration.ofHours(-1)), "openSkewed(Duration)"));
        Map<UUID, MailboxStore> owners = new HashMap<>();
        for (MailboxStore owner : List.of(bench.store(), ahead, behind)) {
            owners.put(bench.session(owner, lease), owner);
        }
        keepAliveWhile(bench, lease, owners, List.of(bench.other(), ahead, behind));
    }

    private static void keepAliveWhile(
            Bench bench, Duration lease, Map<UUID, MailboxStore> owners, List<MailboxStore> sweepers) {
        Map<MailboxStore, UUID> sweeps = new HashMap<>();
        sweepers.forEach(sweeper -> sweeps.put(sweeper, bench.session(sweeper, Bench.LONG)));
        long beaten = System.nanoTime();
        for (int i = 0; i < 9; i++) {
            sweeps.forEach((sweeper, session) -> bench.sweep(sweeper, session, 1_000));
            for (Map.Entry<UUID, MailboxStore> owner : owners.entrySet()) {
                boolean alive =
                        owner.getValue().heartbeat(owner.getKey(), lease).alive();
                if (!alive && System.nanoTime() - beaten > lease.toNanos()) {
                    throw new TestAbortedException("the machine stalled for longer than the lease of " + lease
                            + ", so that sessions rightly ended: raise StoreWiring.lease()");
                }
                assertThat(alive)
                        .as("alive, at its heartbeat %d, made every quarter of its lease of %s", i, lease)
                        .isTrue();
            }
            beaten = System.nanoTime();
            bench.pass(lease.dividedBy(4));
        }
    }

    @Test
    default void L4_aMailboxLivesAsLongAsASubscriber(Bench bench) {
        String scope = bench.scope();
        ListenerRef listener = Bench.shared(scope);
        Registration a = bench.registration(listener, "a");
        Registration b = bench.registration(listener, "b");
        bench.store().register(a);
        bench.store().register(b);
        assertThat(bench.store().unregister(listener, "a", a.id())).isEqualTo(new Unregistered(true, false));
        assertThat(bench.store().members(scope, null).starts())
                .as("mailboxes, while one subscriber is left")
                .containsOnlyKeys(listener);
        assertThat(bench.one(bench.store(), bench.append(scope, Bench.say("m"))))
                .isInstanceOf(Appended.Stored.class);
        assertThat(bench.other().unregister(listener, "b", b.id())).isEqualTo(new Unregistered(true, true));
        assertThat(bench.store().members(scope, null).starts())
                .as("mailboxes, after the last subscriber left")
                .isEmpty();
        assertThat(bench.store().scopes(scope, null, 10))
                .as("live scopes, after the last subscriber left")
                .doesNotContain(scope);
        assertThat(bench.store().unregister(Bench.shared(bench.scope()), "s", UUID.randomUUID()))
                .as("unregister in an unknown scope")
                .isEqualTo(new Unregistered(false, false));
    }

    @Test
    default void L4_whoeverIsRegisteredHasAMailbox(Bench bench) throws Exception {
        String scope = bench.scope();
        ListenerRef listener = Bench.shared(scope);
        List<Callable<Integer>> racing = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            MailboxStore on = t % 2 == 0 ? bench.store() : bench.other();
            String subscriber = "s" + t;
            racing.add(() -> {
                for (int i = 0; i < 20; i++) {
                    Registration registration = bench.registration(listener, subscriber);
                    Registered registered = on.register(registration);
                    Appended answer = bench.one(on, bench.append(scope, Bench.say(subscriber + "-" + i)));
                    assertThat(answer)
                            .as("append between a register and its unregister")
                            .isInstanceOf(Appended.Stored.class);
                    assertThat(((Appended.Stored) answer).position()).isGreaterThan(registered.start());
                    assertThat(on.members(scope, null).starts())
                            .as("mailboxes between a register and its unregister")
                            .containsKey(listener);
                    assertThat(on.unregister(listener, subscriber, registration.id())
                                    .subscriberRemoved())
                            .isTrue();
                }
                return 0;
            });
        }
        bench.session();
        bench.together(racing);
        assertThat(bench.store().members(scope, null).starts())
                .as("mailboxes, after all left")
                .isEmpty();
        assertThat(bench.one(bench.store(), bench.append(scope, Bench.say("m"))))
                .isEqualTo(new Appended.Unheard());
    }

    @Test
    default void L5_theLastRegistrationOwnsTheSubscriber(Bench bench) throws Exception {
        String scope = bench.heardScope();
        ListenerRef ada = Bench.privateTo(scope, "ada");
        UUID oldSession = bench.session(bench.store(), Bench.LONG);
        Registration old = Bench.withFarewell(
                Bench.registration(ada, "s", oldSession, null), Bench.say("farewell of the old owner"));
        bench.store().register(old);
        Registration owner = Bench.withFarewell(bench.registration(ada, "s"), Bench.say("farewell of the owner"));
        Registered taken = bench.other().register(owner);
        assertThat(taken.created()).as("created, by a takeover").isFalse();

        assertThat(bench.store().unregister(ada, "s", old.id()))
                .as("unregister by the old owner")
                .isEqualTo(new Unregistered(false, false));
        bench.store().heartbeat(oldSession, Duration.ZERO);
        UUID witness = bench.session(bench.store(), Bench.LONG);
        bench.store().register(Bench.registration(Bench.privateTo(scope, "bob"), "s", witness, null));
        bench.store().heartbeat(witness, Duration.ZERO);
        bench.sweepUntil(
                bench.other(),
                "the sweep got to sessions ended after the old owner's",
                () -> bench.subscribers(Bench.privateTo(scope, "bob")).isEmpty());
        for (int i = 0; i < 3; i++) {
            bench.sweep(bench.other(), bench.session(), 1_000);
        }
        assertThat(bench.subscribers(ada))
                .as("the subscriber, after the old owner's session ended and was swept")
                .singleElement()
                .satisfies(s -> assertThat(s.session()).isEqualTo(bench.session()));
        assertThat(bench.readAll(scope, 0)).as("farewells, after a takeover").isEmpty();
        assertThat(bench.store().unregister(ada, "s", owner.id())).isEqualTo(new Unregistered(true, true));
        assertThat(bench.heard(scope, 0)).containsExactly("farewell of the owner");
    }

    @Test
    default void L5_aTakeoverTellsWhoHeldTheSubscriber(Bench bench) {
        ListenerRef ada = Bench.privateTo(bench.heardScope(), "ada");
        Duration keep = Duration.ofHours(1);
        UUID first = bench.session(bench.store(), Bench.LONG);
        Registration ofFirst = Bench.registration(ada, "phone", first, keep);
        assertThat(bench.store().register(ofFirst).heldBy())
                .as("held by, when nobody was there before")
                .isNull();
        assertThat(bench.other().register(ofFirst).heldBy())
                .as("held by, when the same registration comes again")
                .isNull();

        UUID second = bench.session(bench.other(), Bench.LONG);
        Registration ofSecond = Bench.registration(ada, "phone", second, keep);
        UUID heldBy = bench.other().register(ofSecond).heldBy();
        bench.needs(heldBy != null, "it does not tell from whom it takes a subscriber; Registered.heldBy is optional");
        assertThat(heldBy).as("held by, when another session is there").isEqualTo(first);
        assertThat(bench.other()
                        .register(Bench.registration(ada, "phone", second, keep))
                        .heldBy())
                .as("held by, when the same session registers again under another id")
                .isEqualTo(second);

        bench.store().register(Bench.registration(ada, "phone", null, keep));
        assertThat(bench.store()
                        .register(Bench.registration(ada, "phone", first, keep))
                        .heldBy())
                .as("held by, when nobody is there any more")
                .isNull();

        bench.store().heartbeat(first, Duration.ZERO);
        assertThat(bench.other()
                        .register(Bench.registration(ada, "phone", second, keep))
                        .heldBy())
                .as("held by, when the session that was there has ended")
                .isNull();
    }

    @Test
    default void L5a_aDurableRegistrationHoldsTheScope(Bench bench) {
        String scope = bench.scope();
        ListenerRef ada = Bench.privateTo(scope, "ada");
        Registered registered = bench.store().register(Bench.registration(ada, "archive", null, Duration.ofHours(1)));
        assertThat(registered.created()).isTrue();
        UUID id = UUID.randomUUID();
        Appended.Stored stored = bench.put(bench.store(), bench.append(id, scope, Bench.say("while nobody is there")));
        assertThat(bench.put(bench.other(), bench.append(id, scope, Bench.say("again")))
                        .duplicate())
                .as("duplicate, while nobody is there")
                .isTrue();
        Registered later = bench.other().register(bench.registration(ada, "phone"));
        assertThat(later.start())
                .as("start of the mailbox, found by the next one")
                .isEqualTo(registered.start())
                .isLessThan(stored.position());
        assertThat(bench.readAll(bench.store(), scope, later.start(), Set.of(ada)))
                .hasSize(1);
        assertThat(bench.subscribers(ada)).extracting(StoredSubscriber::id).containsExactly("archive", "phone");
    }

    @Test
    default void L6_aDurableSubscriberSurvivesItsSessionForItsKeep(Bench bench) throws Exception {
        String scope = bench.heardScope();
        ListenerRef ada = Bench.privateTo(scope, "ada");
        Duration keep = bench.wiring().lease().multipliedBy(3);
        UUID session = bench.session(bench.store(), Bench.LONG);
        Registration durable = Bench.registration(ada, "phone", session, keep);
        bench.store().register(durable);
        bench.store().register(Bench.registration(ada, "tab", session, null));
        long position = bench.put(scope, "m");
        bench.acknowledge(durable, position);
        bench.store().heartbeat(session, Duration.ZERO);

        bench.sweepUntil(
                bench.other(),
                "the session's end detaches the durable subscriber and removes the other",
                () -> bench.subscribers(ada).size() == 1
                        && bench.subscribers(ada).get(0).session() == null);
        assertThat(bench.subscribers(ada)).singleElement().satisfies(s -> {
            assertThat(s.id()).isEqualTo("phone");
            assertThat(s.acknowledged()).as("its cursor, while it is away").hasValue(position);
        });
        bench.sweepUntil(
                bench.other(), "the durable subscriber is removed when its keep is over", () -> bench.subscribers(ada)
                        .isEmpty());
        assertThat(bench.store().members(scope, null).starts())
                .as("mailboxes, after the last durable subscriber lapsed")
                .doesNotContainKey(ada);
    }

    @Test
    default void L6_aDurableSubscriberThatIsThereStays(Bench bench) {
        String scope = bench.heardScope();
        ListenerRef ada = Bench.privateTo(scope, "ada");
        Duration keep = bench.wiring().lease().dividedBy(2);
        bench.store().register(Bench.registration(ada, "phone", bench.session(), keep));
        for (int i = 0; i < 5; i++) {
            bench.pass(keep);
            bench.sweep(bench.other(), bench.session(), 1_000);
        }
        assertThat(bench.subscribers(ada))
                .as("a durable subscriber whose session lives, after 5 times its keep")
                .hasSize(1);
    }

    @Test
    default void L7_unregisterAnnouncesOnce(Bench bench) {
        String scope = bench.heardScope();
        ListenerRef ada = Bench.privateTo(scope, "ada");
        Registration registration = Bench.withFarewell(bench.registration(ada, "s"), Bench.say("ada left"));
        bench.store().register(registration);
        bench.store().unregister(ada, "s", registration.id());
        bench.other().unregister(ada, "s", registration.id());
        List<Entry> log = bench.readAll(scope, 0);
        assertThat(log).singleElement().satisfies(entry -> {
            assertThat(entry.dispatch()).as("dispatch id of a farewell").isEqualTo(registration.id());
            assertThat(Bench.text(entry.content().body())).isEqualTo("ada left");
        });
        Registered witness = bench.join(Bench.privateTo(scope, "late"));
        assertThat(witness.start())
                .as("start of a mailbox made after the farewell")
                .isEqualTo(log.get(0).position());
    }

    @Test
    default void L7_withoutAnybodyLeftNothingIsWritten(Bench bench) {
        String scope = bench.scope();
        Registration registration =
                Bench.withFarewell(bench.registration(Bench.shared(scope), "s"), Bench.say("unheard"));
        bench.store().register(registration);
        long position = bench.put(scope, "m");
        assertThat(bench.store().unregister(Bench.shared(scope), "s", registration.id()))
                .isEqualTo(new Unregistered(true, true));
        assertThat(bench.page(scope, 0).head())
                .as("head, after the last one left with a farewell")
                .isEqualTo(position);
        assertThat(bench.heard(scope, 0)).containsExactly("m");
    }

    @Test
    default void L7_theEndOfASessionIsAnnouncedOnceBySweepersOnAllNodes(Bench bench) throws Exception {
        String scope = bench.heardScope();
        UUID session = bench.session(bench.store(), bench.wiring().lease());
        List<UUID> expected = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            Duration keep = i % 3 == 0 ? Duration.ofHours(1) : null;
            Registration registration = Bench.withFarewell(
                    Bench.registration(Bench.privateTo(scope, "p" + i % 6), "s" + i, session, keep),
                    Bench.say("left " + i));
            bench.store().register(registration);
            expected.add(registration.id());
        }
        MailboxStore third = bench.open();
        List<Callable<Integer>> sweepers = new ArrayList<>();
        AtomicBoolean done = new AtomicBoolean();
        for (MailboxStore on : List.of(bench.store(), bench.other(), third)) {
            UUID sweeper = bench.session(on, Bench.LONG);
            sweepers.add(() -> {
                while (!done.get() && !Thread.currentThread().isInterrupted()) {
                    bench.sweep(on, sweeper, 5);
                    bench.rest();
                }
                return 0;
            });
        }
        List<Future<Integer>> running = sweepers.stream().map(bench::background).toList();
        try {
            bench.within(bench.wiring().patience().plus(bench.wiring().lease().multipliedBy(3)))
                    .until(
                            "all departures are announced",
                            () -> {
                                bench.pass(bench.wiring().lease().dividedBy(5));
                                return bench.readAll(scope, 0).size();
                            },
                            announced -> announced >= expected.size());
        } finally {
            done.set(true);
        }
        for (Future<Integer> sweeper : running) {
            bench.done(sweeper);
        }
        bench.sweep(bench.store(), bench.session(), 1_000);
        assertThat(bench.readAll(scope, 0))
                .as("farewells of 12 subscribers, 4 of them durable, by dispatch id")
                .extracting(Entry::dispatch)
                .containsExactlyInAnyOrderElementsOf(expected);
        for (int i = 0; i < 12; i++) {
            int index = i;
            assertThat(bench.subscribers(Bench.privateTo(scope, "p" + i % 6)))
                    .as("subscriber %d", i)
                    .filteredOn(s -> s.id().equals("s" + index))
                    .hasSize(i % 3 == 0 ? 1 : 0);
        }
    }

    @Test
    default void L7_whatASweepTellsOfTheDepartedIsAsRegistered(Bench bench) throws Exception {
        ListenerRef room = Bench.shared(bench.heardScope());
        UUID session = bench.session(bench.store(), bench.wiring().lease());
        Registration going = new Registration(
                UUID.randomUUID(), room, "going", session, null, Bench.payload("of the one that goes"), null);
        Registration staying = new Registration(
                UUID.randomUUID(),
                room,
                "staying",
                session,
                Duration.ofHours(1),
                Bench.payload("of the durable one"),
                null);
        bench.store().register(going);
        bench.store().register(staying);

        UUID sweeper = bench.session(bench.other(), Bench.LONG);
        List<Departed> departed = new ArrayList<>();
        bench.within(bench.wiring().patience().plus(bench.wiring().lease().multipliedBy(3)))
                .until(
                        "one sweeper, whose calls all succeed, tells of both",
                        () -> {
                            bench.pass(bench.wiring().lease().dividedBy(5));
                            departed.addAll(
                                    bench.sweep(bench.other(), sweeper, 1_000).departed());
                            return departed.size();
                        },
                        size -> size >= 2);
        assertThat(departed)
                .containsExactlyInAnyOrder(
                        new Departed(room, "going", session, going.metadata(), false),
                        new Departed(room, "staying", session, staying.metadata(), false));
    }

    @Test
    default void L7_aDurableSubscriberIsAnnouncedWhenItDetachesAndNotAgain(Bench bench) throws Exception {
        String scope = bench.heardScope();
        ListenerRef ada = Bench.privateTo(scope, "ada");
        UUID session = bench.session(bench.store(), Bench.LONG);
        Registration durable = Bench.withFarewell(
                Bench.registration(ada, "phone", session, bench.wiring().lease().multipliedBy(2)), Bench.say("away"));
        bench.store().register(durable);
        bench.store().heartbeat(session, Duration.ZERO);
        bench.sweepUntil(bench.other(), "the durable subscriber is detached", () -> bench.subscribers(ada).stream()
                .allMatch(s -> s.session() == null));
        assertThat(bench.heard(scope, 0)).as("the log, when it was detached").containsExactly("away");
        bench.sweepUntil(bench.other(), "the durable subscriber lapses", () -> bench.subscribers(ada)
                .isEmpty());
        assertThat(bench.heard(scope, 0)).as("the log, when it was removed").containsExactly("away");
    }

    @Test
    default void L8_subscribersComeInPagesByIdInByteOrder(Bench bench) {
        String scope = bench.scope();
        ListenerRef listener = Bench.shared(scope);
        List<String> ids = new ArrayList<>(List.of("~", "B", "a", "A-1", "A_1", "0", "a0", "z.z:9", "b", "A"));
        ids.forEach(id -> bench.store().register(bench.registration(listener, id)));
        ids.sort(String::compareTo);
        List<String> listed = new ArrayList<>();
        String after = null;
        boolean more = true;
        for (int pages = 0; more; pages++) {
            assertThat(pages).as("pages of 3").isLessThan(6);
            Subscribers page = bench.other().subscribers(listener, after, 3);
            assertThat(page.list().size()).isLessThanOrEqualTo(3);
            page.list().forEach(s -> listed.add(s.id()));
            more = page.more();
            after = listed.isEmpty() ? null : listed.get(listed.size() - 1);
        }
        assertThat(listed).as("subscriber ids, page by page").isEqualTo(ids);
        Subscribers none = bench.store().subscribers(Bench.privateTo(scope, "nobody"), null, 10);
        assertThat(none.list()).isEmpty();
        assertThat(none.more()).isFalse();
    }

    @Test
    default void L8_aLapsedSubscriberIsListedUntilItIsRemoved(Bench bench) {
        String scope = bench.heardScope();
        Duration lease = bench.wiring().lease();
        UUID session = bench.session(bench.store(), lease);
        bench.store().register(Bench.registration(Bench.privateTo(scope, "ada"), "s", session, null));
        bench.pass(lease.multipliedBy(2));
        assertThat(bench.subscribers(Bench.privateTo(scope, "ada")))
                .as("subscribers whose lease has lapsed, before a sweep")
                .hasSize(1);
    }

    @Test
    default void L8_theListAndTheLogAfterItAreThePresentState(Bench bench) throws Exception {
        String scope = bench.heardScope();
        ListenerRef room = Bench.privateTo(scope, "room");
        Map<String, UUID> farewells = new HashMap<>();
        List<Registration> all = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            Registration registration = Bench.withFarewell(bench.registration(room, "s" + i), Bench.say("left"));
            bench.store().register(registration);
            farewells.put("s" + i, registration.id());
            all.add(registration);
        }
        AtomicBoolean leaving = new AtomicBoolean(true);
        CountDownLatch listing = new CountDownLatch(1);
        Future<List<Subscribers>> lister = bench.background(() -> {
            List<Subscribers> lists = new ArrayList<>();
            while (bench.going(leaving)) {
                lists.add(bench.other().subscribers(room, null, 100));
                listing.countDown();
            }
            return lists;
        });
        assertThat(listing.await(bench.wiring().patience().toMillis(), TimeUnit.MILLISECONDS) || lister.isDone())
                .as("a first list is read")
                .isTrue();
        for (Registration registration : all) {
            bench.store().unregister(room, registration.subscriber(), registration.id());
        }
        leaving.set(false);
        Map<UUID, Long> left = new HashMap<>();
        bench.readAll(scope, 0).forEach(entry -> left.put(entry.dispatch(), entry.position()));
        assertThat(left)
                .as("farewells in the log")
                .containsKeys(farewells.values().toArray(new UUID[0]));
        for (Subscribers list : bench.done(lister)) {
            Set<String> listed = new java.util.HashSet<>(
                    list.list().stream().map(StoredSubscriber::id).toList());
            farewells.forEach((subscriber, farewell) -> assertThat(listed.contains(subscriber))
                    .as("%s, who left at %d, in a list true at %d", subscriber, left.get(farewell), list.position())
                    .isEqualTo(left.getOrDefault(farewell, 0L) > list.position()));
        }
    }
}
