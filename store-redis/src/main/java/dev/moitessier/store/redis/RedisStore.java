package dev.moitessier.store.redis;

import static java.util.Objects.requireNonNull;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
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
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.RedisSentinelClient;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisException;

/**
 * A store on Redis 6.2 or newer: one server, one behind sentinels, or a cluster. Thread-safe; one for each process is
 * enough.
 *
 * <pre>{@code
 * RedisClient client = RedisClient.create("redis://localhost:6379");
 * Moitessier moitessier = Moitessier.on(RedisStore.create(client));
 * }</pre>
 *
 * <p>A client that is handed in stays the caller's: the store borrows connections of its pool, and never closes it. One of them is
 * kept for hints as long as something is watched. What the server has answered survives what its settings let it survive: {@link
 * Capabilities#durability()} says so.
 */
public final class RedisStore implements MailboxStore {
    static final String NAME = "redis";

    private static final int KIB = 1_024;
    private static final Duration PUSH = Duration.ofSeconds(1);
    private static final Duration MAX_REMEMBER = Duration.ofDays(1);

    private final Capabilities capabilities;
    private final Shards shards;
    private final Runnable closeClient;
    private final Hints hints;
    private final @Nullable Channels channels;
    private final @Nullable Lane lane;
    private final Appends appends;
    private final Mailboxes mailboxes;
    private final Sessions sessions;
    private final Reads reads;
    private final Sweeper sweeper;

    private RedisStore(
            Shards shards,
            Keys keys,
            Durability durability,
            @Nullable Channels channels,
            Hints hints,
            Runnable closeClient) {
        this.shards = shards;
        this.closeClient = closeClient;
        this.channels = channels;
        this.hints = hints;
        capabilities = new Capabilities(
                NAME,
                durability,
                true,
                false,
                channels == null ? Optional.empty() : Optional.of(PUSH),
                true,
                KIB * KIB,
                8 * KIB * KIB,
                10_000,
                64 * KIB,
                1_000,
                MAX_REMEMBER,
                shards.callLimit());
        Heads heads = new Heads();
        Departures departures = new Departures(shards, keys, heads, hints);
        appends = new Appends(shards, keys, capabilities, heads, hints);
        sessions = new Sessions(shards, keys, departures);
        mailboxes = new Mailboxes(shards, keys, heads, sessions, departures);
        reads = new Reads(shards, keys, heads);
        sweeper = new Sweeper(shards, keys, sessions, departures, MAX_REMEMBER);
        lane = channels == null ? null : new Lane(shards, channels, capabilities);
    }

    // Opening

    /**
     * Opens a store whose keys begin with {@code moitessier}.
     *
     * @param client a {@code RedisClient}, {@code RedisSentinelClient} or {@code RedisClusterClient}
     * @throws StoreException.Misconfigured if the server cannot be used as it is set up: too old, may evict keys, a replica, or a
     *     right is missing; the message names it, and nothing is left open
     * @throws StoreException.Unavailable if the server cannot be reached
     */
    public static RedisStore create(UnifiedJedis client) {
        return builder(client).open();
    }

    /** A store over a client of the caller, to be told more. */
    public static Builder builder(UnifiedJedis client) {
        return new Builder(requireNonNull(client, "client"), null);
    }

    /**
     * A store with a client of its own, which it closes.
     *
     * @param url {@code redis://host:6379}, {@code redis+sentinel://host:26379,host:26379/master} or {@code
     *     redis+cluster://host:6379,host:6379}; with TLS {@code rediss}
     * @throws StoreException.Misconfigured if the URL is none of these
     */
    public static Builder builder(String url, @Nullable String user, @Nullable String password) {
        return new Builder(null, Servers.parse(requireNonNull(url, "url"), new Servers.Login(user, password)));
    }

    /** What can be told before a store is opened. Not thread-safe. */
    public static final class Builder {
        static final String PREFIXES = "1 to 100 letters, digits and characters of ._:/-";

        private final @Nullable UnifiedJedis given;
        private final @Nullable Servers servers;
        private Servers.Login sentinels = new Servers.Login(null, null);
        private String prefix = "moitessier";
        private int poolSize = 8;
        private boolean hints = true;
        private Duration callLimit = Duration.ofSeconds(10);

        private Builder(@Nullable UnifiedJedis given, @Nullable Servers servers) {
            this.given = given;
            this.servers = servers;
        }

        static boolean isPrefix(String prefix) {
            return prefix.matches("[A-Za-z0-9._:/-]{1,100}");
        }

        /** What the names of keys and channels begin with; stores of different prefixes do not meet. Default {@code moitessier}. */
        public Builder prefix(String prefix) {
            if (!isPrefix(prefix)) {
                throw new IllegalArgumentException("a prefix is " + PREFIXES + ", not " + prefix);
            }
            this.prefix = prefix;
            return this;
        }

