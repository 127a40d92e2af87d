package com.example.sqlite;

import dev.moitessier.store.parts.Times;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteException;

/** One connection with its statements; for one thread. */
final class Sql implements AutoCloseable {
    private static final int BUSY = 5;

    private final Connection connection;
    private final Time time;
    private final Map<String, PreparedStatement> statements = new HashMap<>();
    private final Set<String> appended = new LinkedHashSet<>();
    private long last;
    private long stored;

    /** What a row becomes. */
    interface Row<T> {
        T map(ResultSet row) throws SQLException;
    }

    Sql(Path file, Time time, Duration busyTimeout) throws SQLException {
        this.time = time;
        connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        one("pragma journal_mode = wal", row -> row.getString(1)); // readers and the writer do not wait for each other
        run("pragma synchronous = full"); // a commit is on the disk when it returns
        run("pragma busy_timeout = " + busyTimeout.toMillis());
    }

    // Statements

    void run(String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    int update(String sql, @Nullable Object... arguments) throws SQLException {
        return bound(sql, arguments).executeUpdate();
    }

    <T> List<T> list(String sql, Row<T> mapper, @Nullable Object... arguments) throws SQLException {
        List<T> list = new ArrayList<>();
        try (ResultSet rows = query(sql, arguments)) {
            while (rows.next()) {
                list.add(mapper.map(rows));
            }
        }
        return list;
    }

    /** The first row; null: there is none. */
    <T> @Nullable T one(String sql, Row<T> mapper, @Nullable Object... arguments) throws SQLException {
        try (ResultSet rows = query(sql, arguments)) {
            return rows.next() ? mapper.map(rows) : null;
        }
    }

    boolean any(String sql, @Nullable Object... arguments) throws SQLException {
        return one(sql, row -> true, arguments) != null;
    }

    /** To be closed before the same statement is used again. */
    ResultSet query(String sql, @Nullable Object... arguments) throws SQLException {
        return bound(sql, arguments).executeQuery();
    }

    private PreparedStatement bound(String sql, @Nullable Object... arguments) throws SQLException {
        PreparedStatement statement = statements.get(sql);
        if (statement == null) {
            statement = connection.prepareStatement(sql);
            statements.put(sql, statement);
        }
        for (int i = 0; i < arguments.length; i++) {
            Object argument = arguments[i];
            statement.setObject(i + 1, argument instanceof UUID id ? id.toString() : argument);
        }
        return statement;
    }

    // What a writing transaction has beside its statements

    /** False: another process writes. */
    boolean beginWriting() throws SQLException {
        try {
            run("begin immediate");
        } catch (SQLiteException e) {
            if (code(e) == BUSY) {
                return false;
            }
            throw e;
        }
        stored = Objects.requireNonNull(one("select last from counter", row -> row.getLong(1)));
        last = stored;
        appended.clear();
        return true;
    }

    /** Answers the scopes that were appended to, to be hinted (W3). */
    List<String> commit() throws SQLException {
        if (last != stored) {
            update("update counter set last = ?", last);
        }
        run("commit");
        return List.copyOf(appended);
    }

    /**
     * A number above all that were ever given in this file: for positions and for members versions. One counter for all scopes, so
     * that a scope which is deleted and made again begins above its former life (O3, M1), and heads tell what is new in the file.
     */
    long next() {
        last = Math.max(last + 1, now());
        return last;
    }

    long now() {
        return Times.micros(time.wall().instant());
    }

    void appendedTo(String scope) {
        appended.add(scope);
    }

    /** SQLite's primary result code: extended ones are in the higher bytes. */
    static int code(Exception failure) {
        return failure instanceof SQLiteException e ? e.getResultCode().code & 0xff : 0;
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
