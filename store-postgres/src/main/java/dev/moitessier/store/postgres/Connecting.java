package dev.moitessier.store.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes connections of a DataSource that connects each time. While it connects, the driver waits without limit for a server that
 * is silent, and no interrupt ends that; so another thread connects, and whoever waits for it may leave. A connection that comes
 * too late is closed. As many as {@link #MOST} may be under way: a server that stays silent costs no more threads than that.
 */
final class Connecting {
    private static final Logger LOG = LoggerFactory.getLogger(Connecting.class);
    private static final int MOST = 64;

    private final DataSource dataSource;
    private final Semaphore underWay = new Semaphore(MOST);

    Connecting(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** Ends at the deadline of {@link System#nanoTime()}, or when the thread is interrupted. */
    Connection connect(long deadline) throws SQLException {
        try {
            if (!underWay.tryAcquire(left(deadline), TimeUnit.NANOSECONDS)) {
                throw new SQLException(
                        "the server has answered none of " + MOST + " connections that are being made", "08001");
            }
            Attempt attempt = new Attempt();
            Threads.run(attempt);
            return attempt.await(deadline);
        } catch (InterruptedException interrupted) {
            throw new SQLException("interrupted while connecting", "08001", interrupted);
        }
    }

    private static long left(long deadline) {
        return Math.max(0, deadline - System.nanoTime());
    }

    private final class Attempt implements Runnable {
        private final CompletableFuture<Connection> made = new CompletableFuture<>();

        @Override
        public void run() {
            try {
                Connection connection = dataSource.getConnection();
                if (!made.complete(connection)) {
                    connection.close();
                }
            } catch (SQLException | RuntimeException | Error failure) {
                if (!made.completeExceptionally(failure)) {
                    LOG.debug("a connection that nobody waits for any more has failed", failure);
                }
            } finally {
                underWay.release();
            }
        }

        Connection await(long deadline) throws SQLException, InterruptedException {
            try {
                return made.get(left(deadline), TimeUnit.NANOSECONDS);
            } catch (ExecutionException failed) {
                throw thrown(failed.getCause());
            } catch (TimeoutException late) {
                leave();
                throw new SQLException("the server did not answer while connecting", "08001", late);
            } catch (InterruptedException interrupted) {
                leave();
                throw interrupted;
            }
        }

        /** What comes from now on is closed by who brings it; what came at this very moment, here. */
        private void leave() throws SQLException {
            if (!made.cancel(false) && !made.isCompletedExceptionally()) {
                made.join().close();
            }
        }
    }

    private static SQLException thrown(@Nullable Throwable cause) {
        if (cause instanceof SQLException said) {
            return said;
        }
        if (cause instanceof RuntimeException said) {
            throw said;
        }
        if (cause instanceof Error said) {
            throw said;
        }
        return new SQLException(cause);
    }
}
