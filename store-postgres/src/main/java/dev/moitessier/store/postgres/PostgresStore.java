package dev.moitessier.store.postgres;

import static java.util.Objects.requireNonNull;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Appender;
import dev.moitessier.store.Beat;
import dev.moitessier.store.Broadcaster;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Durability;
import dev.moitessier.store.HintSink;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Members;
import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.Subscribers;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import dev.moitessier.store.Unregistered;
import dev.moitessier.store.Watch;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A store on PostgreSQL 13 or newer. Thread-safe; one for each process is enough, and its cost is the connections of the pool and
 * one more that listens.
 *
 * <pre>{@code
 * PostgresStore.migrate(dataSource); // once, with the rights to create a schema
 * Moitessier moitessier = Moitessier.on(PostgresStore.create(dataSource));
 * }</pre>
 *
 * <p>A {@code DataSource} that is handed in stays the caller's: the store borrows its connections, gives them back as they were, and
 * never closes it. If it is a pool, one of its connections is kept for hints as long as the store is open, unless
 * {@link Builder#direct} names another way to the server.
 */
public final class PostgresStore implements MailboxStore {
    static final String NAME = "postgres";

    private static final int KIB = 1_024;
    private static final Duration PUSH = Duration.ofSeconds(1);

    private final Capabilities capabilities;
    private final Database database;
    private final Runnable closePool;
    private final Pending pending;
    private final Appends appends;
    private final Mailboxes mailboxes;
    private final Sessions sessions;
    private final Reads reads;
    private final Sweeper sweeper;
    private final Promoter promoter;
    private final Hints hints;
    private final @Nullable Lane lane;

    private PostgresStore(
            Database database,
            Naming naming,
            Dedicated dedicated,
            boolean push,
            @Nullable Duration retention,
            Runnable closePool) {
        this.database = database;
        this.closePool = closePool;
        capabilities = new Capabilities(
                NAME,
                Durability.DURABLE,
                true,
                true,
                push ? Optional.of(PUSH) : Optional.empty(),
                true,
                KIB * KIB,
                8 * KIB * KIB,
                10_000,
                64 * KIB,
                1_000,
                Duration.ofDays(1),
                database.callLimit());
        hints = new Hints(database, naming, dedicated, push);
        pending = new Pending(naming);
        Fences fences = new Fences(naming);
        Promotions promotions = new Promotions(database, naming, pending, fences, hints::readable);
        promoter = new Promoter(database, promotions);
        appends = new Appends(database, naming, capabilities, pending, fences, hints, push);
        mailboxes = new Mailboxes(database, naming, pending, fences, appends, hints::readable);
        Departures departures = new Departures(database, naming, pending, fences, appends, hints::readable);
        sessions = new Sessions(database, naming, departures);
        reads = new Reads(database, naming, promotions);
        sweeper = new Sweeper(database, naming, sessions, departures, promotions, retention);
        if (push) {
            String channel = naming.channel("lane");
            lane = new Lane(dedicated, channel, hints::othersListen, hints::startListening);
            hints.lane(channel, lane::received);
        } else {
            lane = null;
        }
    }

    // Opening

    /**
     * Opens a store in the schema {@code moitessier}, which must be there.
     *
     * @throws StoreException.Misconfigured if the schema is missing or too old, or the server cannot be used; the message says what
     *     to do, and nothing is left open
     * @throws StoreException.Unavailable if the server cannot be reached
     */
    public static PostgresStore create(DataSource dataSource) {
        return builder(dataSource).open();
    }

    /** A store over connections of the caller, to be told more. */
    public static Builder builder(DataSource dataSource) {
        return new Builder(requireNonNull(dataSource, "dataSource"), null, null, null);
    }

    /**
     * A store with a pool of its own, which it closes.
     *
     * @param url as the driver takes it, {@code jdbc:postgresql://…}
     */
    public static Builder builder(String url, @Nullable String user, @Nullable String password) {
        return new Builder(null, requireNonNull(url, "url"), user, password);
    }

    /**
     * Creates or upgrades the schema {@code moitessier}. Safe from any number of nodes at once; does nothing where nothing is to do.
     *
     * @throws StoreException if it could not; then nothing has changed
     */
    public static void migrate(DataSource dataSource) {
        builder(dataSource).migrate();
    }

    /** All that {@link #migrate} would run, for those who run it themselves. */
    public static String schemaSql() {
        return schemaSql(Builder.SCHEMA, "");
    }

    /** The same for another schema and table prefix. */
    public static String schemaSql(String schema, String tablePrefix) {
        return new Schema(new Naming(schema, tablePrefix)).sql();
    }

    /** What lets a role use the schema {@code moitessier} at run time, and no more. */
    public static String grantsSql(String role) {
        return grantsSql(Builder.SCHEMA, "", role);
    }

    /** The same for another schema and table prefix. */
    public static String grantsSql(String schema, String tablePrefix, String role) {
        return new Schema(new Naming(schema, tablePrefix)).grants(role);
    }

    /** What can be told before a store is opened. Not thread-safe. */
    public static final class Builder {
        static final String SCHEMA = "moitessier";
        private static final int POOL_SIZE = 10;

        private final @Nullable DataSource given;
        private final @Nullable String url;
        private final @Nullable String user;
        private final @Nullable String password;
        private String schema = SCHEMA;
        private String tablePrefix = "";
        private SchemaMode schemaMode = SchemaMode.VALIDATE;
        private @Nullable DataSource direct;
        private int poolSize = POOL_SIZE;
        private Duration callLimit = Duration.ofSeconds(10);
        private @Nullable Duration retention;
        private boolean hints = true;

        private Builder(
                @Nullable DataSource given, @Nullable String url, @Nullable String user, @Nullable String password) {
            this.given = given;
            this.url = url;
            this.user = user;
            this.password = password;
        }

        /** The schema of the tables; any name PostgreSQL takes. Default {@code moitessier}. */
        public Builder schema(String schema) {
            this.schema = requireNonNull(schema, "schema");
            return this;
        }

        /** What the names of tables begin with. Default nothing. */
        public Builder tablePrefix(String tablePrefix) {
            this.tablePrefix = requireNonNull(tablePrefix, "tablePrefix");
            return this;
        }

        /** What opening does about the tables. Default {@link SchemaMode#VALIDATE}. */
        public Builder schemaMode(SchemaMode schemaMode) {
            this.schemaMode = requireNonNull(schemaMode, "schemaMode");
            return this;
        }

        /** Another way to the same server for the connections that are kept: past PgBouncer, or not out of a small pool. */
        public Builder direct(DataSource direct) {
            this.direct = requireNonNull(direct, "direct");
            return this;
        }

        /** {@link #direct(DataSource)} by URL, with the given user. */
        public Builder direct(String url, @Nullable String user, @Nullable String password) {
            return direct(simple(url, user, password, callLimit));
        }

        /** False: no connection is kept for hints, readers poll, and there is no volatile lane. Default true. */
        public Builder hints(boolean hints) {
            this.hints = hints;
            return this;
        }

        /** Connections of the store's own pool, where it has one. Default 10. */
        public Builder poolSize(int poolSize) {
            if (poolSize < 1) {
                throw new IllegalArgumentException("a pool has at least one connection, not " + poolSize);
            }
            this.poolSize = poolSize;
            return this;
        }

        /**
         * No entry stays longer than this, whatever the nodes ask for: what bounds the tables, beside {@code moitessier.retention},
         * which says for each node and prefix how long entries stay. Of the two the shorter wins, so this keeps nothing longer; where
         * it is the shorter one, that is logged once. Space is given back by the day. Default: what the nodes ask for.
         *
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder retention(Duration longest) {
            if (longest.isZero() || longest.isNegative()) {
                throw new IllegalArgumentException("retention is positive, not " + longest);
            }
            this.retention = longest;
            return this;
        }

        /** After this each call ends as {@link StoreException.Unavailable} (E3). Default 10 s. */
        public Builder callLimit(Duration callLimit) {
            if (callLimit.compareTo(Duration.ofMillis(100)) < 0 || callLimit.compareTo(Duration.ofHours(1)) > 0) {
                throw new IllegalArgumentException("the call limit is 100 ms to 1 h, not " + callLimit);
            }
            this.callLimit = callLimit;
            return this;
        }

        /** Creates or upgrades the schema, as {@link PostgresStore#migrate} does. */
        public void migrate() {
            DataSource dataSource = given != null ? given : simple(requireNonNull(url), user, password, callLimit);
            new Schema(new Naming(schema, tablePrefix)).migrate(dataSource);
        }

        /**
         * Opens the store.
         *
         * @throws StoreException as {@link PostgresStore#create}
         */
        public PostgresStore open() {
            Naming naming = new Naming(schema, tablePrefix);
            DataSource dataSource;
            DataSource first;
            DataSource forDedicated;
            Runnable closePool;
            if (given != null) {
                dataSource = given;
                first = given;
                forDedicated = direct != null ? direct : given;
                closePool = () -> {};
            } else {
                PGSimpleDataSource simple = simple(requireNonNull(url), user, password, callLimit);
                PatientDataSource patient = new PatientDataSource(simple, callLimit);
                HikariDataSource pool = pool(patient);
                dataSource = pool;
                // Past the pool, which would say "timed out" of whatever is wrong.
                first = simple;
                forDedicated = direct != null ? direct : simple;
                closePool = () -> {
                    patient.close();
                    pool.close();
                };
            }
            Database database = new Database(dataSource, callLimit);
            try {
                Schema tables = new Schema(naming);
                if (schemaMode == SchemaMode.MIGRATE) {
                    tables.migrate(first);
                }
                try (Database look = new Database(first, callLimit)) {
                    database.readCommitted(inspect(look, schemaMode == SchemaMode.VALIDATE ? tables : null));
                }
                Connecting connecting = new Connecting(forDedicated);
                Dedicated dedicated = () -> connecting.connect(System.nanoTime() + callLimit.toNanos());
                boolean push = hints && new PushProbe(database, dedicated).works();
                return new PostgresStore(database, naming, dedicated, push, retention, closePool);
            } catch (RuntimeException failure) {
                database.close();
                closePool.run();
                throw failure;
            }
        }

        private HikariDataSource pool(DataSource simple) {
            HikariConfig config = new HikariConfig();
            config.setPoolName("moitessier-postgres");
            config.setDataSource(simple);
            config.setMaximumPoolSize(poolSize);
            config.setConnectionTimeout(Math.max(250, callLimit.toMillis()));
            // What is wrong with the server is said by the store's own first look at it.
            config.setInitializationFailTimeout(-1);
            return new HikariDataSource(config);
        }

        private static PGSimpleDataSource simple(
                String url, @Nullable String user, @Nullable String password, Duration limit) {
            PGSimpleDataSource simple = new PGSimpleDataSource();
            try {
                simple.setUrl(url);
            } catch (IllegalArgumentException wrong) {
                throw new StoreException.Misconfigured(
                        "moitessier.postgres.url is no URL that the driver takes: " + url, wrong);
            }
            if (user != null) {
                simple.setUser(user);
            }
            if (password != null) {
                simple.setPassword(password);
            }
            if (Objects.equals(simple.getApplicationName(), PGProperty.APPLICATION_NAME.getDefaultValue())) {
                simple.setApplicationName("moitessier");
            }
            simple.setTcpKeepAlive(true);
            simple.setConnectTimeout((int) Math.max(1, Math.min(limit.toSeconds(), simple.getConnectTimeout())));
            return simple;
        }

        /** One look at the server, before anything relies on it. */
        private static boolean inspect(Database database, @Nullable Schema tables) {
            return database.call("open the store", false, borrowed -> {
                Connection connection = borrowed.connection();
                boolean byDefault;
                try (Statement statement = connection.createStatement();
                        ResultSet row = statement.executeQuery("select current_setting('server_version_num')::int, "
                                + "current_setting('server_encoding'), pg_is_in_recovery() or "
                                + "current_setting('default_transaction_read_only') = 'on', "
                                + "current_setting('default_transaction_isolation')")) {
                    row.next();
                    check(
                            row.getInt(1) >= 130000,
                            "PostgreSQL 13 or newer is needed, this server is of version " + row.getInt(1) / 10000);
                    check(
                            "UTF8".equals(row.getString(2)),
                            "a database with encoding UTF8 is needed, this one has " + row.getString(2));
                    check(
                            !row.getBoolean(3),
                            "this server is read-only (a replica?): connect to the primary, for example with "
                                    + "targetServerType=primary in the URL");
                    byDefault = "read committed".equals(row.getString(4));
                }
                if (tables != null) {
                    tables.validate(connection);
                }
                return byDefault;
            });
        }

        private static void check(boolean good, String otherwise) {
            if (!good) {
                throw new StoreException.Misconfigured(otherwise, null);
            }
        }
    }

    // The caller's transactions

    /**
     * Appends within the transaction that is open on this connection: they become readable if and only if it commits (T1). No lock
     * of a scope is held until then, and nothing but rows is added to the transaction.
     *
     * @throws IllegalArgumentException if the connection is in auto-commit mode, or not one of PostgreSQL
     */
    public Appender enlist(Connection connection) {
        try {
            if (connection.getAutoCommit()) {
                throw new IllegalArgumentException(
                        "the connection is in auto-commit mode: there is no transaction to enlist in");
            }
        } catch (SQLException failure) {
            throw Failures.of(failure, "enlist", false);
        }
        return new Enlisted(connection, capabilities, pending, mailboxes, promoter, database::closed);
    }

    /** The same for a transaction of Jdbi. */
    public Appender enlist(Handle handle) {
        return enlist(handle.getConnection());
    }

    // The SPI

    @Override
    public Capabilities capabilities() {
        return capabilities;
    }

    @Override
    public List<Appended> append(List<Append> batch) {
        database.ensureOpen();
        if (batch.size() > capabilities.maxBatch()) {
            StoreException.Rejected cause = new StoreException.Rejected(
                    "a batch of " + batch.size() + " appends; the limit is " + capabilities.maxBatch());
            return batch.stream()
                    .<Appended>map(each -> new Appended.Failed(cause))
                    .toList();
        }
        return appends.append(batch);
    }

    @Override
    public Members members(String scope, @Nullable Set<ListenerRef> only) {
        return mailboxes.members(scope, only);
    }

    @Override
    public void open(UUID session, Duration lease) {
        if (lease.isZero() || lease.isNegative()) {
            throw new IllegalArgumentException("a lease must be positive: " + lease);
        }
        sessions.open(session, lease);
    }

    @Override
    public Beat heartbeat(UUID session, Duration lease) {
        if (lease.isNegative()) {
            throw new IllegalArgumentException("a lease must not be negative: " + lease);
        }
        return sessions.heartbeat(session, lease);
    }

    @Override
    public Registered register(Registration registration) {
        database.ensureOpen();
        capabilities.check(registration);
        return mailboxes.register(registration);
    }

    @Override
    public Unregistered unregister(ListenerRef listener, String subscriber, UUID registration) {
        return mailboxes.unregister(listener, subscriber, registration);
    }

    @Override
    public Subscribers subscribers(ListenerRef listener, @Nullable String after, int limit) {
        checkLimit(limit);
        return mailboxes.subscribers(listener, after, limit);
    }

    @Override
    public void acknowledge(List<Acknowledgement> acknowledgements) {
        database.ensureOpen();
        mailboxes.acknowledge(acknowledgements);
    }

    @Override
    public List<String> scopes(String prefix, @Nullable String after, int limit) {
        checkLimit(limit);
        return mailboxes.scopes(prefix, after, limit);
    }

    @Override
    public List<Page> read(List<ReadRequest> requests, int maxBytes) {
        database.ensureOpen();
        return reads.read(requests, maxBytes);
    }

    @Override
    public long position(String scope, Instant at) {
        // A position may lie a microsecond beside its time, by rounding.
        return mailboxes.position(scope, Times.micros(at) - 2);
    }

    @Override
    public Watch watch(HintSink sink) {
        database.ensureOpen();
        return hints.watch(requireNonNull(sink, "sink"));
    }

    @Override
    public Swept sweep(SweepPolicy policy) {
        return sweeper.sweep(policy);
    }

    /** The volatile lane; empty where notifications do not come through. */
    @Override
    public Optional<Broadcaster> broadcaster() {
        return Optional.ofNullable(lane);
    }

    /** Ends all use within a second; a {@code DataSource} that was handed in stays open. Idempotent. */
    @Override
    public void close() {
        database.close();
        promoter.close();
        hints.close();
        if (lane != null) {
            lane.close();
        }
        closePool.run();
    }

    private static void checkLimit(int limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("a limit must be at least 1: " + limit);
        }
    }
}
