package dev.moitessier.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.store.Page;
import dev.moitessier.store.Retention;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.testkit.Eventually;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Partitions; the rest of sweeping is in the contract. */
final class SweeperTest {
    private static final String PARTITIONS =
            "select count(*) from pg_inherits where inhparent = 'moitessier.message'::regclass";
    private static final SweepPolicy TWO_DAYS = new SweepPolicy(
            scope -> new Retention(Duration.ofDays(2), Long.MAX_VALUE), Duration.ofDays(2), null, 1_000);

    private Scratch scratch;
    private PostgresStore store;

    @BeforeEach
    void store() throws Exception {
        scratch = new Scratch();
        store = scratch.store();
    }

    @AfterEach
    void drop() throws Exception {
        scratch.close();
    }

    /** As if the store had run for this many days: a partition and an entry for each. */
    private void past(String scope, int days, boolean partitioned) throws Exception {
        for (int day = days; day > 0; day--) {
            String lower = "(floor(extract(epoch from clock_timestamp()) / 86400)::bigint - " + day + ") * 86400000000";
            if (partitioned) {
                scratch.execute("do $$ declare l bigint := " + lower + "; begin "
                        + "execute format('create table moitessier.message_old%s partition of moitessier.message for values from (%s) to (%s)', "
                        + day + ", l, l + 86400000000); end $$");
            }
            scratch.execute(
                    "insert into moitessier.message (scope_id, position, dispatch, text_bytes, to_handlers, person, client, body) "
                            + "select scope_id, " + lower + " + 5, gen_random_uuid(), 0, true, 'old', '', 'day" + day
                            + "' from moitessier.scope where name = '" + scope + "'");
        }
    }

    @Test
    void daysBeyondTheLongestAgeAreDroppedAndSaid() throws Exception {
        Scratch.hear(store, "room");
        past("room", 6, true);
        long before = scratch.number(PARTITIONS);
        assertThat(Scratch.texts(store, "room", 0)).hasSize(6);

        Eventually.within(Duration.ofSeconds(20)).until("old partitions are dropped", () -> {
            store.sweep(TWO_DAYS);
            return scratch.number(PARTITIONS) < before;
        });

        Page page = Scratch.page(store, "room", 0);
        assertThat(page.lossy()).isTrue();
        assertThat(page.entries().stream().map(Scratch::text))
                .doesNotContain("day6", "day5", "day4", "day3")
                .contains("day1");
        assertThat(scratch.number("select count(*) from moitessier.message where position <= " + page.trimmed()))
                .as("rows of days that are dropped whole")
                .isLessThanOrEqualTo(1);
    }

    @Test
    void ofTwoRetentionsTheShorterWins() throws Exception {
        Scratch.hear(store, "room");
        past("room", 6, true);
        PostgresStore longer =
                scratch.closing(scratch.builder().retention(Duration.ofDays(30)).open());
        PostgresStore shorter =
                scratch.closing(scratch.builder().retention(Duration.ofDays(2)).open());
        SweepPolicy tenDays =
                new SweepPolicy(scope -> new Retention(Duration.ofDays(10), 1_000), Duration.ofDays(10), null, 1_000);

        longer.sweep(tenDays);
        assertThat(Scratch.texts(store, "room", 0)).as("what the node asks for").hasSize(6);

        Eventually.within(Duration.ofSeconds(20)).until("old partitions are dropped", () -> {
            shorter.sweep(tenDays);
            return scratch.number("select count(*) from moitessier.message") <= 3;
        });
        assertThat(Scratch.texts(store, "room", 0)).contains("day1").doesNotContain("day3", "day4", "day5", "day6");
        assertThatThrownBy(() -> scratch.builder().retention(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("positive");
    }

    @Test
    void entriesThatCameBeforeTheirPartitionGoToo() throws Exception {
        Scratch.hear(store, "room");
        past("room", 6, false);
        assertThat(scratch.number("select count(*) from moitessier.message_default"))
                .isEqualTo(6);

        Eventually.within(Duration.ofSeconds(20)).until("strays are removed", () -> {
            store.sweep(TWO_DAYS);
            return scratch.number("select count(*) from moitessier.message_default") <= 2;
        });

        assertThat(Scratch.page(store, "room", 0).lossy()).isTrue();
        assertThat(Scratch.texts(store, "room", 0)).contains("day1");
    }

    @Test
    void daysToComeAreMadeAheadByOneOfMany() throws Exception {
        List<String> ahead = List.of("message", "override");
        for (String parent : ahead) {
            scratch.execute(
                    "do $$ declare t text; begin for t in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid "
                            + "where inhparent = 'moitessier." + parent + "'::regclass and c.relname <> '" + parent
                            + "_default' loop "
                            + "execute 'drop table moitessier.' || t; end loop; end $$");
        }
        assertThat(scratch.number(PARTITIONS)).isEqualTo(1);
        ExecutorService nodes = Executors.newFixedThreadPool(4);
        try {
            List<PostgresStore> stores = List.of(scratch.store(), scratch.store(), scratch.store(), scratch.store());
            List<Callable<Boolean>> sweeps = stores.stream()
                    .<Callable<Boolean>>map(each -> () -> each.sweep(TWO_DAYS).more())
                    .toList();
            for (Future<Boolean> each : nodes.invokeAll(sweeps)) {
                each.get();
            }
        } finally {
            nodes.shutdownNow();
        }
        assertThat(scratch.number(PARTITIONS))
                .as("today, three days ahead, and the default one")
                .isEqualTo(5);
        Scratch.hear(store, "room");
        Scratch.stored(store, Scratch.say("room", "m"));
        assertThat(scratch.number("select count(*) from moitessier.message_default"))
                .isZero();
    }
}