        /** For the sentinels themselves, where they ask for one. */
        public Builder sentinelLogin(@Nullable String user, @Nullable String password) {
            sentinels = new Servers.Login(user, password);
            return this;
        }

        /** Connections for calls to each server, where the client is the store's own. Default 8. */
        public Builder poolSize(int poolSize) {
            if (poolSize < 1) {
                throw new IllegalArgumentException("a pool has at least one connection, not " + poolSize);
            }
            this.poolSize = poolSize;
            return this;
        }

        /** False: no connection is kept for hints, readers poll, and there is no volatile lane. Default true. */
        public Builder hints(boolean hints) {
            this.hints = hints;
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

        /**
         * Opens the store.
         *
         * @throws StoreException as {@link RedisStore#create}
         */
        public RedisStore open() {
            UnifiedJedis client;
            Runnable closeClient;
            if (given != null) {
                client = given;
                closeClient = () -> {};
            } else {
                client = connect(requireNonNull(servers));
                closeClient = client::close;
            }
            Shards shards = null;
            try {
                Keys keys = new Keys(prefix);
                shards = new Shards(Topology.of(client, keys, hints ? 1 : 0), callLimit);
                return open(shards, keys, client instanceof RedisSentinelClient, closeClient);
            } catch (RuntimeException failure) {
                if (shards != null) {
                    shards.close();
                }
                closeClient.run();
                throw failure;
            }
        }

        private RedisStore open(Shards shards, Keys keys, boolean sentinels, Runnable closeClient) {
            Inspection inspection = new Inspection(shards, keys);
            inspection.check();
            if (inspection.inClusterMode() && !shards.cluster()) {
                throw new StoreException.Misconfigured(
                        "this server belongs to a cluster: use redis+cluster://, or a RedisClusterClient", null);
            }
            Channels channels = hints ? new Channels(shards, keys, inspection.shardedPubSub()) : null;
            Hints wakeUps = new Hints(shards, channels);
            inspection.tryRights(wakeUps);
            inspection.checkFormat();
            return new RedisStore(shards, keys, inspection.durability(sentinels), channels, wakeUps, closeClient);
        }

        private UnifiedJedis connect(Servers servers) {
            try {
                return servers.connect(poolSize + (hints ? 1 : 0), callLimit, sentinels);
            } catch (JedisException away) {
                throw Failures.of(away, "open the store", false);
            }
        }
    }

    @Override
    public Capabilities capabilities() {
        return capabilities;
    }

    // Appending

    @Override
    public List<Appended> append(List<Append> batch) {
        return appends.append(batch);
    }

    @Override
    public Members members(String scope, @Nullable Set<ListenerRef> only) {
        return mailboxes.members(scope, only);
    }

    // Sessions and mailboxes

    @Override
    public void open(UUID session, Duration lease) {
        if (lease.isNegative() || lease.isZero()) {
            throw new IllegalArgumentException("a lease is positive, not " + lease);
        }
        sessions.open(session, lease);
    }

    @Override
    public Beat heartbeat(UUID session, Duration lease) {
        if (lease.isNegative()) {
            throw new IllegalArgumentException("a lease is not negative: " + lease);
        }
        return sessions.heartbeat(session, lease);
    }

    @Override
    public Registered register(Registration registration) {
        shards.ensureOpen();
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
        mailboxes.acknowledge(acknowledgements);
    }

    @Override
    public List<String> scopes(String prefix, @Nullable String after, int limit) {
        checkLimit(limit);
        return mailboxes.scopes(prefix, after, limit);
    }

    // Reading

    @Override
    public List<Page> read(List<ReadRequest> requests, int maxBytes) {
        return reads.read(requests, maxBytes);
    }

    @Override
    public long position(String scope, Instant at) {
        return mailboxes.position(scope, at);
    }

    @Override
    public Watch watch(HintSink sink) {
        shards.ensureOpen();
        return hints.watch(sink);
    }

    @Override
    public Swept sweep(SweepPolicy policy) {
        return sweeper.sweep(policy);
    }

    /** For tests that cannot wait for days. */
    Sweeper sweeper() {
        return sweeper;
    }

    /** The volatile lane; empty where hints are off. */
    @Override
    public Optional<Broadcaster> broadcaster() {
        return Optional.ofNullable(lane);
    }

    /** Ends all use within a second; a client that was handed in stays open. Idempotent. */
    @Override
    public void close() {
        shards.close();
        hints.close();
        if (lane != null) {
            lane.close();
        }
        if (channels != null) {
            channels.close();
        }
        closeClient.run();
    }

    private static void checkLimit(int limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("a limit must be at least 1: " + limit);
        }
    }
}
