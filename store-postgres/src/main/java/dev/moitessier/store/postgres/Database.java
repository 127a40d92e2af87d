package dev.moitessier.store.postgres;

import dev.moitessier.store.StoreException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.jdbi.v3.core.ConnectionFactory;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.jdbi.v3.core.statement.SqlStatements;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGStatement;
import org.postgresql.jdbc.PgConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connections for calls of bounded length: borrowed, given the settings that the store needs, given back as they were. What may be
 * tried again is (E2), each call ends in time (E3), and all end when the store is closed (E4).
 */
final class Database implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Database.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(2);
    private static final long TICK = TimeUnit.MILLISECONDS.toNanos(100);
    /** Ticks without any wait after which the timekeeper rests. */
    private static final int IDLE_TICKS = 50;

    private static final Duration LONGEST_PAUSE = Duration.ofMillis(100);

    private final DataSource dataSource;
    private final Connecting connecting;
    private final Duration callLimit;
    /** Handles over the connection that the thread has borrowed; making a Jdbi for each costs more than most statements. */
    private static final ThreadLocal<Borrowed> CURRENT = new ThreadLocal<>();

    private final Jdbi jdbi = Jdbi.create(new ConnectionFactory() {
        @Override
        public Connection openConnection() {
            return CURRENT.get().connection();
        }

        @Override
        public void closeConnection(Connection connection) {
            // Whoever borrowed it gives it back.
        }
    });

    private final ReentrantLock lock = new ReentrantLock();
    private final Set<Borrowed> borrowed = new HashSet<>();
    private final Map<Thread, Wait> waiting = new HashMap<>();
    private final Condition awaited = lock.newCondition();
    private @Nullable Thread timekeeper;
    private boolean timekeeperRests;
    /** Waits that have begun, by now and as the timekeeper has seen. */
    private long waits;

    private long seen;
    private volatile boolean closed;
    /** Whether a statement of its own runs at READ COMMITTED; if not, each is put into a transaction that says so. */
    private volatile boolean readCommitted = true;
    /** Whether the DataSource has no pool: it gives the driver's own connections, and makes one each time. */
    private volatile boolean unpooled;

    Database(DataSource dataSource, Duration callLimit) {
        this.dataSource = dataSource;
        connecting = new Connecting(dataSource);
        this.callLimit = callLimit;
        jdbi.registerArrayType(String.class, "text");
        jdbi.registerArrayType(Long.class, "int8");
        jdbi.registerArrayType(Short.class, "int2");
        jdbi.registerArrayType(UUID.class, "uuid");
        // Several statements share what they bind.
        jdbi.configure(SqlStatements.class, statements -> statements.setUnusedBindingAllowed(true));
    }

    /** Work over one connection; it may run again after a failure. */
    @FunctionalInterface
    interface Work<T> {
        T run(Borrowed connection) throws SQLException;
    }

    /** The same in a transaction, in the words of Jdbi. */
    @FunctionalInterface
    interface Transaction<T> {
        T run(Handle handle, Borrowed connection) throws SQLException;
    }

    /** Runs one statement, which is its own transaction. */
    <T> T call(String doing, boolean writes, Work<T> work) {
        return call(doing, writes, deadline(), work);
    }

    /** As {@link #call(String, boolean, Work)}, until {@code deadline} of {@link System#nanoTime()}. */
    <T> T call(String doing, boolean writes, long deadline, Work<T> work) {
        return attempt(
                doing,
                writes,
                deadline,
                Failures::contention,
                readCommitted ? work : connection -> inTransaction(connection, work));
    }

    /** Runs a transaction at READ COMMITTED, whatever the default is, that waits for locks only until the deadline. */
    <T> T transact(String doing, long deadline, Work<T> work) {
        return attempt(doing, true, deadline, Failures::passing, connection -> inTransaction(connection, work));
    }

    /** A transaction in the words of Jdbi. */
    <T> T transact(String doing, Transaction<T> transaction) {
        return transact(doing, deadline(), connection -> withHandle(connection, transaction));
    }

    /** One statement, or several that need not belong together, in the words of Jdbi. */
    <T> T handle(String doing, boolean writes, Transaction<T> work) {
        return call(doing, writes, connection -> withHandle(connection, work));
    }

    private <T> T withHandle(Borrowed connection, Transaction<T> work) throws SQLException {
        CURRENT.set(connection);
        try (Handle handle = jdbi.open()) {
            return work.run(handle, connection);
        } catch (JdbiException said) {
            if (said.getCause() instanceof SQLException cause) {
                throw cause;
            }
            throw said;
        } finally {
            CURRENT.remove();
        }
    }

    private long deadline() {
        return System.nanoTime() + callLimit.toNanos();
    }

    private static <T> T inTransaction(Borrowed connection, Work<T> work) throws SQLException {
        connection.begin();
        try {
            T result = work.run(connection);
            connection.commit();
            connection.committed.forEach(Runnable::run);
            return result;
        } catch (SQLException | RuntimeException | Error failure) {
            connection.rollback(failure);
            throw failure;
        }
    }

    private <T> T attempt(String doing, boolean writes, long deadline, Predicate<SQLException> passing, Work<T> work) {
        Duration pause = FIRST_PAUSE;
        while (true) {
            boolean sent = false;
            try (Borrowed connection = borrow(deadline)) {
                sent = writes;
                return work.run(connection);
            } catch (SQLException failure) {
                if (closed) {
                    throw new StoreException.Closed(sent);
                }
                if (!passing.test(failure) || System.nanoTime() + pause.toNanos() > deadline) {
                    throw Failures.of(failure, doing, sent);
                }
            }
            pause(pause);
            pause = pause.compareTo(LONGEST_PAUSE) < 0 ? pause.multipliedBy(2) : pause;
        }
    }

    /** A connection until closed; its calls end at {@code deadline} of {@link System#nanoTime()}. */
    Borrowed borrow(long deadline) throws SQLException {
        Connection connection = connect(deadline);
        Borrowed taken;
        try {
            taken = new Borrowed(connection, deadline);
        } catch (SQLException | RuntimeException failure) {
            connection.close();
            throw failure;
        }
        lock.lock();
        try {
            borrowed.add(taken);
        } finally {
            lock.unlock();
        }
        if (closed) {
            taken.close();
            throw new StoreException.Closed(false);
        }
        return taken;
    }

    private Connection connect(long deadline) throws SQLException {
        Thread here = Thread.currentThread();
        if (here.isInterrupted()) {
            throw new StoreException.Interrupted("interrupted before anything was sent", false);
        }
        Wait wait = new Wait(deadline);
        begins(here, wait);
        try {
            Connection connection = unpooled ? connecting.connect(deadline) : dataSource.getConnection();
            unpooled = connection instanceof PgConnection;
            return connection;
        } catch (SQLException none) {
            ends(here, wait);
            if (here.isInterrupted() || (none.getCause() instanceof InterruptedException && !wait.interrupted)) {
                here.interrupt();
                throw new StoreException.Interrupted("interrupted while waiting for a connection", false);
            }
            throw none;
        } finally {
            ends(here, wait);
        }
    }

    /** A thread that waits for a connection, which may take longer than a call may: for a pool, 30 s is usual. */
    private static final class Wait {
        final long deadline;
        boolean interrupted;

        Wait(long deadline) {
            this.deadline = deadline;
        }

        void interrupt(Thread thread) {
            if (!interrupted) {
                interrupted = true;
                thread.interrupt();
            }
        }
    }

    private void begins(Thread thread, Wait wait) {
        lock.lock();
        try {
            if (closed) {
                throw new StoreException.Closed(false);
            }
            waiting.put(thread, wait);
            waits++;
            if (timekeeper == null) {
                timekeeper = Threads.daemon("moitessier-postgres-time", this::keepTime);
            } else if (timekeeperRests) {
                timekeeperRests = false;
                awaited.signal();
            }
        } finally {
            lock.unlock();
        }
    }

    private void ends(Thread thread, Wait wait) {
        lock.lock();
        try {
            if (waiting.remove(thread) != null && wait.interrupted) {
                // The interrupt was ours, to end the wait, and not the caller's.
                Thread.interrupted();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Ends waits for a connection when their call's time is over (E3). It rests only when there has been none for a while: to be woken
     * by each call would cost the call more than all the rest of the client does.
     */
    private void keepTime() {
        lock.lock();
        try {
            int idle = 0;
            while (!closed) {
                idle = waits == seen && waiting.isEmpty() ? idle + 1 : 0;
                seen = waits;
                timekeeperRests = idle > IDLE_TICKS;
                if (timekeeperRests) {
                    awaited.await();
                } else if (awaited.awaitNanos(TICK) <= 0) {
                    long now = System.nanoTime();
                    waiting.forEach((thread, wait) -> {
                        if (wait.deadline - now <= 0) {
                            wait.interrupt(thread);
                        }
                    });
                }
            }
        } catch (InterruptedException ended) {
            LOG.debug("waits for connections are not timed any more", ended);
        } finally {
            lock.unlock();
        }
    }

    private static void pause(Duration pause) {
        long most = pause.toNanos();
        LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(most / 2, most));
        if (Thread.currentThread().isInterrupted()) {
            throw new StoreException.Interrupted("interrupted between two tries", false);
        }
    }

    void readCommitted(boolean byDefault) {
        readCommitted = byDefault;
    }

    Duration callLimit() {
        return callLimit;
    }

    boolean closed() {
        return closed;
    }

    /** For calls that may answer without a connection. */
    void ensureOpen() {
        if (closed) {
            throw new StoreException.Closed(false);
        }
    }

    @Override
    public void close() {
        Set<Borrowed> inUse;
        lock.lock();
        try {
            closed = true;
            waiting.forEach((thread, wait) -> wait.interrupt(thread));
            awaited.signalAll();
            inUse = new HashSet<>(borrowed);
        } finally {
            lock.unlock();
        }
        inUse.forEach(Borrowed::abort);
    }

    /** A connection in use by one thread, in auto-commit mode until {@link #begin()}. */
    final class Borrowed implements AutoCloseable {
        private final Connection connection;
        private final PgConnection driver;
        private final boolean autoCommit;
        private final int timeout;
        private final long deadline;

        private List<Runnable> committed = List.of();

        private Borrowed(Connection connection, long deadline) throws SQLException {
            this.connection = connection;
            this.deadline = deadline;
            driver = driverOf(connection);
            autoCommit = connection.getAutoCommit();
            timeout = driver.getNetworkTimeout();
            driver.setNetworkTimeout(Runnable::run, millisLeft());
            if (!autoCommit) {
                connection.setAutoCommit(true);
            }
        }

        Connection connection() {
            return connection;
        }

        PgConnection driver() {
            return driver;
        }

        /** A statement that is prepared on the server at once, unless the caller has said that none is. */
        PreparedStatement prepare(String sql) throws SQLException {
            PreparedStatement statement = connection.prepareStatement(sql);
            if (driver.getPrepareThreshold() > 0) {
                statement.unwrap(PGStatement.class).setPrepareThreshold(1);
            }
            return statement;
        }

        private void begin() throws SQLException {
            connection.setAutoCommit(false);
            try (Statement settings = connection.createStatement()) {
                settings.execute("set transaction isolation level read committed; set local lock_timeout = "
                        + millisLeft() * 9L / 10);
            }
        }

        /** Runs it when the transaction has committed. */
        void afterCommit(Runnable action) {
            if (committed.isEmpty()) {
                committed = new ArrayList<>(1);
            }
            committed.add(action);
        }

        private void commit() throws SQLException {
            connection.commit();
            connection.setAutoCommit(true);
        }

        /** Whether what is done now is committed later. */
        boolean inTransaction() throws SQLException {
            return !driver.getAutoCommit();
        }

        /** Ends a transaction that a text of several statements has begun and not ended. */
        void rollback() throws SQLException {
            try (Statement statement = connection.createStatement()) {
                statement.execute("rollback");
            }
        }

        private void rollback(Throwable cause) {
            try {
                if (!connection.isClosed()) {
                    connection.rollback();
                    connection.setAutoCommit(true);
                }
            } catch (SQLException broken) {
                cause.addSuppressed(broken);
            }
        }

        private int millisLeft() {
            return (int) Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()));
        }

        private void abort() {
            try {
                connection.abort(Runnable::run);
            } catch (SQLException broken) {
                LOG.debug("a connection broke while it was aborted", broken);
            }
        }

        @Override
        public void close() throws SQLException {
            lock.lock();
            try {
                borrowed.remove(this);
            } finally {
                lock.unlock();
            }
            try {
                if (!driver.isClosed()) {
                    driver.setNetworkTimeout(Runnable::run, timeout);
                    if (connection.getAutoCommit() != autoCommit) {
                        connection.setAutoCommit(autoCommit);
                    }
                }
            } finally {
                connection.close();
            }
        }
    }

    private static PgConnection driverOf(Connection connection) throws SQLException {
        if (connection instanceof PgConnection driver) {
            return driver;
        }
        if (connection.isWrapperFor(PgConnection.class)) {
            return connection.unwrap(PgConnection.class);
        }
        throw new StoreException.Misconfigured(
                "the DataSource gives connections of " + connection.getClass().getName()
                        + " that do not unwrap to the PostgreSQL driver's PgConnection",
                null);
    }
}
