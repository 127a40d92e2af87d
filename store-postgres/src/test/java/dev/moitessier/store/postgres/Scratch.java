package dev.moitessier.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Appender;
import dev.moitessier.store.Content;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Page;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import org.postgresql.ds.PGSimpleDataSource;

/** A database of one test's own on the shared server, and short forms of what tests do with it. */
final class Scratch implements AutoCloseable {
    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final Party SENDER = new Party("sender", "");

    private final PostgresServer server;
    private final String database = "scratch_" + NUMBER.incrementAndGet() + "_" + Long.toString(System.nanoTime(), 36);
    private final Deque<AutoCloseable> opened = new ArrayDeque<>();

    Scratch() throws Exception {
        this(PostgresServer.shared());
    }

    Scratch(PostgresServer server) throws Exception {
        this.server = server;
        server.createDatabase(database);
    }

    PGSimpleDataSource dataSource() {
        return server.dataSource(database);
    }

    String url() {
        return server.url(database);
    }

    String database() {
        return database;
    }

    /** A store with its own pool, and with tables. */
    PostgresStore store() {
        return closing(builder().schemaMode(SchemaMode.MIGRATE).open());
    }

    PostgresStore.Builder builder() {
        return PostgresStore.builder(url(), "postgres", null);
    }

    <T extends AutoCloseable> T closing(T resource) {
        opened.push(resource);
        return resource;
    }

    void execute(String... statements) throws SQLException {
        server.execute(database, statements);
    }

    long number(String sql) throws SQLException {
        try (Connection connection = dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            assertThat(row.next()).as(sql).isTrue();
            return row.getLong(1);
        }
    }

    String text(String sql) throws SQLException {
        try (Connection connection = dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            assertThat(row.next()).as(sql).isTrue();
            return row.getString(1);
        }
    }

    static ListenerRef shared(String scope) {
        return new ListenerRef(scope, ListenerType.SHARED, null);
    }

    /** A mailbox that stays, so that the scope hears. */
    static Registered hear(MailboxStore store, String scope) {
        return store.register(new Registration(
                UUID.randomUUID(), shared(scope), "durable", null, Duration.ofDays(1), Payload.empty(), null));
    }

    static Append say(String scope, String text) {
        return say(UUID.randomUUID(), scope, text);
    }

    static Append say(UUID dispatch, String scope, String text) {
        Payload body = Payload.wrap(text.getBytes(StandardCharsets.UTF_8));
        return new Append(
                dispatch,
                scope,
                new Content(SENDER, null, body, true, Map.of(), Map.of()),
                OptionalLong.empty(),
                Duration.ofMinutes(1));
    }

    static Appended one(Appender appender, Append append) {
        return appender.append(List.of(append)).get(0);
    }

    static long stored(Appender appender, Append append) {
        Appended answer = one(appender, append);
        assertThat(answer).isInstanceOf(Appended.Stored.class);
        return ((Appended.Stored) answer).position();
    }

    static Page page(MailboxStore store, String scope, long after) {
        return store.read(List.of(new ReadRequest(scope, after, 10_000, false, Set.of(shared(scope)))), 16 << 20)
                .get(0);
    }

    static List<String> texts(MailboxStore store, String scope, long after) {
        return page(store, scope, after).entries().stream().map(Scratch::text).toList();
    }

    static String text(Entry entry) {
        Payload body = entry.content().body();
        return body == null ? "" : new String(body.toBytes(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws Exception {
        while (!opened.isEmpty()) {
            opened.pop().close();
        }
        server.dropDatabase(database);
    }
}
