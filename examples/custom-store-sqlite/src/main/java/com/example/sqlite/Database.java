package com.example.sqlite;

import dev.moitessier.store.StoreException;
import dev.moitessier.store.parts.Workers;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * The file: a few connections that read, each call in a snapshot of its own, and one that writes. SQLite has one writer at a time,
 * so whoever waits for the transaction under way shares the next one, and its one flush to the disk.
 */
final class Database implements AutoCloseable {
    private static final int READERS = 4;
    /** Enough calls to share a flush, few enough for other processes to have their turn. */
    private static final int WRITES_AT_ONCE = 256;

    private static final int NOT_A_DATABASE = 26;

    private final Path file;
    private final Time time;
    private final Workers<Sql> readers;
    private final Workers<Sql> writer;

    /** @param appended told of each scope that a committed transaction appended to */
    Database(Path file, Time time, Duration limit, Consumer<String> appended) {
        this.file = file;
        this.time = time;
        try (Sql sql = connect(limit)) {
            Schema.create(sql, file);
        } catch (SQLException e) {
            throw new Reading(limit).failure(e, false);
        }
        readers = new Workers<>("moitessier-sqlite-reader", READERS, 1, limit, new Reading(limit.dividedBy(2)));
        writer = new Workers<>("moitessier-sqlite-writer", 1, WRITES_AT_ONCE, limit, new Writing(appended));
    }

    /** Runs it in one snapshot. */
    <T> T read(Workers.Work<Sql, T> work) {
        return readers.call(work);
    }

    /** Runs it in a transaction, alone or with others; when this returns it is on the disk. */
    <T> T write(Workers.Work<Sql, T> work) {
        return writer.call(work);
    }

    /** A connection beside those here. */
    Sql connect(Duration busyTimeout) throws SQLException {
        return new Sql(file, time, busyTimeout);
    }

    @Override
    public void close() {
        writer.close();
        readers.close();
    }

    private class Reading implements Workers.Link<Sql> {
        private final Duration busyTimeout;

        Reading(Duration busyTimeout) {
            this.busyTimeout = busyTimeout;
        }

        @Override
        public Sql open() throws SQLException {
            return connect(busyTimeout);
        }

        @Override
        public boolean begin(Sql sql) throws SQLException {
            sql.run("begin");
            return true;
        }

        @Override
        public void commit(Sql sql) throws SQLException {
            sql.run("rollback");
        }

        @Override
        public StoreException failure(Exception failure, boolean outcomeUnknown) {
            String message = "SQLite: " + failure.getMessage();
            return Sql.code(failure) == NOT_A_DATABASE
                    ? new StoreException.Misconfigured(message + "; look at moitessier.sqlite.file", failure)
                    : new StoreException.Unavailable(message, failure, outcomeUnknown);
        }
    }

    private final class Writing extends Reading {
        private final Consumer<String> appended;

        Writing(Consumer<String> appended) {
            super(Duration.ZERO);
            this.appended = appended;
        }

        @Override
        public boolean begin(Sql sql) throws SQLException {
            return sql.beginWriting();
        }

        /** In a savepoint, so that what fails takes nothing else with it. */
        @Override
        public void run(Sql sql, Workers.Job<Sql> call) throws SQLException {
            sql.run("savepoint call");
            if (!call.run(sql)) {
                sql.run("rollback to call");
            }
            sql.run("release call");
        }

        @Override
        public void commit(Sql sql) throws SQLException {
            sql.commit().forEach(appended);
        }
    }
}
