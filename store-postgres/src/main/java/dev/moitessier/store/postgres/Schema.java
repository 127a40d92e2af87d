package dev.moitessier.store.postgres;

import dev.moitessier.store.StoreException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.OptionalInt;
import javax.sql.DataSource;

/** The numbered SQL files, who has run them, and running them. */
final class Schema {
    /** The newest numbered file; raise it with each new one, and never change one that was released. */
    static final int VERSION = 1;

    private final Naming naming;

    Schema(Naming naming) {
        this.naming = naming;
    }

    /** All of it, in order, for those who run migrations with a tool of their own. */
    String sql() {
        StringBuilder sql = new StringBuilder("create schema if not exists " + naming.render("{schema}") + ";\n\n");
        for (int version = 1; version <= VERSION; version++) {
            sql.append(file(version)).append('\n').append(applied(version)).append(";\n");
        }
        return sql.toString();
    }

    /** What a role needs at run time, and no more. */
    String grants(String role) {
        String to = " to " + Naming.quoted(role) + ";\n";
        return naming.render("grant usage on schema {schema}" + to
                + "grant select on {version}, {entry}" + to
                + "grant select, insert, update, delete on {scope}, {listener}, {session}, {subscriber}, {message},\n"
                + "  {override}, {dispatch}, {pending}" + to
                + "grant select, update on {message_default}" + to
                + "grant execute on function {readable}(bytea), {partitions_ahead}(integer), {partitions_drop}(bigint)"
                + to);
    }

    /** Brings the tables to {@link #VERSION}; safe from any number of nodes at once, and free where nothing is to do. */
    void migrate(DataSource dataSource) {
        try (Connection connection = dataSource.getConnection()) {
            boolean autoCommit = connection.getAutoCommit();
            connection.setAutoCommit(false);
            try {
                begin(connection);
                OptionalInt before = version(connection);
                if (before.isEmpty() || before.getAsInt() < VERSION) {
                    migrations(connection);
                }
                connection.commit();
            } catch (SQLException | RuntimeException failure) {
                connection.rollback();
                throw failure;
            } finally {
                connection.setAutoCommit(autoCommit);
            }
        } catch (SQLException failure) {
            throw Failures.of(failure, "migrate schema '" + naming.schema() + "'", false);
        }
    }

    /** A migration may take longer than calls are allowed to. A new snapshot per statement: after the lock one sees what was done. */
    private static void begin(Connection connection) throws SQLException {
        connection.rollback();
        try (Statement statement = connection.createStatement()) {
            statement.execute("set local statement_timeout = 0; set transaction isolation level read committed; "
                    + "set local lock_timeout = 0");
        }
    }

    private void migrations(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("select pg_advisory_xact_lock(" + naming.key() + ")");
            try (ResultSet schema = statement.executeQuery(
                    "select from pg_catalog.pg_namespace where nspname = " + Naming.literal(naming.schema()))) {
                if (!schema.next()) {
                    statement.execute("create schema " + naming.render("{schema}"));
                }
            }
            for (int next = version(connection).orElse(0) + 1; next <= VERSION; next++) {
                statement.execute(file(next));
                statement.execute(applied(next));
            }
        }
    }

    /** Nothing, if the tables can be used; else the one error that says what to run. */
    void validate(Connection connection) throws SQLException {
        OptionalInt found = version(connection);
        if (found.isEmpty() || found.getAsInt() < VERSION) {
            throw new StoreException.Misconfigured(
                    "schema '" + naming.schema() + "' "
                            + (found.isEmpty()
                                    ? "has no Moitessier tables"
                                    : "has Moitessier tables of version " + found.getAsInt())
                            + (naming.prefix().isEmpty() ? "" : " with prefix '" + naming.prefix() + "'")
                            + ", this library needs version " + VERSION
                            + ": run PostgresStore.migrate(dataSource), or open the store with moitessier.postgres.schema-mode = "
                            + "MIGRATE, or have your migration tool run what PostgresStore.schemaSql() prints",
                    null);
        }
        int worksFrom = one(connection, "select max(works_from) from {version}").orElse(0);
        if (worksFrom > VERSION) {
            throw new StoreException.Misconfigured(
                    "schema '" + naming.schema() + "' is of version " + found.getAsInt()
                            + " and needs a library that knows version " + worksFrom + ", this one knows " + VERSION
                            + ": upgrade moitessier-store-postgres",
                    null);
        }
    }

    private OptionalInt version(Connection connection) throws SQLException {
        boolean there = one(
                        connection,
                        "select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace "
                                + "where n.nspname = {'schema} and c.relname = {'prefix} || 'version'")
                .isPresent();
        return there ? one(connection, "select coalesce(max(version), 0) from {version}") : OptionalInt.empty();
    }

    private OptionalInt one(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(naming.render(sql))) {
            return row.next() ? OptionalInt.of(row.getInt(1)) : OptionalInt.empty();
        }
    }

    private String applied(int version) {
        return naming.render("insert into {version} (version, works_from) values (" + version + ", 1)");
    }

    private String file(int version) {
        String name = "V" + version + ".sql";
        try (InputStream file = Schema.class.getResourceAsStream(name)) {
            if (file == null) {
                throw new IllegalStateException(name + " is missing in the jar");
            }
            return naming.render(new String(file.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
