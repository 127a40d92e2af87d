package com.example.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.store.Appended;
import dev.moitessier.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Somebody else holds SQLite's write lock: what the kit's proxy does to servers, done to a file (B4, E1, E3 to E5). */
class BusyFileTest {
    private static final Duration LIMIT = Duration.ofMillis(500);

    @TempDir
    private Path directory;

    private Path file;
    private SqliteStore store;
    private Connection other;

    @BeforeEach
    void open() throws SQLException {
        file = directory.resolve("store.db");
        store = new SqliteStore(file, LIMIT, Time.SYSTEM);
        other = DriverManager.getConnection("jdbc:sqlite:" + file);
        run("begin immediate");
    }

    @AfterEach
    void close() throws SQLException {
        other.close();
        store.close();
    }

    @Test
    void aCallEndsWithinItsLimitAndIsKnownNotToHaveHappened() {
        List<Appended> answers =
                store.append(List.of(WriterProcess.say("scope", "1"), WriterProcess.say("scope", "2")));
        assertThat(answers).hasSize(2).allSatisfy(answer -> {
            assertThat(answer).isInstanceOf(Appended.Failed.class);
            StoreException cause = ((Appended.Failed) answer).cause();
            assertThat(cause).isInstanceOf(StoreException.Unavailable.class);
            assertThat(cause.outcomeUnknown()).isFalse();
        });
        assertThatThrownBy(() -> store.open(UUID.randomUUID(), Duration.ofSeconds(1)))
                .isInstanceOf(StoreException.Unavailable.class);
    }

    @Test
    void readersDoNotWaitAndWritersGoOnWhenTheLockIsFree() throws SQLException {
        UUID session = UUID.randomUUID();
        assertThat(store.scopes("", null, 10)).isEmpty();
        assertThatThrownBy(() -> store.open(session, Duration.ofSeconds(1)))
                .isInstanceOf(StoreException.Unavailable.class);
        run("rollback");
        assertThat(store.heartbeat(session, Duration.ofSeconds(1)).alive())
                .as("the failed open left nothing")
                .isFalse();
        store.open(session, Duration.ofSeconds(1));
        assertThat(store.heartbeat(session, Duration.ofSeconds(1)).alive()).isTrue();
    }

    @Test
    void anInterruptEndsTheWait() throws Exception {
        CompletableFuture<Throwable> thrown = new CompletableFuture<>();
        Thread caller = new Thread(() -> {
            try {
                store.open(UUID.randomUUID(), Duration.ofSeconds(1));
                thrown.complete(new AssertionError("it was done"));
            } catch (StoreException e) {
                thrown.complete(Thread.currentThread().isInterrupted() ? e : new AssertionError("the flag is lost", e));
            }
        });
        caller.start();
        caller.interrupt();
        assertThat(thrown.get(20, TimeUnit.SECONDS)).isInstanceOf(StoreException.Interrupted.class);
    }

    @Test
    void closeEndsTheWait() throws Exception {
        try (SqliteStore patient =
                        new SqliteStore(file.resolveSibling("other.db"), Duration.ofMinutes(1), Time.SYSTEM);
                Connection holder = DriverManager.getConnection("jdbc:sqlite:" + file.resolveSibling("other.db"))) {
            holder.createStatement().execute("begin immediate");
            CompletableFuture<Void> call =
                    CompletableFuture.runAsync(() -> patient.open(UUID.randomUUID(), Duration.ofSeconds(1)));
            patient.close();
            assertThatThrownBy(() -> call.get(20, TimeUnit.SECONDS)).hasCauseInstanceOf(StoreException.Closed.class);
        }
    }

    /** SQLite removes its write-ahead log with the last connection: while there is one, the file is not to be copied or moved. */
    @Test
    void afterCloseNothingHasTheFileOpen() throws IOException {
        Path alone = Files.createDirectory(directory.resolve("alone"));
        for (int i = 0; i < 20; i++) {
            try (SqliteStore closing = new SqliteStore(alone.resolve("store.db"), LIMIT, Time.SYSTEM)) {
                closing.open(UUID.randomUUID(), Duration.ofSeconds(1));
            }
            try (Stream<Path> files = Files.list(alone)) {
                assertThat(files).containsExactly(alone.resolve("store.db"));
            }
        }
    }

    private void run(String sql) throws SQLException {
        try (var statement = other.createStatement()) {
            statement.execute(sql);
        }
    }
}
