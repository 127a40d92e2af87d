package com.example.sqlite;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.Watch;
import dev.moitessier.store.parts.Watches;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Hints of this process: of its own appends at once; of others by asking every few milliseconds whether the file has changed, which
 * reads a few bytes of shared memory. That is polling, so the store promises no push.
 */
final class Hints implements AutoCloseable {
    private static final long POLL_NANOS = Duration.ofMillis(10).toNanos();
    private static final String NEW = "select name, head from scope where head > ? order by head";
    private static final System.Logger LOG = System.getLogger(Hints.class.getName());

    private final Watches watches = new Watches();
    private final Set<Watch> open = ConcurrentHashMap.newKeySet();
    private long version;
    private long seen;
    private final CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
    private volatile boolean closed;

    Watch open(HintSink sink) {
        Watch watch = watches.open(sink, open::remove);
        open.add(watch);
        if (closed) {
            watch.close();
        }
        return watch;
    }

    /** Something was appended by this process. */
    void appended(String scope) {
        watches.hint(scope);
    }

    void follow(Database database) {
        Thread poller = new Thread(() -> poll(database), "moitessier-sqlite-hints");
        poller.setDaemon(true);
        poller.start();
    }

    private void poll(Database database) {
        while (!closed) {
            try (Sql sql = database.connect(Duration.ofSeconds(1))) {
                seen = -1;
                while (!closed) {
                    LockSupport.parkNanos(POLL_NANOS);
                    if (!open.isEmpty()) {
                        look(sql);
                    }
                }
            } catch (SQLException e) {
                LOG.log(System.Logger.Level.DEBUG, "the file cannot be polled; when it can, all scopes are hinted", e);
                LockSupport.parkNanos(POLL_NANOS);
            }
        }
        ended.complete(null);
    }

    /** Heads are ordered over all scopes, so what is above the last one seen is new. */
    private void look(Sql sql) throws SQLException {
        long now = Objects.requireNonNull(sql.one("pragma data_version", row -> row.getLong(1)));
        if (now == version && seen >= 0) {
            return;
        }
        version = now;
        if (seen < 0) {
            seen = Objects.requireNonNull(sql.one("select last from counter", row -> row.getLong(1)));
            watches.hintAll();
            return;
        }
        sql.list(
                NEW,
                row -> {
                    watches.hint(row.getString(1));
                    return seen = row.getLong(2);
                },
                seen);
    }

    /** The file is let go of when this returns, unless a watcher takes longer than a moment. */
    @Override
    public void close() {
        closed = true;
        open.forEach(Watch::close);
        ended.completeOnTimeout(null, 500, TimeUnit.MILLISECONDS).join();
    }
}
