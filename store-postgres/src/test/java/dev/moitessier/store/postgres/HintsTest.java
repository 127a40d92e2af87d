package dev.moitessier.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Broadcaster;
import dev.moitessier.store.HintSink;
import dev.moitessier.store.Payload;
import dev.moitessier.testkit.Eventually;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.postgresql.PGNotification;
import org.postgresql.jdbc.PgConnection;

/** How wake-ups travel; that they arrive is in the contract. */
final class HintsTest {
    private static final Naming NAMING = new Naming("moitessier", "");

    private Scratch scratch;

    @BeforeEach
    void database() throws Exception {
        scratch = new Scratch();
    }

    @AfterEach
    void drop() throws Exception {
        scratch.close();
    }

    private static final class Counting implements HintSink {
        final ConcurrentLinkedQueue<String> dirty = new ConcurrentLinkedQueue<>();
        final AtomicInteger all = new AtomicInteger();

        @Override
        public void dirty(String scope) {
            dirty.add(scope);
        }

        @Override
        public void allDirty() {
            all.incrementAndGet();
        }
    }

    /** Sees every notification of a channel, and is no listener in the store's eyes. */
    private final class Tap implements AutoCloseable {
        private final Connection connection = scratch.dataSource().getConnection();

        Tap(String purpose) throws Exception {
            try (Statement statement = connection.createStatement()) {
                statement.execute("listen \"" + NAMING.channel(purpose) + "\"");
            }
        }

        List<String> seen(int waitMillis) throws Exception {
            PGNotification[] seen = connection.unwrap(PgConnection.class).getNotifications(waitMillis);
            return seen == null
                    ? List.of()
                    : Arrays.stream(seen).map(PGNotification::getParameter).toList();
        }

        @Override
        public void close() throws Exception {
            connection.close();
        }
    }

    private static void awaitListening(Counting sink) {
        Eventually.within(Duration.ofSeconds(10)).until("it listens", () -> sink.all.get() > 0);
    }

    @Test
    void nothingIsSentWhileNobodyElseListens() throws Exception {
        PostgresStore store = scratch.store();
        Scratch.hear(store, "room");
        Counting own = new Counting();
        try (var watch = store.watch(own);
                Tap tap = new Tap("hint")) {
            watch.add("room");
            awaitListening(own);
            for (int i = 0; i < 50; i++) {
                Scratch.stored(store, Scratch.say("room", "m" + i));
            }
            assertThat(tap.seen(300)).as("sent while alone").allMatch(payload -> payload.endsWith(";hello"));
            assertThat(own.dirty).as("hints within the process").hasSizeGreaterThanOrEqualTo(50);

            PostgresStore other = scratch.store();
            Counting elsewhere = new Counting();
            try (var second = other.watch(elsewhere)) {
                second.add("room");
                awaitListening(elsewhere);
                Scratch.stored(store, Scratch.say("room", "now"));
                Eventually.within(Duration.ofSeconds(10))
                        .until("a hint elsewhere", () -> elsewhere.dirty.size() > 1 || elsewhere.all.get() > 1);
                assertThat(tap.seen(300))
                        .as("sent when somebody listens")
                        .anyMatch(payload -> !payload.endsWith(";hello"));
            }
        }
    }

    @Test
    void manyAppendsAreFewNotifications() throws Exception {
        PostgresStore store = scratch.store();
        Scratch.hear(store, "room");
        PostgresStore other = scratch.store();
        Counting elsewhere = new Counting();
        try (var watch = other.watch(elsewhere);
                Tap tap = new Tap("hint")) {
            awaitListening(elsewhere);
            long began = System.nanoTime();
            for (int i = 0; i < 500; i++) {
                Scratch.stored(store, Scratch.say("room", "m" + i));
            }
            long millis = Duration.ofNanos(System.nanoTime() - began).toMillis();
            int sent = 0;
            for (List<String> seen = tap.seen(200); !seen.isEmpty(); seen = tap.seen(200)) {
                sent += seen.size();
            }
            assertThat(sent).as("notifications of 500 appends in %d ms", millis).isBetween(1, (int) (millis / 5) + 10);
        }
    }

    /** The first hint is the notifier's, who finds out that somebody listens; the next ones go with their appends. */
    @Test
    void everyAppendAfterAPauseIsHinted() throws Exception {
        PostgresStore store = scratch.store();
        Scratch.hear(store, "room");
        Counting elsewhere = new Counting();
        try (var watch = scratch.store().watch(elsewhere)) {
            watch.add("room");
            awaitListening(elsewhere);
            Eventually.within(Duration.ofSeconds(20)).until("the watch is in effect", () -> !elsewhere.dirty.isEmpty());
            for (int i = 0; i < 20; i++) {
                int before = elsewhere.dirty.size();
                Scratch.stored(store, Scratch.say("room", "m" + i));
                Eventually.within(Duration.ofSeconds(20)).until("its hint", () -> elsewhere.dirty.size() > before);
            }
        }
    }

