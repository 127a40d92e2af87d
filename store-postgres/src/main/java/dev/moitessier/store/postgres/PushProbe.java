package dev.moitessier.store.postgres;

import dev.moitessier.store.StoreException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.postgresql.PGNotification;
import org.postgresql.jdbc.PgConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out, once when the store opens, whether hints can come through: not when the only connection of a pool would have to be kept
 * for them, and not through a pooler that gives each transaction another server process, where LISTEN is lost without a word.
 */
final class PushProbe {
    private static final Logger LOG = LoggerFactory.getLogger(PushProbe.class);
    private static final int WAIT_MILLIS = 1_000;

    private final Database database;
    private final Dedicated dedicated;

    PushProbe(Database database, Dedicated dedicated) {
        this.database = database;
        this.dedicated = dedicated;
    }

    boolean works() {
        try (Connection connection = dedicated.connect()) {
            if (!anotherConnection()) {
                LOG.info("the pool has no second connection to keep for hints from other processes: the store polls; "
                        + "enlarge the pool or set moitessier.postgres.direct-url");
                return false;
            }
            PgConnection driver = connection.unwrap(PgConnection.class);
            driver.setNetworkTimeout(Runnable::run, (int) database.callLimit().toMillis());
            boolean autoCommit = connection.getAutoCommit();
            connection.setAutoCommit(true);
            try {
                if (!pooled(connection, driver) || arrives(connection, driver)) {
                    return true;
                }
            } finally {
                connection.setAutoCommit(autoCommit);
                driver.setNetworkTimeout(Runnable::run, 0);
            }
            LOG.info("notifications do not come through (PgBouncer in transaction mode?): the store polls, and has no volatile "
                    + "lane; set moitessier.postgres.direct-url to the server itself to have both");
            return false;
        } catch (SQLException failure) {
            throw Failures.of(failure, "connect for hints", false);
        }
    }

    /** While one connection is kept, can another be had? */
    private boolean anotherConnection() {
        CountDownLatch had = new CountDownLatch(1);
        Threads.run(() -> {
            try {
                database.call("probe the pool", false, connection -> connection);
                had.countDown();
            } catch (StoreException none) {
                LOG.debug("no second connection", none);
            }
        });
        try {
            return had.await(WAIT_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new StoreException.Interrupted("interrupted while the store was opened", false);
        }
    }

    /** A pooler tells its clients a process id of its own making. */
    private static boolean pooled(Connection connection, PgConnection driver) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select pg_backend_pid()")) {
            row.next();
            return row.getInt(1) != driver.getBackendPID();
        }
    }

    private boolean arrives(Connection connection, PgConnection driver) throws SQLException {
        String channel = "moitessier_probe_" + Long.toHexString(ThreadLocalRandom.current().nextLong());
        try (Statement statement = connection.createStatement()) {
            statement.execute("listen " + channel);
            database.call("probe notifications", false, other -> {
                try (Statement notify = other.connection().createStatement()) {
                    return notify.execute("notify " + channel);
                }
            });
            PGNotification[] received = driver.getNotifications(WAIT_MILLIS);
            statement.execute("unlisten " + channel);
            return received != null && received.length > 0;
        }
    }
}
