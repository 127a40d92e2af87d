package dev.moitessier.testkit;

import dev.moitessier.store.Appender;
import dev.moitessier.store.MailboxStore;
import java.time.Duration;
import java.util.Optional;

/**
 * One way of running a store, for {@link StoreContract}: a server, a client configuration, and what can be done to both.
 *
 * <p>Only {@link #open()} must be written. Every other method is an ability that the kit uses when it is there; where it is
 * absent, the tests that need it are skipped, and the skip names the method to write. A wiring belongs to one test class, is
 * called from several threads, and is closed after the last test; the kit closes what it opened before that.
 */
public interface StoreWiring {
    /** Opens one more instance over the same data, as another process would: nothing is shared with the others but the server. */
    MailboxStore open() throws Exception;

    /**
     * The shortest lease that this store keeps reliably on a busy machine. Tests of sessions take a few times as long; a
     * third of it must be enough for a heartbeat followed by a sweep (L3).
     */
    default Duration lease() {
        return Duration.ofSeconds(1);
    }

    /** How long what must happen "soon" may take on this store before a test fails. */
    default Duration patience() {
        return Duration.ofSeconds(10);
    }

    /**
     * How many operations a fuzz round makes. Lower it where each costs more than a few milliseconds: the whole contract should
     * take about a minute.
     */
    default int fuzzOperations() {
        return 600;
    }

    /**
     * How long a thread of a test rests between looks that it repeats for as long as others write. Raise it where readers hold up
     * writers so much that a test takes minutes.
     */
    default Duration rest() {
        return Duration.ZERO;
    }

    /** The clock that the store itself lives by, if a test can move it. Absent: the kit waits in real time. */
    default Optional<MutableClock> clock() {
        return Optional.empty();
    }

    /** An instance whose process has a wall clock that is off by so much; what it stores must not show it. */
    default Optional<MailboxStore> openSkewed(Duration offset) throws Exception {
        return Optional.empty();
    }

    /** An instance that reaches its server through a fresh {@link FaultProxy}, which the kit closes after the instance. */
    default Optional<Proxied> openProxied() throws Exception {
        return Optional.empty();
    }

    /** The server, where there is one that a test may stop and start. Data that the store calls durable outlive it. */
    default Optional<Server> server() {
        return Optional.empty();
    }

    /** Callers' transactions, where the store enlists (T1 to T5). */
    default Optional<Transactions> transactions() {
        return Optional.empty();
    }

    /** Ends what the wiring started and drops its namespace; called once, after every instance was closed. */
    default void close() throws Exception {}

    /** An instance and the proxy between it and its server. */
    record Proxied(MailboxStore store, FaultProxy proxy) {}

    /** A server under test. */
    interface Server {
        /** Stops it, the harder the better ({@code kill -9}); returns when it is gone. */
        void stop() throws Exception;

        /** Starts it over the data that {@link #stop} left, on the same address; returns when it answers. */
        void start() throws Exception;
    }

    /** Opens transactions of a caller, on the caller's own connection. */
    interface Transactions {
        /** Begins one, and enlists this instance in it. */
        Transaction begin(MailboxStore store) throws Exception;
    }

    /** A caller's transaction with the store enlisted in it. */
    interface Transaction {
        /** What {@code store.enlist(transaction)} returned. */
        Appender appender();

        /** Commits it. */
        void commit() throws Exception;

        /** Rolls it back. */
        void rollback() throws Exception;

        /** Sets a savepoint; running the result rolls back to it. Absent: there are none. */
        default Optional<Rollback> savepoint() throws Exception {
            return Optional.empty();
        }

        /** Rolls back if it is still open, and gives the connection back. */
        void close() throws Exception;
    }

    /** A way back to a savepoint. */
    @FunctionalInterface
    interface Rollback {
        /** Undoes what came after the savepoint. */
        void run() throws Exception;
    }
}