    @Test
    void aHintThatTheServerRefusesIsNoFailureOfTheAppend() throws Exception {
        scratch.execute(
                "create schema trap",
                "create table trap.refused (payload text)",
                "create sequence trap.refusals",
                "create function trap.pg_notify(channel text, payload text) returns void language plpgsql as $$ begin "
                        + "if payload not like '%hello' and exists (select from trap.refused) then perform nextval('trap.refusals'); "
                        + "raise 'refused'; end if; "
                        + "perform pg_catalog.pg_notify(channel, payload); end $$",
                "alter database " + scratch.database() + " set search_path = trap, pg_catalog");
        PostgresStore store = scratch.store();
        long start = Scratch.hear(store, "room").start();
        Counting elsewhere = new Counting();
        try (var watch = scratch.store().watch(elsewhere)) {
            watch.add("room");
            awaitListening(elsewhere);
            Scratch.stored(store, Scratch.say("room", "before"));
            Eventually.within(Duration.ofSeconds(20))
                    .until("a hint, so that one more is sent at once", () -> elsewhere.dirty.size() > 1);
            scratch.execute("insert into trap.refused values ('')");
            List<String> said = new ArrayList<>(List.of("before"));
            List<Appended> answers = new ArrayList<>();
            Eventually.within(Duration.ofSeconds(20)).until("many are refused", () -> {
                said.add("m" + said.size());
                answers.add(Scratch.one(store, Scratch.say("room", said.get(said.size() - 1))));
                return scratch.number("select last_value from trap.refusals") > 10;
            });
            assertThat(answers).allMatch(answer -> answer instanceof Appended.Stored);
            assertThat(Scratch.texts(store, "room", start)).isEqualTo(said);
        }
    }

    @Test
    void aLostConnectionComesBackAndHintsEverything() throws Exception {
        PostgresStore store = scratch.store();
        Counting sink = new Counting();
        try (var watch = store.watch(sink)) {
            awaitListening(sink);
            int before = sink.all.get();
            scratch.number(
                    "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() "
                            + "and pid <> pg_backend_pid()");
            Eventually.within(Duration.ofSeconds(5)).until("everything is hinted again", () -> sink.all.get() > before);
        }
    }

    @Test
    void oneConnectionListensHoweverManyScopes() throws Exception {
        PostgresStore store = scratch.store();
        Counting sink = new Counting();
        try (var first = store.watch(sink);
                var second = store.watch(sink)) {
            for (int i = 0; i < 10_000; i++) {
                first.add("room/" + i);
            }
            awaitListening(sink);
            assertThat(scratch.number("select count(*) from pg_locks where locktype = 'advisory' and database = "
                            + "(select oid from pg_database where datname = current_database())"))
                    .isEqualTo(1);
        }
    }

    @Test
    void aPoolOfOneKeepsItsConnectionForCalls() throws Exception {
        try (var pool = new HikariDataSource()) {
            pool.setDataSource(scratch.dataSource());
            pool.setMaximumPoolSize(1);
            try (PostgresStore store =
                    PostgresStore.builder(pool).schemaMode(SchemaMode.MIGRATE).open()) {
                assertThat(store.capabilities().push()).isEmpty();
                assertThat(store.broadcaster()).isEmpty();
                Scratch.hear(store, "room");
                Scratch.stored(store, Scratch.say("room", "m"));
            }
            try (PostgresStore store =
                    PostgresStore.builder(pool).direct(scratch.dataSource()).open()) {
                assertThat(store.capabilities().push())
                        .as("with another way to the server")
                        .isPresent();
            }
        }
    }

    @Test
    void behindAPoolerOfTransactionsItPolls() throws Exception {
        PostgresStore.migrate(scratch.dataSource());
        try (TransactionPooler pooler =
                new TransactionPooler(PostgresServer.shared().port(), scratch.database(), 3)) {
            String url = PostgresServer.url(scratch.database(), pooler.port()) + "&prepareThreshold=0";
            try (PostgresStore store =
                    PostgresStore.builder(url, "postgres", null).poolSize(4).open()) {
                assertThat(store.capabilities().push())
                        .as("hints through the pooler")
                        .isEmpty();
                assertThat(store.broadcaster())
                        .as("volatile lane through the pooler")
                        .isEmpty();
                long start = Scratch.hear(store, "room").start();
                Scratch.stored(store, Scratch.say("room", "m"));
                assertThat(Scratch.texts(store, "room", start)).containsExactly("m");
            }
            try (PostgresStore store = PostgresStore.builder(url, "postgres", null)
                    .direct(scratch.url(), "postgres", null)
                    .open()) {
                assertThat(store.capabilities().push())
                        .as("with a direct connection")
                        .isPresent();
            }
        }
    }

    @Test
    void broadcastsArePacked() throws Exception {
        Broadcaster here = scratch.store().broadcaster().orElseThrow();
        Broadcaster there = scratch.store().broadcaster().orElseThrow();
        AtomicInteger heard = new AtomicInteger();
        try (AutoCloseable subscription = there.subscribe("cursors", payload -> heard.incrementAndGet());
                Tap tap = new Tap("lane")) {
            Eventually.within(Duration.ofSeconds(10)).until("the first arrives", () -> {
                here.publish("cursors", Payload.wrap(new byte[20]));
                return heard.get() > 0;
            });
            tap.seen(100);
            int before = heard.get();
            for (int i = 0; i < 1_000; i++) {
                assertThat(here.publish("cursors", Payload.wrap(new byte[20]))).isTrue();
            }
            Eventually.within(Duration.ofSeconds(10)).until("most arrive", () -> heard.get() >= before + 900);
            int notifications = 0;
            for (List<String> seen = tap.seen(200); !seen.isEmpty(); seen = tap.seen(200)) {
                notifications += seen.size();
            }
            assertThat(notifications)
                    .as("notifications of a thousand broadcasts")
                    .isBetween(1, 60);
        }
    }
}
