package dev.moitessier.store.redis;

import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.Connection;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.RedisSentinelClient;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.util.Pool;

/** Which server serves which shard. */
sealed interface Topology {
    /** The server of a shard as far as it is known; null: {@link #locate} it. Does not block. */
    @Nullable
    Node known(int shard);

    /** Finds the server of a shard; may block as the driver is set up. */
    Node locate(int shard);

    /** A server said that the shard is elsewhere. */
    void moved(int shard, HostAndPort to);

    /** Another server, by its address; null: it is not known (yet). */
    @Nullable
    Node at(HostAndPort address);

    /** A server did not answer; looks in the background who is there. */
    void lookAgain();

    /** Whether shards lie on several servers. */
    boolean cluster();

    static Topology of(UnifiedJedis client, Keys keys, int kept) {
        if (client instanceof RedisClient standalone) {
            return new Single(() -> standalone.getPool(), kept);
        }
        if (client instanceof RedisSentinelClient sentinel) {
            return new Single(
                    () -> {
                        Collection<? extends Pool<Connection>> master =
                                sentinel.getPrimaryNodesConnectionMap().values();
                        Iterator<? extends Pool<Connection>> pools = master.iterator();
                        if (!pools.hasNext()) {
                            throw new JedisConnectionException("the sentinels know no master");
                        }
                        return pools.next();
                    },
                    kept);
        }
        if (client instanceof RedisClusterClient cluster) {
            return new Cluster(cluster, keys, kept);
        }
        throw new IllegalArgumentException("a client of " + client.getClass().getName()
                + "; RedisClient, RedisSentinelClient and RedisClusterClient are supported");
    }

    /** One server, or whoever is the master now. */
    final class Single implements Topology {
        private final Source source;
        private final int kept;
        private volatile @Nullable Node current;

        /** The driver's present pool. */
        @FunctionalInterface
        interface Source {
            Pool<Connection> pool();
        }

        Single(Source source, int kept) {
            this.source = source;
            this.kept = kept;
        }

        @Override
        public Node known(int shard) {
            Pool<Connection> pool = source.pool();
            Node node = current;
            if (node == null || !node.pool().equals(pool)) {
                node = replace(pool);
            }
            return node;
        }

        private synchronized Node replace(Pool<Connection> pool) {
            Node node = current;
            if (node == null || !node.pool().equals(pool)) {
                node = new Node(pool, kept);
                current = node;
            }
            return node;
        }

        @Override
        public Node locate(int shard) {
            return known(shard);
        }

        @Override
        public void moved(int shard, HostAndPort to) {
            throw new IllegalStateException("this server belongs to a cluster: connect to it as to one");
        }

        @Override
        public @Nullable Node at(HostAndPort address) {
            return null;
        }

        @Override
        public void lookAgain() {
            // The driver keeps the address, or the sentinels tell it the new one.
        }

        @Override
        public boolean cluster() {
            return false;
        }
    }

    /** Shards are where the cluster has their slots. */
    final class Cluster implements Topology {
        private static final Logger LOG = LoggerFactory.getLogger(Topology.class);

        private final RedisClusterClient client;
        private final int kept;
        private final Map<Pool<Connection>, Node> nodes = new ConcurrentHashMap<>();
        private final AtomicReferenceArray<@Nullable HostAndPort> owners = new AtomicReferenceArray<>(Keys.SHARDS);
        private final AtomicBoolean looking = new AtomicBoolean();
        private final Keys keys;

        Cluster(RedisClusterClient client, Keys keys, int kept) {
            this.client = client;
            this.keys = keys;
            this.kept = kept;
        }

        @Override
        public @Nullable Node known(int shard) {
            HostAndPort owner = owners.get(shard);
            return owner == null ? null : at(owner);
        }

        @Override
        public Node locate(int shard) {
            HostAndPort owner;
            try (Connection connection = client.getConnectionFromSlot(keys.slot(shard))) {
                owner = connection.getHostAndPort();
            }
            owners.set(shard, owner);
            Node node = at(owner);
            if (node == null) {
                throw new JedisConnectionException("the cluster has changed and is looked at again");
            }
            return node;
        }

        @Override
        public void moved(int shard, HostAndPort to) {
            owners.set(shard, to);
            if (at(to) == null) {
                lookAgain();
            }
        }

        @Override
        public @Nullable Node at(HostAndPort address) {
            Pool<Connection> pool = client.getClusterNodes().get(address.toString());
            if (pool == null) {
                return null;
            }
            return nodes.computeIfAbsent(pool, each -> new Node(each, kept));
        }

        @Override
        public void lookAgain() {
            if (looking.compareAndSet(false, true)) {
                Threads.run(() -> {
                    try {
                        client.refreshClusterTopology();
                        for (int shard = 0; shard < Keys.SHARDS; shard++) {
                            owners.set(shard, null);
                        }
                        nodes.keySet()
                                .retainAll(List.copyOf(client.getClusterNodes().values()));
                    } catch (JedisException away) {
                        LOG.debug("the cluster could not be looked at", away);
                    } finally {
                        looking.set(false);
                    }
                });
            }
        }

        @Override
        public boolean cluster() {
            return true;
        }
    }
}
