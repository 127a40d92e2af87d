package dev.moitessier.store.memory;

import static dev.moitessier.store.memory.Given.append;
import static dev.moitessier.store.memory.Given.join;
import static dev.moitessier.store.memory.Given.keep;
import static dev.moitessier.store.memory.Given.payload;
import static dev.moitessier.store.memory.Given.read;
import static dev.moitessier.store.memory.Given.session;
import static dev.moitessier.store.memory.Given.shared;
import static dev.moitessier.store.memory.Given.stored;
import static dev.moitessier.store.memory.Given.text;
import static dev.moitessier.store.memory.Given.texts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Entry;
import dev.moitessier.store.Page;
import dev.moitessier.store.Payload;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.Swept;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What the generic contract cannot see of this store: its bounds, its floors, its tables. */
class MemoryStoreTest {
    private final Given.Clock clock = new Given.Clock();

    @Test
    void twoStoresOverOneSpaceMeet() {
        MemorySpace space = new MemorySpace(clock, 1_000);
        try (MemoryStore here = new MemoryStore(space);
                MemoryStore there = new MemoryStore(space)) {
            join(here, shared("room"), "s1", session(here));
            long position = stored(there, append("room", "hello"));

            Page page = read(here, "room", 0);
            assertThat(texts(page)).containsExactly("hello");
            assertThat(page.next()).isEqualTo(position).isEqualTo(page.head());
        }
    }

    @Test
    void farewellIsSaidOnceWhenTheLeaseEnds() {
        try (MemoryStore store = new MemoryStore(clock)) {
            UUID lost = session(store);
            UUID here = session(store);
            UUID registration = UUID.randomUUID();
            store.register(new Registration(
                    registration, shared("room"), "lost", lost, Duration.ofDays(1), payload("m"), text("bye")));
            Registered watcher = join(store, shared("room"), "here", here);

            clock.advance(Given.LEASE.minusMillis(1));
            store.heartbeat(here, Given.LEASE);
            clock.advance(Duration.ofMillis(2));
            store.sweep(keep(Duration.ofDays(1), 1_000, clock.instant(), 100));
            clock.advance(Duration.ofDays(2));
            store.heartbeat(here, Given.LEASE);
            store.sweep(keep(Duration.ofDays(9), 1_000, clock.instant(), 100));

            Page page = read(store, "room", watcher.start());
            assertThat(texts(page)).containsExactly("bye");
            assertThat(page.entries().get(0).dispatch()).isEqualTo(registration);
            assertThat(store.subscribers(shared("room"), null, 10).list())
                    .extracting(subscriber -> subscriber.id())
                    .containsExactly("here");
        }
    }

    @Test
    void refusesBeyondItsBoundAndSaysTheNumber() {
        try (MemoryStore store = new MemoryStore(new MemorySpace(clock, 10))) {
            join(store, shared("room"), "s1", session(store));
            for (int i = 0; i < 10; i++) {
                stored(store, append("room", "text " + i));
            }
            Appended refused =
                    store.append(List.of(append("room", "one too many"))).get(0);

            assertThat(refused).isInstanceOfSatisfying(Appended.Failed.class, failed -> assertThat(failed.cause())
                    .isInstanceOf(StoreException.Rejected.class)
                    .hasMessageContaining("10 entries")
                    .hasMessageContaining("max-entries"));
            assertThat(read(store, "room", 0).entries()).hasSize(10);

            store.sweep(keep(Duration.ofDays(1), 4));
            stored(store, append("room", "fits again"));
        }
    }

    @Test
    void refusesNoFarewell() {
        MemorySpace space = new MemorySpace(clock, 1);
        try (MemoryStore store = new MemoryStore(space)) {
            UUID session = session(store);
            UUID registration = UUID.randomUUID();
            join(store, shared("room"), "stays", session);
            store.register(new Registration(
                    registration, shared("room"), "goes", session, null, Payload.empty(), text("bye")));
            stored(store, append("room", "full"));

            store.unregister(shared("room"), "goes", registration);

            assertThat(texts(read(store, "room", 0))).containsExactly("full", "bye");
            assertThat(space.entries()).isEqualTo(2);
        }
    }

