package dev.moitessier.store.postgres;

import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks every few milliseconds which of the callers' transactions that enlisted something have ended, and promotes what was
 * committed: so its readers are woken without a NOTIFY in the caller's transaction (T5). If the process dies before, the next
 * read, append, register or sweep promotes it.
 */
final class Promoter implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Promoter.class);
    private static final Duration TICK = Duration.ofMillis(5);
    /** Transactions that stay open longer are asked for less often. */
    private static final Duration SLOW_TICK = Duration.ofMillis(50);
    private static final long LONG_OPEN = TimeUnit.SECONDS.toNanos(1);
    /** Beyond this many the oldest are left to whoever comes across them. */
    private static final int MOST = 10_000;

    private final Database database;
    private final Promotions promotions;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Map<Long, Open> open = new LinkedHashMap<>();
    private @Nullable Thread thread;
    private volatile boolean closed;

    Promoter(Database database, Promotions promotions) {
        this.database = database;
        this.promotions = promotions;
    }

    private static final class Open {
        final Set<String> scopes = new HashSet<>();
        final long since = System.nanoTime();
    }

    /** This transaction has enlisted an append to this scope. */
    void enlisted(long transaction, String scope) {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            if (open.size() >= MOST) {
                open.remove(open.keySet().iterator().next());
            }
            open.computeIfAbsent(transaction, id -> new Open()).scopes.add(scope);
            if (thread == null) {
                thread = Threads.daemon("moitessier-postgres-promote", this::loop);
            }
            work.signal();
        } finally {
            lock.unlock();
        }
    }

    private void loop() {
        Duration tick = TICK;
        while (!closed) {
            List<Long> asked;
            lock.lock();
            try {
                while (open.isEmpty() && !closed) {
                    work.await();
                }
                asked = new ArrayList<>(open.keySet());
                tick = open.values().stream().allMatch(each -> System.nanoTime() - each.since > LONG_OPEN) ? SLOW_TICK : TICK;
            } catch (InterruptedException ended) {
                return;
            } finally {
                lock.unlock();
            }
            try {
                ended(asked);
            } catch (StoreException failure) {
                LOG.debug("enlisted appends are left to the next who comes across them", failure);
            }
            if (!Threads.sleep(tick)) {
                return;
            }
        }
    }

    private void ended(List<Long> asked) {
        Map<Long, Boolean> committed = new LinkedHashMap<>();
        database.handle("look for ended transactions", false, (handle, connection) -> handle.createQuery("""
                        select t.id, pg_xact_status(t.id::text::xid8) from unnest(:ids::bigint[]) as t(id)
                        """)
                .bindByType("ids", asked.toArray(Long[]::new), Long[].class)
                .map((row, context) -> {
                    String status = row.getString(2);
                    if (!"in progress".equals(status)) {
                        // Null: so long ago that the server has forgotten it.
                        committed.put(row.getLong(1), !"aborted".equals(status));
                    }
                    return status;
                })
                .list());
        Set<String> scopes = new HashSet<>();
        lock.lock();
        try {
            committed.forEach((transaction, happened) -> {
                Open ended = open.remove(transaction);
                if (happened && ended != null) {
                    scopes.addAll(ended.scopes);
                }
            });
        } finally {
            lock.unlock();
        }
        if (!scopes.isEmpty()) {
            promotions.promote(scopes);
        }
    }

    @Override
    public void close() {
        Thread running;
        lock.lock();
        try {
            closed = true;
            open.clear();
            work.signalAll();
            running = thread;
        } finally {
            lock.unlock();
        }
        Threads.end(running);
    }
}
