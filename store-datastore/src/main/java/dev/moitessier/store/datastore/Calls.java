package dev.moitessier.store.datastore;

import com.google.cloud.datastore.Datastore;
import com.google.cloud.datastore.DatastoreException;
import com.google.cloud.datastore.Transaction;
import com.google.datastore.v1.TransactionOptions;
import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedTransferQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls to Datastore of bounded length. The client's I/O cannot be interrupted and its time limit is per request, so it runs on
 * threads of the store while the caller waits: until the answer, the limit (E3), an interrupt, or the end of the store (E4).
 *
 * <p>What may be tried again is, as a whole transaction (E2). A commit whose answer was lost may have happened: it is tried again
 * only in ways that find out.
 */
final class Calls implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Calls.class);
    private static final int THREADS = 48;
    private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(4);
    /** Short, or another process that writes without a pause would keep this one out for good. */
    private static final long LONGEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(128);

    private static final long QUOTA_PAUSE = TimeUnit.SECONDS.toNanos(1);
    /** Then the caller shall know: it has means of its own to wait for a server. */
    private static final int LOST_CONNECTIONS = 3;

    private final Datastore datastore;
    private final Duration limit;
    private final ThreadPoolExecutor threads;
    private final Map<Call, CompletableFuture<?>> waiting = new ConcurrentHashMap<>();
    private volatile boolean closed;

    Calls(Datastore datastore, Duration limit) {
        this.datastore = datastore;
        this.limit = limit;
        AtomicInteger number = new AtomicInteger();
        // A thread that waits is taken before another is made, and only when there are enough a task waits.
        threads = new ThreadPoolExecutor(0, THREADS, 5, TimeUnit.SECONDS, new Handover(), task -> {
            Thread thread = new Thread(task, "moitessier-datastore-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
        threads.setRejectedExecutionHandler(Calls::wait);
    }

    private static void wait(Runnable task, ThreadPoolExecutor threads) {
        if (threads.isShutdown()) {
            // Whoever waits for it learns that the store is closed.
            LOG.debug("a task came after the store was closed");
        } else {
            threads.getQueue().add(task);
        }
    }

    /** Takes what is offered only for a thread that waits. */
    private static final class Handover extends LinkedTransferQueue<Runnable> {
        private static final long serialVersionUID = 1L;

        @Override
        public boolean offer(Runnable task) {
            return tryTransfer(task);
        }

        @Override
        public boolean add(Runnable task) {
            put(task);
            return true;
        }
    }

    /** Work of a call, on a thread of the store. */
    @FunctionalInterface
    interface Work<T> {
        T run(Call call);
    }

    /** Work within a transaction; it may run several times. */
    @FunctionalInterface
    interface Transacted<T> {
        T run(Transaction transaction);
    }

    Datastore datastore() {
        return datastore;
    }

    Duration limit() {
        return limit;
    }

    ExecutorService threads() {
        return threads;
    }

    long deadline() {
        return System.nanoTime() + limit.toNanos();
    }

    void ensureOpen() {
        if (closed) {
            throw new StoreException.Closed(false);
        }
    }

    boolean closed() {
        return closed;
    }

    /** Before anything is sent. */
    void ensureMayStart() {
        ensureOpen();
        if (Thread.currentThread().isInterrupted()) {
            throw new StoreException.Interrupted("interrupted before anything was sent", false);
        }
    }

    <T> T call(String doing, Work<T> work) {
        return call(doing, deadline(), work);
    }

    <T> T call(String doing, long deadline, Work<T> work) {
        ensureMayStart();
        Call call = new Call(doing, deadline);
        CompletableFuture<T> result = new CompletableFuture<>();
        threads.execute(() -> complete(result, call, work));
        return await(result, call);
    }

    /** Runs the work of a call and hands over what it brings. */
    static <T> void complete(CompletableFuture<T> result, Call call, Work<T> work) {
        try {
            call.proceed();
            result.complete(work.run(call));
        } catch (Throwable failure) {
            result.completeExceptionally(failure);
        }
    }

    /** Waits for a call that others carry out. */
    <T> T await(CompletableFuture<T> result, Call call) {
        waiting.put(call, result);
        try {
            if (closed) {
                throw call.end(StoreException.Closed::new);
            }
            return result.get(Math.max(1, call.nanosLeft()), TimeUnit.NANOSECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw call.end(unknown -> new StoreException.Interrupted("interrupted during: " + call.doing, unknown));
        } catch (TimeoutException late) {
            throw call.end(unknown ->
                    new StoreException.Unavailable("could not " + call.doing + " within " + limit, null, unknown));
        } catch (ExecutionException failed) {
            if (closed) {
                throw call.end(StoreException.Closed::new);
            }
            throw rethrown(failed.getCause(), call);
        } finally {
            waiting.remove(call);
        }
    }

    private static RuntimeException rethrown(@Nullable Throwable cause, Call call) {
        if (cause instanceof Error error) {
            throw error;
        }
        if (cause instanceof DatastoreException failure) {
            return Failures.thrown(failure, call.doing, call.unknown());
        }
        return cause instanceof RuntimeException failure ? failure : new IllegalStateException(cause);
    }

    // On the store's threads

    /** Reads, and tries again what passes by itself. */
    <T> T reading(Call call, Supplier<T> read) {
        return trying(call, read);
    }

    /** A change that may be repeated, outside any transaction. */
    void putting(Call call, Runnable put) {
        trying(call, () -> {
            commit(call, put);
            return call;
        });
    }

    /** A transaction that writes; {@code work} has to bear that an earlier try was committed after all. */
    <T> T transacting(Call call, Transacted<T> work) {
        return trying(call, () -> {
            Transaction transaction = datastore.newTransaction();
            try {
                T result = work.run(transaction);
                call.proceed();
                commit(call, transaction::commit);
                return result;
            } finally {
                end(transaction);
            }
        });
    }

    private static void commit(Call call, Runnable commit) {
        boolean before = call.unknown();
        if (!call.sends()) {
            call.proceed();
        }
        try {
            commit.run();
        } catch (DatastoreException failure) {
            if (Failures.of(failure) != Failures.CONNECTION && !before) {
                call.settled();
            }
            throw failure;
        }
        call.settled();
    }

    /** Several reads of one moment. */
    <T> T snapshot(Call call, Transacted<T> work) {
        return trying(call, () -> {
            Transaction transaction = datastore.newTransaction(TransactionOptions.newBuilder()
                    .setReadOnly(TransactionOptions.ReadOnly.getDefaultInstance())
                    .build());
            try {
                return work.run(transaction);
            } finally {
                end(transaction);
            }
        });
    }

    /**
     * Rolls back what was not committed, also when the connection broke: until then, or for a minute, the server keeps its locks or a
     * copy of what it has read. On a thread of its own, since nobody needs the answer; if a commit is under way after all, one of the
     * two is refused.
     */
    private void end(Transaction transaction) {
        if (transaction.isActive()) {
            threads.execute(() -> {
                try {
                    transaction.rollback();
                } catch (DatastoreException failure) {
                    LOG.debug("a transaction was not rolled back", failure);
                }
            });
        }
    }

    private static <T> T trying(Call call, Supplier<T> work) {
        int lost = 0;
        int exhausted = 0;
        for (int tries = 0; ; tries++) {
            call.proceed();
            DatastoreException failure;
            try {
                return work.get();
            } catch (DatastoreException failed) {
                failure = failed;
            }
            switch (Failures.of(failure)) {
                case CONTENTION -> {}
                case CONNECTION, NOT_REACHED -> {
                    if (++lost == LOST_CONNECTIONS) {
                        throw Failures.thrown(failure, call.doing, call.unknown());
                    }
                }
                case EXHAUSTED -> exhausted++;
                default -> throw failure;
            }
            long pause = exhausted > 0
                    ? QUOTA_PAUSE << Math.min(exhausted - 1, 3)
                    : Math.min(LONGEST_PAUSE, FIRST_PAUSE << Math.min(tries, 20));
            long jittered = 1 + ThreadLocalRandom.current().nextLong(pause);
            if (jittered >= call.nanosLeft()) {
                throw Failures.thrown(failure, call.doing, call.unknown());
            }
            call.pause(jittered);
        }
    }

    @Override
    public void close() {
        closed = true;
        waiting.values().forEach(result -> result.completeExceptionally(new StoreException.Closed(false)));
        threads.shutdownNow();
    }
}
