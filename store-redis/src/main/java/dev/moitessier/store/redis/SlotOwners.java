package dev.moitessier.store.redis;

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
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.util.Pool;

/** Shards are where the cluster has their slots. */
final class SlotOwners implements Topology {
    private static final Logger LOG = LoggerFactory.getLogger(SlotOwners.class);

    private final RedisClusterClient client;
    private final int kept;
    private final Map<Pool<Connection>, Node> nodes = new ConcurrentHashMap<>();
    private final AtomicReferenceArray<@Nullable HostAndPort> owners = new AtomicReferenceArray<>(Keys.SHARDS);
    private final AtomicBoolean looking = new AtomicBoolean();
    private final Keys keys;

    SlotOwners(RedisClusterClient client, Keys keys, int kept) {
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
