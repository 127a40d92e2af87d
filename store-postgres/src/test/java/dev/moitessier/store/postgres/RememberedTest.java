package dev.moitessier.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Entry;
import dev.moitessier.store.Retention;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.testkit.Eventually;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Where dispatch ids are remembered, which no rule of the contract can tell. */
class RememberedTest {
    private static final String NOTED = "select count(*) from moitessier.dispatch";
    private static final Duration MINUTE = Duration.ofMinutes(1);

    private Scratch scratch;
    private PostgresStore store;

    @BeforeEach
    void store() throws Exception {
        scratch = new Scratch();
        store = scratch.store();
        Scratch.hear(store, "room");
    }

    @AfterEach
    void drop() throws Exception {
        scratch.close();
    }

    private static Append append(UUID id, Duration remember) {
        Append said = Scratch.say(id, "room", "m");
        return new Append(id, "room", said.content(), OptionalLong.empty(), remember);
    }

    private Appended.Stored stored(Append append) {
        return (Appended.Stored) Scratch.one(store, append);
    }

    /** As if it were some time from the midnight that follows tomorrow: positions never go back. */
    private void scopeIsAt(Duration fromMidnight) throws SQLException {
        scratch.execute(
                "update moitessier.scope set head = (floor(extract(epoch from clock_timestamp()) / 86400)::bigint + 2)"
                        + " * 86400000000 + " + fromMidnight.toSeconds() * 1_000_000);
    }

    private void isRememberedAt(Duration fromMidnight, Append append, long position) throws SQLException {
        scopeIsAt(fromMidnight);
        Appended.Stored again = stored(append);
        assertThat(again.duplicate()).as("duplicate").isTrue();
        assertThat(again.position()).as("position of the first").isEqualTo(position);
    }

    @Test
    void amidTheDayAnEntryRemembersItsIdItself() throws Exception {
        scopeIsAt(Duration.ofHours(-12));
        Append first = append(UUID.randomUUID(), MINUTE);
        long position = stored(first).position();
        assertThat(scratch.number(NOTED)).as("ids that are noted").isZero();
        isRememberedAt(Duration.ofHours(-11), first, position);
    }

    @Test
    void idsThatAreRememberedForLongAreNoted() throws Exception {
        scopeIsAt(Duration.ofHours(-12));
        Append first = append(UUID.randomUUID(), Duration.ofMinutes(10));
        long position = stored(first).position();
        assertThat(scratch.number(NOTED)).as("ids that are noted").isEqualTo(1);
        isRememberedAt(Duration.ofHours(12), first, position);
    }

    @Test
    void anIdIsWrittenOnceOnTheTwoSidesOfMidnight() throws Exception {
        scopeIsAt(Duration.ofSeconds(-100));
        assertThat(stored(append(UUID.randomUUID(), MINUTE)).duplicate())
                .as("the first that finds out how late it is")
                .isFalse();
        Append first = append(UUID.randomUUID(), MINUTE);
        long position = stored(first).position();
        assertThat(scratch.number(NOTED)).as("ids that are noted").isEqualTo(2);
        isRememberedAt(Duration.ofSeconds(1), first, position);
        isRememberedAt(Duration.ofSeconds(30), first, position);
    }

    @Test
    void anIdWhoseTimeIsOverIsAdmittedAgain() {
        Append brief = append(UUID.randomUUID(), Duration.ofMillis(300));
        long position = stored(brief).position();
        Eventually.within(Duration.ofSeconds(20)).until("the id is new again", () -> {
            Appended.Stored again = stored(brief);
            return !again.duplicate() && again.position() > position;
        });
    }

    /** It holds the entries of all days that had no partition, as after days in which no process ran. */
    @Test
    void theDefaultPartitionAdmitsAnIdAgainAfterDays() throws Exception {
        Append first = append(UUID.randomUUID(), MINUTE);
        Append second = append(UUID.randomUUID(), MINUTE);
        stored(first);
        stored(second);
        scratch.execute("update moitessier.message set position = position - 2 * 86400000000");
        assertThat(scratch.number("select count(*) from moitessier.message_default"))
                .isEqualTo(2);
        // Beyond the last day that has a partition.
        scopeIsAt(Duration.ofDays(20));

        assertThat(stored(first).duplicate()).as("duplicate, after two days").isFalse();
        try (Connection caller = scratch.dataSource().getConnection()) {
            caller.setAutoCommit(false);
            store.enlist(caller).append(List.of(second));
            caller.commit();
        }
        Append promoter = append(UUID.randomUUID(), MINUTE);
        stored(promoter);
        assertThat(Scratch.page(store, "room", 0).entries())
                .extracting(Entry::dispatch)
                .containsExactly(
                        first.dispatch(), second.dispatch(), first.dispatch(), second.dispatch(), promoter.dispatch());
    }

    @Test
    void noEntryGoesBeforeItsIdIsForgotten() throws Exception {
        Append first = append(UUID.randomUUID(), MINUTE);
        long position = stored(first).position();
        SweepPolicy nothingStays = new SweepPolicy(
                scope -> new Retention(Duration.ofMillis(1), Long.MAX_VALUE), Duration.ofMillis(1), null, 1_000);
        Eventually.within(Duration.ofSeconds(20)).until("the entry is trimmed", () -> {
            store.sweep(nothingStays);
            return Scratch.page(store, "room", 0).trimmed() >= position;
        });
        for (int walks = 0; walks < 5; walks++) {
            store.sweep(nothingStays);
        }
        assertThat(scratch.number("select count(*) from moitessier.message where position = " + position))
                .as("rows of the entry that nobody can read any more")
                .isEqualTo(1);
        assertThat(stored(first).duplicate())
                .as("duplicate, though the entry is gone")
                .isTrue();
    }

    @Test
    void anAppendWaitsForWhoeverHoldsItsScope() throws Exception {
        CompletableFuture<Appended> appended;
        try (Connection holder = scratch.dataSource().getConnection();
                Statement statement = holder.createStatement()) {
            holder.setAutoCommit(false);
            statement.execute("select from moitessier.scope where name = 'room' for update");
            appended = CompletableFuture.supplyAsync(() -> Scratch.one(store, append(UUID.randomUUID(), MINUTE)));
            Eventually.within(Duration.ofSeconds(20))
                    .until(
                            "the append waits for the lock",
                            () -> scratch.number("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                                            + " and datname = current_database()")
                                    == 1);
            assertThat(appended).isNotDone();
            holder.commit();
        }
        assertThat(appended).succeedsWithin(Duration.ofSeconds(20)).isInstanceOf(Appended.Stored.class);
    }
}
