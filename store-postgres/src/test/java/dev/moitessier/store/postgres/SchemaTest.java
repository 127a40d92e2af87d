package dev.moitessier.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Retention;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.SweepPolicy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class SchemaTest {
    private Scratch scratch;

    @BeforeEach
    void database() throws Exception {
        scratch = new Scratch();
    }

    @AfterEach
    void drop() throws Exception {
        scratch.close();
    }

    @Test
    void manyNodesMigrateAtOnceAndOneDoesIt() throws Exception {
        ExecutorService nodes = Executors.newFixedThreadPool(8);
        try {
            Callable<Boolean> migrate = () -> {
                PostgresStore.migrate(scratch.dataSource());
                return true;
            };
            List<Future<Boolean>> all = nodes.invokeAll(Collections.nCopies(8, migrate));
            for (Future<Boolean> each : all) {
                assertThat(each.get()).isTrue();
            }
        } finally {
            nodes.shutdownNow();
        }
        assertThat(scratch.number("select count(*) from moitessier.version")).isEqualTo(Schema.VERSION);
    }

    @Test
    void aMissingSchemaIsOneErrorThatSaysWhatToRun() {
        assertThatThrownBy(() -> PostgresStore.create(scratch.dataSource()))
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("schema 'moitessier' has no Moitessier tables")
                .hasMessageContaining("PostgresStore.migrate(dataSource)")
                .hasMessageContaining("schema-mode = MIGRATE")
                .hasMessageContaining("PostgresStore.schemaSql()");
    }

    @Test
    void withoutValidationTheFirstCallSaysIt() {
        try (PostgresStore store = scratch.builder().schemaMode(SchemaMode.NONE).open()) {
            assertThatThrownBy(() -> store.members("room", null))
                    .isInstanceOf(StoreException.Misconfigured.class)
                    .hasMessageContaining("PostgresStore.migrate(dataSource)");
        }
    }

    @Test
    void aSchemaThatNeedsANewerLibraryIsRefused() throws Exception {
        PostgresStore.migrate(scratch.dataSource());
        scratch.execute("insert into moitessier.version (version, works_from) values (99, 98)");
        assertThatThrownBy(() -> PostgresStore.create(scratch.dataSource()))
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("needs a library that knows version 98")
                .hasMessageContaining("upgrade moitessier-store-postgres");
    }

    @Test
    void aNewerSchemaThatStillKnowsThisLibraryIsUsed() throws Exception {
        PostgresStore.migrate(scratch.dataSource());
        scratch.execute("insert into moitessier.version (version, works_from) values (99, 1)");
        try (PostgresStore store = PostgresStore.create(scratch.dataSource())) {
            Scratch.hear(store, "room");
            Scratch.stored(store, Scratch.say("room", "hello"));
        }
    }

    @Test
    void whatIsPrintedMakesTheSameTables() throws Exception {
        String columns =
                "select string_agg(table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable, ',' order by 1) "
                        + "from (select * from information_schema.columns where table_schema = '%s' and table_name !~ '_p?[0-9]{8}$' "
                        + "order by table_name, ordinal_position) c";
        scratch.execute(PostgresStore.schemaSql("by hand", ""));
        PostgresStore.builder(scratch.dataSource()).schema("migrated").migrate();
        assertThat(scratch.text(columns.formatted("by hand"))).isEqualTo(scratch.text(columns.formatted("migrated")));
        try (PostgresStore store = scratch.builder().schema("by hand").open()) {
            Scratch.hear(store, "room");
            Scratch.stored(store, Scratch.say("room", "hello"));
        }
    }

    @Test
    void aRoleWithTheGrantsAndNothingElseCanDoEverything() throws Exception {
        PostgresStore.migrate(scratch.dataSource());
        String role = "app " + scratch.database();
        scratch.execute("create role \"" + role + "\" login", PostgresStore.grantsSql(role));
        try (PostgresStore store =
                PostgresStore.builder(scratch.url(), role, null).open()) {
            long start = Scratch.hear(store, "room").start();
            Append hello = Scratch.say("room", "hello");
            Scratch.stored(store, hello);
            assertThat(Scratch.one(store, hello))
                    .isInstanceOfSatisfying(Appended.Stored.class, again -> assertThat(again.duplicate())
                            .isTrue());
            try (var connection = scratch.dataSource().getConnection(role, null)) {
                connection.setAutoCommit(false);
                store.enlist(connection).append(List.of(Scratch.say("room", "enlisted")));
                connection.commit();
            }
            Scratch.stored(store, Scratch.say("room", "bye"));
            assertThat(Scratch.texts(store, "room", start)).containsExactly("hello", "enlisted", "bye");
            store.sweep(new SweepPolicy(scope -> new Retention(Duration.ZERO, 0), Duration.ZERO, null, 100));
            assertThat(Scratch.page(store, "room", start).lossy()).isTrue();
            try (var connection = scratch.dataSource().getConnection(role, null);
                    var statement = connection.createStatement();
                    var rows = statement.executeQuery("select moitessier.readable('ab'::bytea)")) {
                assertThat(rows.next()).isTrue();
                assertThatThrownBy(() -> statement.execute("create table moitessier.mine (id int)"))
                        .hasMessageContaining("permission denied");
            }
        } finally {
            scratch.execute("drop owned by \"" + role + "\"", "drop role \"" + role + "\"");
        }
    }

    @Test
    void missingGrantsAreOneErrorThatSaysWhatToRun() throws Exception {
        PostgresStore.migrate(scratch.dataSource());
        String role = "stranger " + scratch.database();
        scratch.execute("create role \"" + role + "\" login");
        try {
            assertThatThrownBy(() ->
                            PostgresStore.builder(scratch.url(), role, null).open())
                    .isInstanceOf(StoreException.Misconfigured.class)
                    .hasMessageContaining("permission denied")
                    .hasMessageContaining("PostgresStore.grantsSql(role)");
        } finally {
            scratch.execute("drop role \"" + role + "\"");
        }
    }

    @Test
    void theViewShowsMessagesAsText() throws Exception {
        PostgresStore store = scratch.store();
        Scratch.hear(store, "room/42");
        Scratch.stored(store, Scratch.say("room/42", "grüße"));
        scratch.execute(
                "insert into moitessier.message (scope_id, position, dispatch, text_bytes, to_handlers, person, client, body) "
                        + "select scope_id, head + 1, gen_random_uuid(), 0, true, 'bob', '', '\\xff00' from moitessier.scope");
        assertThat(
                        scratch.text(
                                "select string_agg(scope || ' ' || person || ' ' || text, '|' order by position) from moitessier.entry"))
                .isEqualTo("room/42 sender grüße|room/42 bob \\xff00");
    }

    @Test
    void aReadOnlyServerIsRefused() throws Exception {
        PostgresStore.migrate(scratch.dataSource());
        scratch.execute("alter database " + scratch.database() + " set default_transaction_read_only = on");
        assertThatThrownBy(() -> PostgresStore.create(scratch.dataSource()))
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("read-only")
                .hasMessageContaining("primary");
    }

    @Test
    void aReplicaIsRefused() throws Exception {
        try (PostgresServer primary = PostgresServer.own()) {
            PostgresStore.migrate(primary.dataSource("postgres"));
            primary.kill();
            Path copy = primary.copyData();
            Files.createFile(copy.resolve("standby.signal"));
            try (PostgresServer replica = PostgresServer.over(copy)) {
                assertThatThrownBy(() -> PostgresStore.create(replica.dataSource("postgres")))
                        .isInstanceOf(StoreException.Misconfigured.class)
                        .hasMessageContaining("read-only (a replica?)");
            }
        }
    }

    @Test
    void aDatabaseThatCannotKeepEveryNameIsRefused() throws Exception {
        scratch.execute("create database \"" + scratch.database()
                + "_ascii\" encoding 'SQL_ASCII' locale 'C' template template0");
        try {
            assertThatThrownBy(() ->
                            PostgresStore.create(PostgresServer.shared().dataSource(scratch.database() + "_ascii")))
                    .isInstanceOf(StoreException.Misconfigured.class)
                    .hasMessageContaining("UTF8")
                    .hasMessageContaining("SQL_ASCII");
        } finally {
            PostgresServer.shared().dropDatabase(scratch.database() + "_ascii");
        }
    }

    @Test
    void overlongNamesAreRefusedWithTheirLimit() {
        assertThatThrownBy(() -> scratch.builder().schema("x".repeat(64)).open())
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("64 bytes")
                .hasMessageContaining("1 to 63");
        assertThatThrownBy(() -> PostgresStore.schemaSql("ok", "x".repeat(33)))
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("0 to 32");
    }

    @Test
    void theCallersConnectionComesBackAsItWas() throws Exception {
        List<String> seen = new ArrayList<>();
        PostgresStore.migrate(scratch.dataSource());
        try (var pool = new HikariDataSource()) {
            pool.setDataSource(scratch.dataSource());
            pool.setAutoCommit(false);
            pool.setMaximumPoolSize(1);
            try (PostgresStore store = PostgresStore.create(pool)) {
                Scratch.hear(store, "room");
                Scratch.stored(store, Scratch.say("room", "hello"));
            }
            try (var connection = pool.getConnection()) {
                seen.add("autoCommit " + connection.getAutoCommit());
                seen.add("timeout " + connection.getNetworkTimeout());
                seen.add("isolation " + connection.getTransactionIsolation());
            }
            assertThat(pool.isClosed()).as("the caller's pool stays open").isFalse();
        }
        assertThat(seen).containsExactly("autoCommit false", "timeout 0", "isolation 2");
    }
}
