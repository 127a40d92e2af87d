package dev.moitessier.store.postgres;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.moitessier.store.Appender;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.testkit.FaultProxy;
import dev.moitessier.testkit.StoreWiring;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** The store over a server from Maven artifacts, in a database of its own, in one of the ways that people run it. */
class PostgresWiring implements StoreWiring {
    /** Shorter than the default, since several tests wait for its end. */
    static final Duration CALL_LIMIT = Duration.ofSeconds(5);

    private final PostgresServer server;
    private final String database;
    private final List<AutoCloseable> opened = new ArrayList<>();

    PostgresWiring(PostgresServer server, String namespace) throws SQLException {
        this.server = server;
        database = "kit_" + namespace.replaceAll("[^A-Za-z0-9]", "_");
        server.createDatabase(database);
    }

    /** By URL, so that the store makes its own pool; other wirings hand one in. */
    PostgresStore.Builder builder(int port) {
        return PostgresStore.builder(PostgresServer.url(database, port), "postgres", null);
    }

    /** A pool of the caller's, which lives until the wiring ends. */
    final HikariDataSource pool(int port, Consumer<HikariConfig> settings) {
        HikariConfig config = new HikariConfig();
        config.setDataSource(PostgresServer.dataSource(database, port));
        config.setMaximumPoolSize(10);
        config.setMinimumIdle(1);
        settings.accept(config);
        return closing(new HikariDataSource(config));
    }

    /** What a wiring tells the builder. */
    PostgresStore.Builder configure(PostgresStore.Builder builder) {
        return builder;
    }

    final String url(int port) {
        return PostgresServer.url(database, port);
    }

    final String database() {
        return database;
    }

    final PostgresServer postgres() {
        return server;
    }

    final <T extends AutoCloseable> T closing(T resource) {
        opened.add(resource);
        return resource;
    }

    @Override
    public MailboxStore open() throws Exception {
        return open(server.port(), builder -> builder);
    }

    private PostgresStore open(int port, UnaryOperator<PostgresStore.Builder> also) throws SQLException {
        PostgresStore.Builder builder =
                builder(port).schemaMode(SchemaMode.MIGRATE).callLimit(CALL_LIMIT);
        return also.apply(configure(builder)).open();
    }

    @Override
    public Optional<Proxied> openProxied() throws Exception {
        FaultProxy proxy = FaultProxy.to("localhost", server.port());
        return Optional.of(new Proxied(open(proxy.port(), builder -> builder), proxy));
    }

    /** Its process's clock cannot matter: the store asks none but the server's, which {@link ArchitectureTest} sees to. */
    @Override
    public Optional<MailboxStore> openSkewed(Duration offset) throws Exception {
        return Optional.of(open());
    }

    @Override
    public Optional<Server> server() {
        return server.isShared() ? Optional.empty() : Optional.of(new KilledServer());
    }

    /** Stopped by {@code kill -9}. */
    private final class KilledServer implements Server {
        @Override
        public void stop() throws Exception {
            server.kill();
        }

        @Override
        public void start() throws Exception {
            server.restart();
        }
    }

    @Override
    public Optional<Transactions> transactions() {
        return Optional.of(store -> new CallersTransaction((PostgresStore) store, server.dataSource(database).getConnection()));
    }

    @Override
    public void close() throws Exception {
        for (AutoCloseable each : opened) {
            each.close();
        }
        server.dropDatabase(database);
        if (!server.isShared()) {
            server.close();
        }
    }

    /** As a service would have it: its own connection, its own commit. */
    private static final class CallersTransaction implements Transaction {
        private final Connection connection;
        private final Appender appender;

        CallersTransaction(PostgresStore store, Connection connection) throws SQLException {
            this.connection = connection;
            connection.setAutoCommit(false);
            appender = store.enlist(connection);
        }

        @Override
        public Appender appender() {
            return appender;
        }

        @Override
        public void commit() throws SQLException {
            connection.commit();
        }

        @Override
        public void rollback() throws SQLException {
            connection.rollback();
        }

        @Override
        public Optional<Rollback> savepoint() throws SQLException {
            Savepoint savepoint = connection.setSavepoint();
            return Optional.of(() -> connection.rollback(savepoint));
        }

        @Override
        public void close() throws SQLException {
            connection.close();
        }
    }
}