    @Test
    void refusesIdsBeyondItsBoundAndWritesNothing() {
        MemorySpace space = new MemorySpace(clock, 4); // 64 slots
        try (MemoryStore store = new MemoryStore(space)) {
            join(store, shared("room"), "s1", session(store));
            List<String> heard = new ArrayList<>();
            Appended answer = null;
            for (int i = 0; i < 200 && !(answer instanceof Appended.Failed); i++) {
                answer = store.append(List.of(append("room", "text " + i))).get(0);
                if (answer instanceof Appended.Stored) {
                    heard.add("text " + i);
                }
                store.sweep(keep(Duration.ofDays(1), 0)); // entries go, ids stay
            }
            assertThat(heard).hasSizeBetween(32, 64);
            assertThat(answer).isInstanceOfSatisfying(Appended.Failed.class, failed -> assertThat(failed.cause())
                    .isInstanceOf(StoreException.Rejected.class)
                    .hasMessageContaining("64 slots"));
            assertThat(read(store, "room", 0).entries()).isEmpty();

            clock.advance(Given.REMEMBER.plusMillis(1));
            stored(store, append("room", "fits again"));
        }
    }

    @Test
    void appendsTrimByCountOnceASweepHasToldThemTheRetention() {
        MemorySpace space = new MemorySpace(clock, 10_000);
        try (MemoryStore store = new MemoryStore(space)) {
            join(store, shared("room"), "s1", session(store));
            List<Long> positions = new ArrayList<>();
            positions.add(stored(store, append("room", "first")));
            store.sweep(keep(Duration.ofDays(1), 100));
            for (int i = 1; i < 1_000; i++) {
                positions.add(stored(store, append("room", "text " + i)));
                assertThat(space.entries()).isLessThanOrEqualTo(126);
            }
            Page page = read(store, "room", 0);

            assertThat(page.lossy()).isTrue();
            assertThat(page.entries().size()).isBetween(100, 126).isEqualTo((int) space.entries());
            assertThat(page.trimmed())
                    .isEqualTo(positions.get(999 - page.entries().size()));
            assertThat(page.entries()).extracting(Entry::position).endsWith(positions.get(998), positions.get(999));
        }
    }

    @Test
    void aDuplicateIsKnownAfterItsEntryWasTrimmedAndItsMailboxWent() {
        MemorySpace space = new MemorySpace(clock, 100);
        try (MemoryStore store = new MemoryStore(space)) {
            UUID session = session(store);
            UUID registration = UUID.randomUUID();
            store.register(new Registration(registration, shared("room"), "s1", session, null, Payload.empty(), null));
            UUID dispatch = UUID.randomUUID();
            long position = stored(store, append("room", dispatch, "once"));
            store.sweep(keep(Duration.ofDays(1), 0));
            store.unregister(shared("room"), "s1", registration);

            clock.advance(Given.REMEMBER);
            assertThat(store.append(List.of(append("room", dispatch, "twice"))))
                    .satisfiesExactly(
                            answer -> assertThat(answer).isInstanceOfSatisfying(Appended.Stored.class, stored -> {
                                assertThat(stored.duplicate()).isTrue();
                                assertThat(stored.position()).isEqualTo(position);
                            }));

            clock.advance(Duration.ofMillis(1));
            assertThat(store.append(List.of(append("room", dispatch, "later"))))
                    .containsExactly(new Appended.Unheard());
            store.sweep(keep(Duration.ofDays(1), 0));
            assertThat(space.ids()).as("slots for ids after the sweep").isZero();
            assertThat(space.entries()).isZero();
        }
    }

