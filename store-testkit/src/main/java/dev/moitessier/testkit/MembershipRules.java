package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Members;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** M1 to M3, V1 to V3: the mailboxes of a scope and what each holds. */
interface MembershipRules {
    @Test
    default void M1_theVersionRisesWithMailboxesAndNothingElse(Bench bench) {
        String scope = bench.scope();
        assertThat(bench.store().members(scope, null))
                .as("members of an unknown scope")
                .satisfies(members -> {
                    assertThat(members.version()).isZero();
                    assertThat(members.starts()).isEmpty();
                });
        Registration first = bench.registration(Bench.shared(scope), "a");
        long one = bench.store().register(first).membersVersion();
        assertThat(one)
                .as("version with one mailbox")
                .isPositive()
                .isEqualTo(bench.other().members(scope, null).version());

        Registration second = bench.registration(Bench.shared(scope), "b");
        bench.store().register(second);
        bench.store().register(second);
        Appended.Stored stored = bench.put(bench.store(), bench.append(scope, Bench.say("m")));
        bench.acknowledge(first, stored.position());
        bench.store().unregister(Bench.shared(scope), "b", second.id());
        bench.trim(bench.store(), Bench.KEEP_ALL);
        assertThat(stored.membersVersion()).as("version in the append's answer").isEqualTo(one);
        assertThat(bench.page(scope, 0).membersVersion())
                .as("version after subscribers, appends, acknowledgements, a sweep")
                .isEqualTo(one);

        Registration third = bench.registration(Bench.privateTo(scope, "ada"), "c");
        long two = bench.store().register(third).membersVersion();
        assertThat(two)
                .as("version with a second mailbox")
                .isGreaterThan(one)
                .isEqualTo(bench.page(scope, 0).membersVersion());
        bench.store().unregister(third.listener(), "c", third.id());
        assertThat(bench.store().members(scope, null).version())
                .as("version with one mailbox less")
                .isGreaterThan(two);
    }

    @Test
    default void M1_theVersionNeverFallsWhenTheScopeIsCreatedAgain(Bench bench) {
        String scope = bench.scope();
        long highest = 0;
        for (int life = 0; life < 3; life++) {
            Registration registration = bench.registration(Bench.shared(scope), "s");
            long version = bench.store().register(registration).membersVersion();
            assertThat(version).as("version in life %d", life).isGreaterThan(highest);
            highest = version;
            bench.store().unregister(Bench.shared(scope), "s", registration.id());
            highest = Math.max(highest, bench.store().members(scope, null).version());
        }
    }

    @Test
    default void M1_onlyThoseAskedFor(Bench bench) {
        String scope = bench.heardScope();
        ListenerRef ada = Bench.privateTo(scope, "ada");
        Registered registered = bench.join(ada);
        Members members = bench.store().members(scope, Set.of(ada, Bench.privateTo(scope, "nobody")));
        assertThat(members.starts()).isEqualTo(Map.of(ada, registered.start()));
        assertThat(members.version())
                .as("the version is the scope's, whatever was asked for")
                .isEqualTo(bench.store().members(scope, null).version());
    }

    @Test
    default void M1_membersAreOneSnapshot(Bench bench) throws Exception {
        String scope = bench.heardScope();
        Map<Long, Map<ListenerRef, Long>> byVersion = new ConcurrentHashMap<>();
        AtomicBoolean changing = new AtomicBoolean(true);
        Callable<Integer> reader = () -> {
            int looks = 0;
            while (bench.going(changing)) {
                Members members = bench.other().members(scope, null);
                Map<ListenerRef, Long> same = byVersion.putIfAbsent(members.version(), members.starts());
                assertThat(members.starts())
                        .as("mailboxes at version %d, seen twice", members.version())
                        .isEqualTo(same == null ? members.starts() : same);
                looks++;
            }
            return looks;
        };
        Future<Integer> first = bench.background(reader);
        Future<Integer> second = bench.background(reader);
        bench.soon()
                .until(
                        "members are looked at while they change",
                        () -> !byVersion.isEmpty() || first.isDone() || second.isDone());
        for (int i = 0; i < 30; i++) {
            Registration registration = bench.registration(Bench.privateTo(scope, "p" + i), "s");
            bench.store().register(registration);
            if (i % 2 == 0) {
                bench.store().unregister(registration.listener(), "s", registration.id());
            }
        }
        changing.set(false);
        assertThat(bench.done(first) + bench.done(second)).as("looks").isPositive();
    }

