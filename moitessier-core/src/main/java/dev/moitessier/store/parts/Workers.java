package dev.moitessier.store.parts;

import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingDeque;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a store's blocking calls on threads of its own, each with its own connection, for drivers that can neither be interrupted nor
 * given up (E3 to E5). A caller waits for its call's limit at most, and answers interruption and {@link #close}; what nobody has
 * begun is then withdrawn, so that its failure is not of unknown outcome (E1). Calls that wait at the same time may share one
 * transaction: with one thread that is group commit. A connection that failed is closed, and the next call opens another.
 *
 * <p>Thread-safe. The threads are daemons.
 *
 * @param <C> a connection; closed when the workers are, or after a failure in whatever state it is then
 */
public final class Workers<C extends AutoCloseable> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Workers.class);

    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long CLOSE_MILLIS = 900;

    private final int group;
    private final Duration limit;
    private final Link<C> link;
    private final LinkedBlockingDeque<Job<C>> waiting = new LinkedBlockingDeque<>();
    private final Set<Job<C>> running = ConcurrentHashMap.newKeySet();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean closed;

    /** What a caller wants done with a connection. */
    @FunctionalInterface
    public interface Work<C extends AutoCloseable, T extends @Nullable Object> {
        /** Called on one of the threads; a {@link RuntimeException} goes to the caller as it is. */
        T run(C connection) throws Exception;
    }

    /** How connections are made and used; each is used by one thread. */
    public interface Link<C extends AutoCloseable> {
        /** Opens one. */
        C open() throws Exception;

        /** Before the calls of a group; false: not now, since another process is at it. Tried again every millisecond. */
        default boolean begin(C connection) throws Exception {
            return true;
        }

        /** One call of a group: {@code call.run(connection)}, which is false if it failed and must leave nothing behind. */
        default void run(C connection, Job<C> call) throws Exception {
            call.run(connection);
        }

        /** After the calls of a group, which have their answers when this returns. If it throws, what they did is unknown. */
        default void commit(C connection) throws Exception {}

        /** A driver's failure in the store's terms. */
        StoreException failure(Exception failure, boolean outcomeUnknown);
    }

    /**
     * Starts the threads; connections are opened by the first calls.
     *
     * @param name of the threads
     * @param threads how many calls may run at once
     * @param group how many calls may share a transaction
     * @param limit each call ends within it
     */
    public Workers(String name, int threads, int group, Duration limit, Link<C> link) {
        this.group = group;
        this.limit = limit;
        this.link = link;
        for (int i = 0; i < threads; i++) {
            Thread thread = new Thread(this::work, name);
            thread.setDaemon(true);
            this.threads.add(thread);
        }
        this.threads.forEach(Thread::start);
    }

    /**
     * Has it done by one of the threads.
     *
     * @throws StoreException.Unavailable if it is not done within the limit
     * @throws StoreException.Interrupted if this thread is interrupted, its flag set again
     * @throws StoreException.Closed after {@link #close}
     */
    @SuppressWarnings("unchecked") // a job's answer is that of its work
    public <T extends @Nullable Object> T call(Work<C, T> work) {
        ensureOpen();
        if (Thread.currentThread().isInterrupted()) {
            throw new StoreException.Interrupted("interrupted before the call", false);
        }
        Job<C> job = new Job<>(work, link);
        waiting.add(job);
        if (closed && job.withdraw()) {
            throw new StoreException.Closed(false);
        }
        try {
            return (T) job.answer.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            throw thrown(e.getCause());
        } catch (TimeoutException e) {
            throw new StoreException.Unavailable("no answer within " + limit, e, !job.withdraw());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException.Interrupted("interrupted while waiting for an answer", !job.withdraw());
        }
    }

    /**
     * For calls that need no worker.
     *
     * @throws StoreException.Closed after {@link #close}
     */
    public void ensureOpen() {
        if (closed) {
            throw new StoreException.Closed(false);
        }
    }

    private static RuntimeException thrown(@Nullable Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException failure ? failure : new IllegalStateException(cause);
    }

    // The threads

    private void work() {
        C connection = null;
        while (!closed) {
            Job<C> first = null;
            try {
                first = waiting.takeFirst();
                if (first.isWithdrawn()) {
                    continue;
                }
                if (connection == null) {
                    connection = link.open();
                }
                if (link.begin(connection)) {
                    runGroup(connection, first);
                } else {
                    waiting.addFirst(first);
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            } catch (InterruptedException e) {
                break; // closed
            } catch (Exception e) {
                close(connection);
                connection = null;
                if (first != null && first.start()) {
                    first.fail(said(e, false));
                }
            }
        }
        close(connection);
    }

    private void close(@Nullable C connection) {
        try {
            if (connection != null) {
                connection.close();
            }
        } catch (Exception e) {
            LOG.debug("a connection did not close", e);
        }
    }

    private void runGroup(C connection, Job<C> first) throws Exception {
        List<Job<C>> begun = new ArrayList<>();
        boolean committing = false;
        try {
            for (Job<C> job = first; job != null; job = begun.size() < group ? waiting.pollFirst() : null) {
                if (job.start()) {
                    begun.add(job);
                    running.add(job);
                    link.run(connection, job);
                }
            }
            committing = true;
            link.commit(connection);
            begun.forEach(Job::answer);
        } catch (Exception e) {
            StoreException failure = said(e, committing);
            begun.forEach(job -> job.fail(failure));
            throw e;
        } finally {
            begun.forEach(running::remove);
        }
    }

    private StoreException said(Exception failure, boolean outcomeUnknown) {
        return failure instanceof StoreException said ? said : link.failure(failure, outcomeUnknown);
    }

    /** Whoever waits fails as closed; what has begun may end first, but is not waited for longer than a second (E4). Idempotent. */
    @Override
    public void close() {
        closed = true;
        threads.forEach(Thread::interrupt);
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CLOSE_MILLIS);
        try {
            for (Thread thread : threads) {
                thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime())));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        for (Job<C> job = waiting.pollFirst(); job != null; job = waiting.pollFirst()) {
            if (job.start()) {
                job.fail(new StoreException.Closed(false));
            }
        }
        running.forEach(job -> job.fail(new StoreException.Closed(true)));
    }

    /** A call, as a {@link Link} sees it. */
    public static final class Job<C extends AutoCloseable> {
        private enum State {
            WAITING,
            RUNNING,
            WITHDRAWN
        }

        private final Work<C, ?> work;
        private final Link<C> link;
        private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
        private final CompletableFuture<@Nullable Object> answer = new CompletableFuture<>();
        private @Nullable Object result;
        private @Nullable Throwable failure;

        private Job(Work<C, ?> work, Link<C> link) {
            this.work = work;
            this.link = link;
        }

        /** Does it; false: it failed. Its caller is answered after {@link Link#commit}. */
        public boolean run(C connection) {
            try {
                result = work.run(connection);
            } catch (RuntimeException | Error e) {
                failure = e;
            } catch (Exception e) {
                failure = link.failure(e, false);
            }
            return failure == null;
        }

        private boolean start() {
            return state.compareAndSet(State.WAITING, State.RUNNING);
        }

        /** False: it has begun, so that who goes away does not know its outcome. */
        private boolean withdraw() {
            return state.compareAndSet(State.WAITING, State.WITHDRAWN);
        }

        private boolean isWithdrawn() {
            return state.get() == State.WITHDRAWN;
        }

        private void answer() {
            if (failure == null) {
                answer.complete(result);
            } else {
                answer.completeExceptionally(failure);
            }
        }

        private void fail(RuntimeException cause) {
            answer.completeExceptionally(cause);
        }
    }
}