    @Test
    void aDroppedScopeComesBackAboveItsFloorAndTellsOldCursors() {
        MemorySpace space = new MemorySpace(clock, 100);
        try (MemoryStore store = new MemoryStore(space)) {
            UUID registration = UUID.randomUUID();
            Registration durable = new Registration(
                    registration, shared("room"), "s1", null, Duration.ofDays(365), Payload.empty(), null);
            Registered first = store.register(durable);
            long early = stored(store, append("room", "one"));
            long late = stored(store, append("room", "two"));
            store.unregister(shared("room"), "s1", registration);

            clock.advance(Duration.ofDays(1).plus(MemoryStore.MAX_REMEMBER).plus(Duration.ofHours(23)));
            store.sweep(keep(Duration.ofDays(1), 100));
            assertThat(read(store, "room", 0).head())
                    .as("head, an hour too early to drop it")
                    .isEqualTo(late);

            clock.advance(Duration.ofHours(2));
            store.sweep(keep(Duration.ofDays(1), 100));
            assertThat(read(store, "room", 0).head())
                    .as("head of the dropped scope")
                    .isZero();
            assertThat(store.members("room", null).version()).isZero();
            assertThat(space.listedCount()).as("scopes that a sweep looks at").isZero();

            clock.set(Instant.EPOCH);
            Registered second = store.register(durable);
            assertThat(second.start()).isGreaterThanOrEqualTo(late);
            assertThat(second.membersVersion()).isGreaterThan(first.membersVersion());
            assertThat(stored(store, append("room", "three"))).isGreaterThan(late);
            assertThat(read(store, "room", early).lossy())
                    .as("from a cursor of its first life")
                    .isTrue();
            assertThat(read(store, "room", 0).lossy())
                    .as("from the beginning of its second")
                    .isFalse();
        }
    }

    @Test
    void aScopeThatNobodyEverAppendedToGoesWithTheNextSweep() {
        MemorySpace space = new MemorySpace(clock, 100);
        try (MemoryStore store = new MemoryStore(space)) {
            UUID session = session(store);
            for (int i = 0; i < 100; i++) {
                join(store, shared("room/" + i), "s1", session);
            }
            store.sweep(keep(Duration.ofDays(1), 100));
            assertThat(space.listedCount())
                    .as("idle scopes on the sweep's list")
                    .isZero();
            long version = store.members("room/7", null).version();

            store.heartbeat(session, Duration.ZERO);
            store.sweep(keep(Duration.ofDays(1), 100));

            assertThat(store.scopes("", null, 1_000)).isEmpty();
            assertThat(store.members("room/7", null).version()).isZero();
            join(store, shared("room/7"), "s1", session(store));
            assertThat(store.members("room/7", null).version()).isGreaterThan(version);
        }
    }

    @Test
    void anAcknowledgementPutsOffTheLapseOfADurableSubscriber() {
        try (MemoryStore store = new MemoryStore(clock)) {
            UUID registration = UUID.randomUUID();
            store.register(new Registration(
                    registration, shared("room"), "phone", null, Duration.ofDays(3), Payload.empty(), null));
            clock.advance(Duration.ofDays(2));
            store.acknowledge(List.of(new Acknowledgement(shared("room"), "phone", registration, 0)));
            clock.advance(Duration.ofDays(2));
            store.sweep(keep(Duration.ofDays(9), 100));
            assertThat(store.scopes("", null, 10)).containsExactly("room");

            clock.advance(Duration.ofDays(1));
            store.sweep(keep(Duration.ofDays(9), 100));
            assertThat(store.scopes("", null, 10)).isEmpty();
        }
    }

    @Test
    void anEndedSessionIsNotOpenedAgain() {
        try (MemoryStore store = new MemoryStore(clock)) {
            UUID session = session(store);
            store.heartbeat(session, Duration.ZERO);

            assertThatThrownBy(() -> store.open(session, Given.LEASE))
                    .isInstanceOf(StoreException.SessionEnded.class)
                    .hasMessageContaining(session.toString());
            assertThat(store.heartbeat(session, Given.LEASE).alive()).isFalse();
        }
    }

    @Test
    void oneSweepLeavesToTheNextWhatIsBeyondItsWork() {
        try (MemoryStore store = new MemoryStore(clock)) {
            UUID session = session(store);
            for (int i = 0; i < 25; i++) {
                join(store, shared("room/" + i), "s1", session);
            }
            clock.advance(Given.LEASE);
            int departed = 0;
            for (int sweeps = 0; sweeps < 3; sweeps++) {
                Swept swept = store.sweep(keep(Duration.ofDays(1), 100, clock.instant(), 10));
                assertThat(swept.departed().size()).isLessThanOrEqualTo(10);
                assertThat(swept.more()).isEqualTo(sweeps < 2);
                departed += swept.departed().size();
                clock.advance(Duration.ofHours(1)); // what has begun to end needs no fresh heartbeat
            }
            assertThat(departed).isEqualTo(25);
            assertThat(store.scopes("", null, 10)).isEmpty();
        }
    }
}
