package dev.moitessier.store.datastore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.cloud.datastore.Datastore;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Page;
import dev.moitessier.store.Payload;
import dev.moitessier.store.Registration;
import dev.moitessier.store.Retention;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.datastore.emulator.Emulator;
import dev.moitessier.store.datastore.emulator.OnEmulator;
import dev.moitessier.testkit.MutableClock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the contract cannot see: that nothing stays behind in the database. */
@OnEmulator(Emulator.Kind.DATASTORE)
final class SweeperTest {
    private static final Duration LONGEST = Duration.ofDays(7);

    private final MutableClock clock = MutableClock.at(Instant.now());
    private Datastore datastore;
    private DatastoreStore store;

    @BeforeEach
    void open() throws Exception {
        datastore = Clients.of(Emulator.shared(Emulator.Kind.DATASTORE), Scratch.namespace());
        store = builder().open();
    }

    @AfterEach
    void close() {
        store.close();
    }

    private DatastoreStore.Builder builder() {
        return DatastoreStore.builder(datastore).retentionPause(Duration.ZERO).clocks(new Clocks(clock, clock::nanos));
    }

    private void sweep(long count) {
        SweepPolicy policy = new SweepPolicy(scope -> new Retention(LONGEST, count), LONGEST, null, 1_000);
        for (int calls = 0; store.sweep(policy).more(); calls++) {
            assertThat(calls).as("sweeps that all say more").isLessThan(100);
        }
    }

    @Test
    void whatWasTrimmedIsRemovedADayLaterWithItsPartsAndIds() {
        Scratch.hear(store, "room");
        store.append(IntStream.range(0, 120)
                .mapToObj(i -> Scratch.say("room", "m" + i))
                .toList());
        Append large = Scratch.say("room", Payload.wrap(new byte[1 << 20]));
        assertThat(Scratch.one(store, large)).isInstanceOf(Appended.Stored.class);
        assertThat(Scratch.count(datastore, Keys.PART)).isEqualTo(1);
        long last = Scratch.put(store, "room", "last");

        sweep(1);
        Page page = Scratch.page(store, "room", 0);
        assertThat(page.entries()).singleElement().satisfies(entry -> assertThat(entry.position())
                .isEqualTo(last));
        assertThat(page.lossy()).isTrue();
        assertThat(page.trimmed()).isEqualTo(last - 1);
        assertThat(Scratch.count(datastore, Keys.MESSAGE)).isEqualTo(122);

        clock.advance(Duration.ofDays(1).plusSeconds(1));
        sweep(1);
        assertThat(Scratch.count(datastore, Keys.MESSAGE)).isEqualTo(1);
        assertThat(Scratch.count(datastore, Keys.DEDUP)).isEqualTo(1);
        assertThat(Scratch.count(datastore, Keys.PART)).isZero();
        assertThat(Scratch.count(datastore, Keys.DUE))
                .as("the lapse of the durable subscriber")
                .isEqualTo(1);
        assertThat(Scratch.heard(store, "room")).containsExactly("last");
    }

    @Test
    void anIdThatALaterAppendTookOverStaysWithIt() {
        Scratch.hear(store, "room");
        Append append = Scratch.say("room", "m");
        Scratch.one(store, append);
        clock.advance(Duration.ofMinutes(11));
        Appended.Stored second = (Appended.Stored) Scratch.one(store, append);
        assertThat(second.duplicate()).isFalse();
        sweep(1);
        clock.advance(Duration.ofDays(1).plusSeconds(1));
        Appended.Stored third = (Appended.Stored) Scratch.one(store, append);
        sweep(2);
        assertThat(Scratch.one(store, append))
                .as("the id of the third append, after the first was removed")
                .isEqualTo(new Appended.Stored(third.position(), third.membersVersion(), true));
    }

    @Test
    void nothingButTheHeadOutlivesAScope() {
        UUID session = UUID.randomUUID();
        store.open(session, Duration.ofMinutes(1));
        Registration registration = Scratch.registration("room", "s", session);
        store.register(registration);
        Scratch.put(store, "room", "m");
        store.heartbeat(session, Duration.ZERO);
        for (int day = 0; day < 10; day++) {
            clock.advance(Duration.ofDays(1));
            sweep(10_000);
        }
        for (String kind : List.of(
                Keys.LISTENER,
                Keys.SUBSCRIBER,
                Keys.MESSAGE,
                Keys.DEDUP,
                Keys.LIVE,
                Keys.KEPT,
                Keys.SESSION,
                Keys.BEAT,
                Keys.ENDING,
                Keys.REGISTERED,
                Keys.DUE)) {
            assertThat(Scratch.count(datastore, kind)).as(kind).isZero();
        }
        assertThat(Scratch.count(datastore, Keys.SCOPE)).isEqualTo(1);
    }

    @Test
    void theWalkRestsWhenItHasComeRound() {
        try (DatastoreStore resting =
                builder().retentionPause(Duration.ofMinutes(15)).open()) {
            SweepPolicy policy = new SweepPolicy(scope -> new Retention(LONGEST, 1), LONGEST, null, 1_000);
            Scratch.hear(store, "room");
            resting.sweep(policy);
            Scratch.put(store, "room", "1");
            Scratch.put(store, "room", "2");
            resting.sweep(policy);
            assertThat(Scratch.page(store, "room", 0).trimmed()).isZero();
            clock.advance(Duration.ofMinutes(15));
            resting.sweep(policy);
            assertThat(Scratch.page(store, "room", 0).trimmed()).isPositive();
        }
    }

    @Test
    void anEntryBeyondItsTimeToLiveIsGoneWhetherItWasRemovedOrNot() {
        try (DatastoreStore expiring = builder().timeToLive(Duration.ofDays(7)).open()) {
            Scratch.hear(expiring, "room");
            long first = Scratch.put(expiring, "room", "old");
            clock.advance(Duration.ofDays(4));
            Scratch.put(expiring, "room", "young");
            assertThat(Scratch.heard(expiring, "room")).containsExactly("old", "young");
            clock.advance(Duration.ofDays(4));
            Page page = Scratch.page(expiring, "room", 0);
            assertThat(page.entries()).extracting(Scratch::text).containsExactly("young");
            assertThat(page.trimmed()).isEqualTo(first);
            assertThat(page.lossy()).isTrue();
            assertThatThrownBy(() -> expiring.sweep(
                            new SweepPolicy(scope -> new Retention(LONGEST, 1), Duration.ofDays(8), null, 1)))
                    .isInstanceOf(StoreException.Misconfigured.class)
                    .hasMessageContaining("time-to-live");
        }
    }

    @Test
    void entriesThatDatastoreRemovedByItselfAreReportedAsTrimmed() {
        Scratch.hear(store, "room");
        long first = Scratch.put(store, "room", "1");
        long second = Scratch.put(store, "room", "2");
        Scratch.put(store, "room", "3");
        datastore.delete(new Keys(datastore).message("room", second));
        Page page = Scratch.page(store, "room", first - 1);
        assertThat(page.entries()).extracting(Scratch::text).containsExactly("3");
        assertThat(page.trimmed()).isEqualTo(second);
        assertThat(page.lossy()).isTrue();
    }
}
