package dev.moitessier.store.datastore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Beat;
import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.Unregistered;
import dev.moitessier.store.datastore.emulator.Emulator;
import dev.moitessier.store.datastore.emulator.OnEmulator;
import dev.moitessier.testkit.FaultProxy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the contract's cuts do not aim at: the very commit, half a minute of outage, a database that lost everything. */
@OnEmulator(Emulator.Kind.DATASTORE)
final class FaultTest {
    /** The request of a commit. */
    private static final Predicate<byte[]> COMMIT =
            bytes -> new String(bytes, StandardCharsets.ISO_8859_1).contains(":commit ");

    private static final Predicate<byte[]> LOOKUP =
            bytes -> new String(bytes, StandardCharsets.ISO_8859_1).contains(":lookup ");

    @Test
    void aCommitWhoseAnswerWasLostIsFoundOutAndNothingIsWrittenTwice() throws Exception {
        Emulator emulator = Emulator.shared(Emulator.Kind.DATASTORE);
        String namespace = Scratch.namespace();
        try (FaultProxy proxy = FaultProxy.to(emulator.host(), emulator.port());
                DatastoreStore store = DatastoreStore.create(Clients.through(proxy.port(), emulator, namespace))) {
            Scratch.hear(store, "room");
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                FaultProxy.Trap trap = i % 3 == 0 ? proxy.cutNextRequest(COMMIT) : proxy.cutNextAnswer(COMMIT);
                Append append = Scratch.say("room", "m" + i);
                Appended answer = Scratch.one(store, append);
                assertThat(trap.sprung()).as("the commit was cut").isTrue();
                // Our own second try is no repetition by the caller.
                assertThat(answer)
                        .isInstanceOfSatisfying(Appended.Stored.class, stored -> assertThat(stored.duplicate())
                                .isFalse());
                assertThat(Scratch.one(store, append))
                        .isInstanceOfSatisfying(Appended.Stored.class, stored -> assertThat(stored.duplicate())
                                .isTrue());
                expected.add("m" + i);
            }
            assertThat(Scratch.heard(store, "room")).isEqualTo(expected);
        }
    }

    @Test
    void housekeepingWhoseCommitWasCutAnswersAsIfNothingHadHappened() throws Exception {
        Emulator emulator = Emulator.shared(Emulator.Kind.DATASTORE);
        try (FaultProxy proxy = FaultProxy.to(emulator.host(), emulator.port());
                DatastoreStore store =
                        DatastoreStore.create(Clients.through(proxy.port(), emulator, Scratch.namespace()))) {
            UUID session = UUID.randomUUID();
            proxy.cutNextAnswer(COMMIT);
            store.open(session, Duration.ofMinutes(1));
            Registration registration = Scratch.registration("room", "s", session);
            proxy.cutNextAnswer(COMMIT);
            Registered registered = store.register(registration);
            assertThat(registered.created()).isTrue();
            proxy.cutNextAnswer(COMMIT);
            assertThat(store.unregister(registration.listener(), "s", registration.id()))
                    .isEqualTo(new Unregistered(true, true));
            proxy.cutNextAnswer(COMMIT);
            Beat beat = store.heartbeat(session, Duration.ofMinutes(1));
            assertThat(beat.alive()).isTrue();
            proxy.cutNextAnswer(COMMIT);
            assertThat(store.heartbeat(session, Duration.ZERO).alive()).isFalse();
            assertThat(store.heartbeat(session, Duration.ofMinutes(1)).alive()).isFalse();
        }
    }

    @Test
    void aDatabaseThatWasRestartedEmptyIsReportedAndUsed() throws Exception {
        Emulator emulator = Emulator.own(Emulator.Kind.DATASTORE);
        try (DatastoreStore store = DatastoreStore.create(Clients.of(emulator, Scratch.namespace()))) {
            UUID session = UUID.randomUUID();
            store.open(session, Duration.ofMinutes(1));
            Registered before = store.register(Scratch.registration("room", "s", session));
            long cursor = Scratch.put(store, "room", "lost");
            emulator.stop();
            assertThatThrownBy(() -> Scratch.page(store, "room", cursor))
                    .isInstanceOf(StoreException.Unavailable.class);
            emulator.start();
            Page page = Scratch.page(store, "room", cursor);
            assertThat(page.reset()).isTrue();
            assertThat(page.head()).isZero();
            assertThat(store.heartbeat(session, Duration.ofMinutes(1)).alive()).isFalse();
            assertThat(Scratch.one(store, Scratch.say("room", "nobody"))).isEqualTo(new Appended.Unheard());

            UUID next = UUID.randomUUID();
            store.open(next, Duration.ofMinutes(1));
            Registered again = store.register(Scratch.registration("room", "s", next));
            assertThat(again.created()).isTrue();
            assertThat(again.start()).as("no position is given twice").isGreaterThan(cursor);
            assertThat(again.membersVersion()).isGreaterThan(before.membersVersion());
            Scratch.put(store, "room", "after");
            assertThat(Scratch.heard(store, "room")).containsExactly("after");
        } finally {
            emulator.stop();
        }
    }

    @Test
    @Tag("long")
    void halfAMinuteOfOutageEndsNoSessionAndLosesNothing() throws Exception {
        Emulator emulator = Emulator.shared(Emulator.Kind.DATASTORE);
        try (FaultProxy proxy = FaultProxy.to(emulator.host(), emulator.port());
                DatastoreStore store =
                        DatastoreStore.create(Clients.through(proxy.port(), emulator, Scratch.namespace()));
                Outage outage = new Outage(store)) {
            outage.begin();
            Scratch.until("messages before the outage", Duration.ofSeconds(120), () -> outage.heard() > 5);
            proxy.down();
            long away = System.nanoTime();
            Scratch.until(
                    "30 s without a database",
                    Duration.ofSeconds(40),
                    () -> System.nanoTime() - away > Duration.ofSeconds(30).toNanos());
            proxy.heal();
            int before = outage.heard();
            Scratch.until("messages after the outage", Duration.ofSeconds(120), () -> outage.heard() > before + 5);
            outage.end();
            assertThat(outage.received()).isEqualTo(outage.sent());
        }
    }

    @Test
    void aCaughtUpReaderCostsOneLookupForAllItsScopes() throws Exception {
        Emulator emulator = Emulator.shared(Emulator.Kind.DATASTORE);
        AtomicInteger lookups = new AtomicInteger();
        try (FaultProxy proxy = FaultProxy.to(emulator.host(), emulator.port());
                DatastoreStore store =
                        DatastoreStore.create(Clients.through(proxy.port(), emulator, Scratch.namespace()))) {
            List<ReadRequest> requests = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                long head = Scratch.hear(store, "room/" + i).head();
                requests.add(new ReadRequest("room/" + i, head, 100, false, Set.of(Scratch.shared("room/" + i))));
            }
            proxy.cutNextRequest(bytes -> {
                lookups.addAndGet(LOOKUP.test(bytes) ? 1 : 0);
                return false;
            });
            store.read(requests, 1 << 20);
            assertThat(lookups).hasValue(1);
            Scratch.put(store, "room/3", "m");
            assertThat(lookups)
                    .as("the append reads the scope's entity and nothing else")
                    .hasValue(2);
            store.read(requests, 1 << 20);
            assertThat(lookups).as("heads, then the one entry").hasValue(4);
        }
    }
}
