package dev.moitessier.store.postgres;

import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;
import java.time.Duration;
import java.util.logging.Logger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Tries to connect for a while before it fails. A pool that is told of each failure waits longer and longer, up to 5 s for
 * HikariCP, while the server may be back at once (E5).
 */
final class PatientDataSource implements DataSource {
    private static final Duration BETWEEN = Duration.ofMillis(200);

    private final DataSource inner;
    private final Duration patience;
    private volatile boolean closed;

    PatientDataSource(DataSource inner, Duration patience) {
        this.inner = inner;
        this.patience = patience;
    }

    @Override
    public Connection getConnection() throws SQLException {
        long until = System.nanoTime() + patience.toNanos();
        while (true) {
            try {
                return inner.getConnection();
            } catch (SQLException failure) {
                // Who is refused by name or password, or finds no database, is refused again.
                boolean passing = Failures.connection(failure);
                if (!passing || closed || System.nanoTime() - until > 0 || !Threads.sleep(BETWEEN)) {
                    throw failure;
                }
            }
        }
    }

    /** Ends the patience of those who are waiting. */
    void close() {
        closed = true;
    }

    @Override
    public Connection getConnection(String user, String password) throws SQLException {
        return inner.getConnection(user, password);
    }

    @Override
    public @Nullable PrintWriter getLogWriter() throws SQLException {
        return inner.getLogWriter();
    }

    @Override
    public void setLogWriter(PrintWriter out) throws SQLException {
        inner.setLogWriter(out);
    }

    @Override
    public void setLoginTimeout(int seconds) throws SQLException {
        inner.setLoginTimeout(seconds);
    }

    @Override
    public int getLoginTimeout() throws SQLException {
        return inner.getLoginTimeout();
    }

    @Override
    public Logger getParentLogger() throws SQLFeatureNotSupportedException {
        return inner.getParentLogger();
    }

    @Override
    public <T> T unwrap(Class<T> type) throws SQLException {
        return inner.unwrap(type);
    }

    @Override
    public boolean isWrapperFor(Class<?> type) throws SQLException {
        return inner.isWrapperFor(type);
    }
}