    @Test
    default void M2_anAppendForOtherMembersIsStale(Bench bench) {
        String scope = bench.scope();
        long one = bench.join(Bench.shared(scope)).membersVersion();
        Registered second = bench.join(Bench.handler(scope, "ada"));
        long two = second.membersVersion();
        Append append = bench.append(scope, Bench.say("m"));
        assertThat(bench.one(bench.store(), Bench.onlyIf(one, append)))
                .as("append for a version that is over")
                .isEqualTo(new Appended.Stale(two));
        assertThat(bench.one(bench.store(), Bench.onlyIf(two + 1, append)))
                .as("append for a version to come")
                .isEqualTo(new Appended.Stale(two));
        assertThat(bench.page(scope, 0).head()).as("head after stale appends").isEqualTo(second.head());

        Appended.Stored stored = bench.put(bench.other(), Bench.onlyIf(two, append));
        assertThat(stored.duplicate()).as("a stale append is not remembered").isFalse();
        assertThat(stored.membersVersion()).isEqualTo(two);
        assertThat(bench.heard(scope, 0)).containsExactly("m");
    }

    @Test
    default void M2_theConditionIsComparedInTheStepThatWrites(Bench bench) throws Exception {
        String scope = bench.heardScope();
        AtomicBoolean joining = new AtomicBoolean(true);
        Future<List<Registered>> joiner = bench.background(() -> {
            List<Registered> joined = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                joined.add(bench.other().register(bench.registration(Bench.privateTo(scope, "p" + i), "s")));
            }
            joining.set(false);
            return joined;
        });
        List<Appended.Stored> stored = new ArrayList<>();
        while (joining.get() && !joiner.isDone()) {
            long version = bench.store().members(scope, null).version();
            Appended answer = bench.one(bench.store(), Bench.onlyIf(version, bench.append(scope, Bench.say("m"))));
            if (answer instanceof Appended.Stored s) {
                assertThat(s.membersVersion())
                        .as("version of an append that asked for %d", version)
                        .isEqualTo(version);
                stored.add(s);
            } else {
                assertThat(answer).isInstanceOf(Appended.Stale.class);
            }
        }
        for (Registered joined : bench.done(joiner)) {
            for (Appended.Stored s : stored) {
                assertThat(joined.start() < s.position())
                        .as(
                                "mailbox of version %d (start %d) receives the append of version %d at %d",
                                joined.membersVersion(), joined.start(), s.membersVersion(), s.position())
                        .isEqualTo(joined.membersVersion() <= s.membersVersion());
            }
        }
    }

    @Test
    default void M3_metadataComesBackUnchanged(Bench bench) {
        String scope = bench.scope();
        List<Payload> various =
                List.of(Bench.bytes(bench.can().maxMetadata()), Payload.wrap(new byte[0]), Payload.wrap(new byte[] {
                    0, (byte) 0xff, '{', 0
                }));
        for (int i = 0; i < various.size(); i++) {
            Registration r = bench.registration(Bench.shared(scope), "s" + i);
            bench.store()
                    .register(new Registration(
                            r.id(), r.listener(), r.subscriber(), r.session(), null, various.get(i), null));
        }
        List<Payload> stored = bench.other().subscribers(Bench.shared(scope), null, 10).list().stream()
                .map(s -> s.metadata())
                .toList();
        assertThat(stored.equals(various))
                .as(
                        "metadata of %d, 0 and 4 bytes came back unchanged",
                        bench.can().maxMetadata())
                .isTrue();
    }

    @Test
    default void V1_whatReturnedIsSeenByEveryInstance(Bench bench) {
        String scope = bench.scope();
        ListenerRef listener = Bench.shared(scope);
        for (int i = 0; i < 10; i++) {
            MailboxStore writes = i % 2 == 0 ? bench.store() : bench.other();
            MailboxStore looks = i % 2 == 0 ? bench.other() : bench.store();
            UUID session = bench.session(writes, Bench.LONG);
            assertThat(looks.heartbeat(session, Bench.LONG).alive())
                    .as("a session just opened elsewhere")
                    .isTrue();
            Registration registration = Bench.registration(listener, "s", session, null);
            writes.register(registration);
            assertThat(looks.members(scope, null).starts())
                    .as("a mailbox just created elsewhere")
                    .containsKey(listener);
            assertThat(looks.scopes(scope, null, 10))
                    .as("a scope just created elsewhere")
                    .contains(scope);
            Appended.Stored stored = bench.put(writes, bench.append(scope, Bench.say("m" + i)));
            assertThat(bench.heard(looks, scope, stored.position() - 1))
                    .as("an entry just appended elsewhere")
                    .containsExactly("m" + i);
            writes.acknowledge(List.of(
                    new dev.moitessier.store.Acknowledgement(listener, "s", registration.id(), stored.position())));
            assertThat(looks.subscribers(listener, null, 10).list())
                    .singleElement()
                    .satisfies(s -> assertThat(s.acknowledged()).hasValue(stored.position()));
            writes.unregister(listener, "s", registration.id());
            assertThat(looks.members(scope, null).starts())
                    .as("a mailbox just removed elsewhere")
                    .isEmpty();
            writes.heartbeat(session, Duration.ZERO);
            assertThat(looks.heartbeat(session, Bench.LONG).alive())
                    .as("a session just ended elsewhere")
                    .isFalse();
        }
    }

    @Test
    default void V2_aMailboxStartsAtTheHead(Bench bench) {
        String scope = bench.heardScope();
        long last = 0;
        for (int i = 0; i < 3; i++) {
            last = bench.put(scope, "m" + i);
        }
        Registered registered = bench.join(Bench.privateTo(scope, "ada"));
        assertThat(registered.start()).as("start").isEqualTo(last);
        assertThat(registered.head()).as("head").isEqualTo(last);
        long next = bench.put(scope, "next");
        Registered second = bench.store().register(bench.registration(Bench.privateTo(scope, "ada"), "second"));
        assertThat(second.start())
                .as("start, for a second subscriber of the mailbox")
                .isEqualTo(last);
        assertThat(second.head()).as("head, for a second subscriber").isEqualTo(next);
        assertThat(second.created()).isFalse();
    }

    @Test
    default void V2_aNewLifeHasANewStart(Bench bench) {
        String scope = bench.heardScope();
        ListenerRef ada = Bench.privateTo(scope, "ada");
        Registration first = bench.registration(ada, "s");
        long start = bench.store().register(first).start();
        long between = bench.put(scope, "for the first life");
        bench.store().unregister(ada, "s", first.id());
        Registered second = bench.join(ada);
        assertThat(second.created()).as("created").isTrue();
        assertThat(second.start())
                .as("start of the second life")
                .isEqualTo(between)
                .isGreaterThan(start);
        assertThat(bench.store().members(scope, null).starts().get(ada)).isEqualTo(second.start());
    }

    @Test
    default void V2_theStartIsExactWhileOthersAppend(Bench bench) throws Exception {
        String scope = bench.heardScope();
        AtomicBoolean writing = new AtomicBoolean(true);
        Callable<List<Appended.Stored>> writer = () -> {
            List<Appended.Stored> stored = new ArrayList<>();
            while (bench.going(writing)) {
                stored.add(bench.put(bench.other(), bench.append(scope, Bench.say("m"))));
            }
            return stored;
        };
        Future<List<Appended.Stored>> one = bench.background(writer);
        Future<List<Appended.Stored>> two = bench.background(writer);
        List<Registered> joined = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            long before = bench.page(scope, 0).head();
            Registered registered = bench.join(Bench.privateTo(scope, "p" + i));
            assertThat(registered.start())
                    .as("start against the head seen before")
                    .isGreaterThanOrEqualTo(before);
            assertThat(bench.put(scope, "after"))
                    .as("an append made after the register returned")
                    .isGreaterThan(registered.start());
            joined.add(registered);
        }
        writing.set(false);
        List<Appended.Stored> stored = new ArrayList<>(bench.done(one));
        stored.addAll(bench.done(two));
        for (Registered mailbox : joined) {
            for (Appended.Stored s : stored) {
                assertThat(mailbox.start() < s.position())
                        .as(
                                "A2: mailbox of version %d (start %d) receives the append of version %d at %d",
                                mailbox.membersVersion(), mailbox.start(), s.membersVersion(), s.position())
                        .isEqualTo(mailbox.membersVersion() <= s.membersVersion());
            }
        }
    }

    @Test
    default void V3_entriesBeforeAStartCanBeRead(Bench bench) {
        String scope = bench.heardScope();
        for (int i = 0; i < 5; i++) {
            bench.put(scope, "m" + i);
        }
        ListenerRef late = Bench.privateTo(scope, "late");
        bench.join(late);
        assertThat(bench.readAll(bench.store(), scope, 0, Set.of(late)))
                .as("what a late mailbox reads from cursor 0: the store goes by the cursor, core by the start")
                .extracting(entry -> Bench.text(entry.content().body()))
                .containsExactly("m0", "m1", "m2", "m3", "m4");
    }

    @Test
    default void V3_newestGivesTheLastEntriesThatTheReadersMaySee(Bench bench) {
        String scope = bench.heardScope();
        bench.join(Bench.privateTo(scope, "ada"));
        for (int i = 0; i < 10; i++) {
            bench.put(scope, "m" + i);
            bench.put(
                    bench.store(),
                    bench.append(scope, Bench.say(new dev.moitessier.store.Address("ada", null), "only ada " + i)));
        }
        Set<ListenerRef> shared = Set.of(Bench.shared(scope));
        List<Entry> newest = bench.page(bench.store(), new ReadRequest(scope, 0, 3, true, shared))
                .entries();
        List<String> visible = newest.stream()
                .filter(entry -> Pages.admits(Bench.shared(scope), entry.content()))
                .map(entry -> Bench.text(entry.content().body()))
                .toList();
        assertThat(visible).as("the newest 3 that a shared mailbox may see").containsExactly("m7", "m8", "m9");

        long cursor = bench.readAll(bench.store(), scope, 0, shared).stream()
                .filter(entry -> Bench.text(entry.content().body()).equals("m8"))
                .findFirst()
                .orElseThrow()
                .position();
        assertThat(bench.page(bench.store(), new ReadRequest(scope, cursor - 1, 1_000, true, shared)).entries().stream()
                        .filter(entry -> Pages.admits(Bench.shared(scope), entry.content())))
                .as("newest, but only after the cursor")
                .hasSize(2);
        assertThat(bench.page(bench.store(), new ReadRequest(scope, 0, 1_000, true, shared)).entries().stream()
                        .filter(entry -> Pages.admits(Bench.shared(scope), entry.content()))
                        .map(entry -> Bench.text(entry.content().body())))
                .as("newest 1000 of 10")
                .containsExactlyElementsOf(
                        IntStream.range(0, 10).mapToObj(i -> "m" + i).toList());
    }
}
