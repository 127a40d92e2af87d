package dev.moitessier.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Page;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.Retention;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Unregistered;
import dev.moitessier.testkit.Eventually;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One process appends to a scope beside its row, until somebody else comes ({@link Solo}, {@link Fences}). */
final class SoloTest {
    private static final String SOLO = "select solo::integer from moitessier.scope where name = 'room'";
    private static final String HEAD = "select head from moitessier.scope where name = 'room'";
    private static final String FENCES = "select count(*) from moitessier.message where text_bytes < 0";

    private final ExecutorService threads = Executors.newCachedThreadPool();
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
        threads.shutdownNow();
        scratch.close();
    }

    private long stored(String text) {
        return Scratch.stored(store, Scratch.say("room", text));
    }

    private long solo() {
        return solo(store, "room");
    }

    /**
     * Appends until two have gone beside the row, which takes five over one connection and longer while the pool still opens some;
     * answers the last position.
     */
    private static long solo(PostgresStore appender, String scope) {
        long last = 0;
        int beside = 0;
        for (int i = 0; i < 200 && beside < 2; i++) {
            long position = Scratch.stored(appender, Scratch.say(scope, "m"));
            beside = position == last + 1 ? beside + 1 : 0;
            last = position;
        }
        assertThat(beside).as("appends beside the row").isEqualTo(2);
        return last;
    }

    private void isSolo(long announcedAt) throws SQLException {
        assertThat(scratch.number(SOLO)).as("solo").isOne();
        assertThat(scratch.number(HEAD)).as("head in the scope's row").isEqualTo(announcedAt);
    }

    private void isFenced() throws SQLException {
        assertThat(scratch.number(SOLO)).as("solo").isZero();
        assertThat(scratch.number(FENCES)).as("rows of fences").isPositive();
    }

    private PostgresStore other() {
        return scratch.closing(scratch.builder().open());
    }

    @Test
    void afterAFewAppendsTheRowIsLeftAlone() throws Exception {
        long last = solo();
        assertThat(stored("m6")).isEqualTo(last + 1);
        isSolo(last - 2);
        for (PostgresStore reader : List.of(store, other())) {
            assertThat(Scratch.texts(reader, "room", 0)).endsWith("m", "m", "m", "m6");
            Page following = Scratch.page(reader, "room", last);
            assertThat(following.entries()).hasSize(1);
            assertThat(following.head()).isEqualTo(last + 1);
            Page caughtUp = Scratch.page(reader, "room", last + 1);
            assertThat(caughtUp.next()).isEqualTo(last + 1);
            assertThat(caughtUp.reset()).isFalse();
            assertThat(Scratch.page(reader, "room", last + 2).reset())
                    .as("a cursor beyond the head")
                    .isTrue();
            ReadRequest few = new ReadRequest("room", last - 3, 2, false, Set.of(Scratch.shared("room")));
            Page cut = reader.read(List.of(few), 1 << 20).get(0);
            assertThat(cut.next()).as("next of a page that is cut").isEqualTo(last - 1);
            assertThat(cut.head()).as("head of a page that is cut").isEqualTo(last + 1);
            assertThat(reader.members("room", null).head()).isEqualTo(last + 1);
        }
        assertThat(scratch.number(FENCES)).as("reading puts up no fence").isZero();
    }

    @Test
    void anotherProcessEndsItAndNothingComesBefore() throws Exception {
        long last = solo();
        PostgresStore other = other();
        long others = Scratch.stored(other, Scratch.say("room", "other"));
        isFenced();
        assertThat(others).isGreaterThan(last);
        assertThat(stored("late")).isGreaterThan(others);
        assertThat(Scratch.texts(other, "room", last - 1)).containsExactly("m", "other", "late");
        assertThat(scratch.number("select count(*) from moitessier.entry"))
                .as("entries that the view shows")
                .isEqualTo(Scratch.texts(other, "room", 0).size());
    }

    /** As a process that was stopped between its decision and the statement, and goes on when others have been there. */
    @Test
    void aStatementThatComesLateRunsIntoTheFence() throws Exception {
        long last = solo();
        String late = beside(last + 1);
        Scratch.stored(other(), Scratch.say("room", "other"));
        assertThatThrownBy(() -> scratch.execute(late)).hasMessageContaining("duplicate key");
        // The measure can see: the position after the fence is free.
        scratch.execute(beside(last + 5));
    }

    /** The same when the other has only registered, unregistered, or promoted something: no append may miss it. */
    @Test
    void whateverChangesWhatAnAppendDependsOnPutsUpAFence() throws Exception {
        ListenerRef ada = new ListenerRef("room", ListenerType.PRIVATE, new Party("ada", ""));
        UUID id = UUID.randomUUID();
        PostgresStore other = other();
        List<Callable<Object>> changes = List.of(
                () -> other.register(
                        new Registration(id, ada, "durable", null, Duration.ofDays(1), Payload.empty(), null)),
                () -> other.unregister(ada, "durable", id),
                () -> {
                    try (Connection connection = scratch.dataSource().getConnection()) {
                        connection.setAutoCommit(false);
                        Scratch.one(other.enlist(connection), Scratch.say("room", "enlisted"));
                        connection.commit();
                    }
                    return Scratch.texts(other, "room", 0);
                });
        for (Callable<Object> change : changes) {
            // A pool of its own each time: whoever was driven out waits before it announces again.
            try (PostgresStore alone = scratch.builder().open()) {
                long last = solo(alone, "room");
                isSolo(last - 2);
                long version = other.members("room", null).version();
                change.call();
                assertThat(scratch.number(SOLO)).as("solo").isZero();
                String late = beside(last + 1);
                assertThatThrownBy(() -> scratch.execute(late)).hasMessageContaining("duplicate key");
                Appended.Stored next = (Appended.Stored) Scratch.one(alone, Scratch.say("room", "next"));
                assertThat(next.membersVersion())
                        .as("members version with an append after it, before it %d", version)
                        .isEqualTo(other.members("room", null).version());
            }
        }
    }

    @Test
    void aSessionThatEndsPutsUpAFence() throws Exception {
        UUID session = UUID.randomUUID();
        ListenerRef ada = new ListenerRef("room", ListenerType.PRIVATE, new Party("ada", ""));
        store.open(session, Duration.ofSeconds(10));
        store.register(new Registration(UUID.randomUUID(), ada, "away", session, null, Payload.empty(), null));
        solo();
        PostgresStore other = other();
        store.heartbeat(session, Duration.ZERO);
        Eventually.within(Duration.ofSeconds(10)).until("its mailbox is gone", () -> {
            other.sweep(new SweepPolicy(
                    scope -> new Retention(Duration.ofDays(1), Long.MAX_VALUE),
                    Duration.ofDays(1),
                    Instant.now().plusSeconds(1),
                    1_000));
            return !other.members("room", null).starts().containsKey(ada);
        });
        isFenced();
        Appended.Stored next = (Appended.Stored) Scratch.one(store, Scratch.say("room", "next"));
        assertThat(next.membersVersion()).isEqualTo(other.members("room", null).version());
    }

    private static String beside(long position) {
        return "insert into moitessier.message (scope_id, position, dispatch, text_bytes, to_handlers, person, client, body) "
                + "select scope_id, " + position
                + ", gen_random_uuid(), 0, true, 'late', '', 'late' from moitessier.scope";
    }

    /** Committed: it is there before whatever the other does. Rolled back: the fence takes its place. */
    @Test
    void aFenceWaitsForAnAppendUnderWay() throws Exception {
        PostgresStore other = other();
        for (boolean commits : new boolean[] {true, false}) {
            try (PostgresStore alone = scratch.builder().open();
                    Connection underWay = scratch.dataSource().getConnection();
                    Statement statement = underWay.createStatement()) {
                long last = solo(alone, "room");
                underWay.setAutoCommit(false);
                statement.execute(beside(last + 1));
                Future<Long> others = threads.submit(() -> Scratch.stored(other, Scratch.say("room", "other")));
                assertThatThrownBy(() -> others.get(300, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
                long cursor = Scratch.page(other, "room", last).next();
                assertThat(cursor).as("a reader that looks meanwhile").isEqualTo(last);
                if (commits) {
                    underWay.commit();
                } else {
                    underWay.rollback();
                }
                assertThat(others.get(10, TimeUnit.SECONDS)).isGreaterThan(last + 1);
                assertThat(Scratch.texts(other, "room", cursor))
                        .isEqualTo(commits ? List.of("late", "other") : List.of("other"));
            }
        }
    }

    /** T3, with nobody in between who would promote it. */
    @Test
    void whatWasEnlistedAndCommittedComesFirst() throws Exception {
        long last = solo();
        try (Connection connection = scratch.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            // By hand, so that no store knows of it.
            statement.execute(
                    "insert into moitessier.pending (scope, dispatch, remember, to_handlers, person, client, body) "
                            + "values ('room', gen_random_uuid(), interval '1 minute', true, 'shop', '', 'enlisted')");
        }
        stored("direct");
        assertThat(Scratch.texts(store, "room", last)).containsExactly("enlisted", "direct");
    }

    @Test
    void entriesSayWhenTheyWereWritten() throws Exception {
        long last = solo();
        Instant before = Instant.ofEpochMilli(
                scratch.number("select (extract(epoch from clock_timestamp()) * 1000)::bigint from pg_sleep(0.3)"));
        long position = stored("later");
        assertThat(position).isEqualTo(last + 1);
        Entry entry = Scratch.page(store, "room", last).entries().get(0);
        assertThat(entry.at()).isBetween(before, before.plusSeconds(10));
        assertThat(store.position("room", before.minusMillis(1)))
                .as("a cursor from which it is read, and not what was before")
                .isEqualTo(last);
        assertThat(scratch.number("select count(*) from moitessier.entry where at >= to_timestamp("
                        + before.toEpochMilli() + " / 1000.0)"))
                .as("rows of the view since then")
                .isOne();
        // What is older than an age that lies between the two goes; this does not.
        store.sweep(new SweepPolicy(
                scope -> new Retention(Duration.ofMillis(200), Long.MAX_VALUE), Duration.ofMillis(200), null, 1_000));
        assertThat(Scratch.page(store, "room", 0).trimmed()).isLessThan(position);
    }

    @Test
    void acknowledgementsKnowTheHead() throws Exception {
        ListenerRef ada = new ListenerRef("room", ListenerType.PRIVATE, new Party("ada", ""));
        Registration durable =
                new Registration(UUID.randomUUID(), ada, "durable", null, Duration.ofDays(1), Payload.empty(), null);
        store.register(durable);
        long last = solo();
        store.acknowledge(List.of(new Acknowledgement(ada, "durable", durable.id(), last - 1)));
        assertThat(acknowledged(ada)).isEqualTo(last - 1);
        store.acknowledge(List.of(new Acknowledgement(ada, "durable", durable.id(), last + 100)));
        assertThat(acknowledged(ada)).as("no further than the head").isEqualTo(last);
        isSolo(last - 2);

        Registered again = other().register(durable);
        assertThat(again.head()).isEqualTo(last);
        assertThat(again.acknowledged()).hasValue(last);
    }

    private long acknowledged(ListenerRef listener) {
        return store.subscribers(listener, null, 10)
                .list()
                .get(0)
                .acknowledged()
                .orElseThrow();
    }

    @Test
    void whatNobodyHearsAnyMoreIsSaid() throws Exception {
        ListenerRef ada = new ListenerRef("hall", ListenerType.PRIVATE, new Party("ada", ""));
        Registration once =
                new Registration(UUID.randomUUID(), ada, "durable", null, Duration.ofDays(1), Payload.empty(), null);
        store.register(once);
        solo(store, "hall");
        assertThat(other().unregister(ada, "durable", once.id())).isEqualTo(new Unregistered(true, true));
        assertThat(Scratch.one(store, Scratch.say("hall", "unheard"))).isEqualTo(new Appended.Unheard());
    }

    @Test
    void anIdIsAdmittedOnce() throws Exception {
        solo();
        UUID id = UUID.randomUUID();
        long first = Scratch.stored(store, Scratch.say(id, "room", "once"));
        for (PostgresStore again : List.of(store, other())) {
            Appended.Stored answer = (Appended.Stored) Scratch.one(again, Scratch.say(id, "room", "once"));
            assertThat(answer.duplicate()).isTrue();
            assertThat(answer.position()).isEqualTo(first);
        }
    }

    /** After a failover the server may know nothing of the announcement; no connection survives one, but a pool may not say so. */
    @Test
    void itIsBoundToOneConnection() throws Exception {
        HikariConfig config = new HikariConfig();
        config.setDataSource(scratch.dataSource());
        try (HikariDataSource pool = new HikariDataSource(config);
                PostgresStore alone = PostgresStore.create(pool)) {
            long last = solo(alone, "room");
            pool.getHikariPoolMXBean().softEvictConnections();
            // As if the last few transactions had been lost with the server that had them.
            scratch.execute(
                    "delete from moitessier.message where position >= " + (last - 2),
                    "update moitessier.scope set solo = false, head = " + (last - 3));
            assertThat(Scratch.stored(alone, Scratch.say("room", "after"))).isGreaterThan(last + 1);
            assertThat(scratch.number(HEAD)).as("head").isGreaterThan(last + 1);
            assertThat(Scratch.texts(alone, "room", last)).containsExactly("after");
        }
    }

    @Test
    void whatIsLeftOverIsSettledBeforeItsPartitionGoes() throws Exception {
        long last = solo();
        scratch.execute(
                "update moitessier.message set position = position - 120000000",
                "update moitessier.scope set head = head - 120000000");
        store.sweep(new SweepPolicy(
                scope -> new Retention(Duration.ofDays(1), Long.MAX_VALUE), Duration.ofDays(1), null, 1_000));
        isFenced();
        assertThat(scratch.number(HEAD)).isEqualTo(last - 120_000_000);
    }

    /** After a fence no position is given to which it stands, though the clock were behind. */
    @Test
    void positionsGoOnAfterTheFenceThoughTheClockIsBehind() throws Exception {
        scratch.execute("update moitessier.scope set head = head + 3600000000");
        long last = solo();
        PostgresStore other = other();
        List<Long> positions = new ArrayList<>(List.of(last));
        for (int i = 0; i < 8; i++) {
            positions.add(Scratch.stored(i % 2 == 0 ? other : store, Scratch.say("room", "after" + i)));
        }
        assertThat(positions).isSorted().doesNotHaveDuplicates();
        assertThat(Scratch.texts(store, "room", last)).hasSize(8);
    }

    /**
     * Two processes that append in bursts, and readers that ask for what is after their cursors while fences come and go: nothing that
     * was acknowledged is missed, or seen twice, or in another order.
     */
    @Test
    void burstsOfTwoProcessesLoseNothing() throws Exception {
        long seed = Long.getLong("moitessier.testkit.seed", System.nanoTime());
        System.out.println("SoloTest: replay the choices with -Dmoitessier.testkit.seed=" + seed);
        long start = Scratch.page(store, "room", 0).head();
        AtomicInteger writing = new AtomicInteger(2);
        List<Future<List<Long>>> writers = new ArrayList<>();
        List<Future<List<Long>>> readers = new ArrayList<>();
        long end = System.nanoTime() + Duration.ofSeconds(4).toNanos();
        for (int i = 0; i < 2; i++) {
            Random random = new Random(seed + i);
            writers.add(threads.submit(() -> bursts(random, end, writing)));
            int most = i == 0 ? 3 : 10_000;
            readers.add(threads.submit(() -> follow(other(), start, most, writing)));
        }
        List<Long> acknowledged = new ArrayList<>();
        for (Future<List<Long>> writer : writers) {
            List<Long> positions = writer.get(60, TimeUnit.SECONDS);
            assertThat(positions).as("positions of one writer").isSorted();
            acknowledged.addAll(positions);
        }
        acknowledged.sort(null);
        for (Future<List<Long>> reader : readers) {
            assertThat(reader.get(60, TimeUnit.SECONDS)).isEqualTo(acknowledged);
        }
        long beside = scratch.number("select count(*) from moitessier.message where written is not null");
        long fences = scratch.number(FENCES);
        System.out.printf(
                "SoloTest: %d appended, %d beside the row, %d fence rows%n", acknowledged.size(), beside, fences);
        assertThat(beside).as("appends beside the row").isGreaterThan(20);
        assertThat(fences).as("fence rows").isGreaterThan(20);
    }

    /** Each burst from a store of its own, which nobody has driven out yet. */
    private List<Long> bursts(Random random, long end, AtomicInteger writing) {
        List<Long> positions = new ArrayList<>();
        try {
            while (System.nanoTime() < end) {
                try (PostgresStore alone = scratch.builder().open()) {
                    int appends = 4 + random.nextInt(30);
                    for (int i = 0; i < appends; i++) {
                        positions.add(Scratch.stored(alone, Scratch.say("room", "m")));
                    }
                }
            }
            return positions;
        } finally {
            writing.decrementAndGet();
        }
    }

    private static List<Long> follow(PostgresStore reader, long start, int most, AtomicInteger writing) {
        List<Long> seen = new ArrayList<>();
        long cursor = start;
        boolean more = true;
        while (more) {
            boolean last = writing.get() == 0;
            ReadRequest request = new ReadRequest("room", cursor, most, false, Set.of(Scratch.shared("room")));
            Page page = reader.read(List.of(request), 16 << 20).get(0);
            page.entries().forEach(entry -> seen.add(entry.position()));
            assertThat(page.reset()).isFalse();
            assertThat(page.next()).isGreaterThanOrEqualTo(cursor);
            more = !last || page.next() > cursor;
            cursor = page.next();
        }
        return seen;
    }
}
