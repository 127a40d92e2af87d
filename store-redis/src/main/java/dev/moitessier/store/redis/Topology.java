package dev.moitessier.store.redis;

import java.util.Collection;
import java.util.Iterator;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.Connection;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.RedisSentinelClient;
import redis.clients.jedis.UnifiedJedis;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.util.Pool;

/** Which server serves which shard. */
sealed interface Topology permits OneMaster, SlotOwners {
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
            return new OneMaster(() -> standalone.getPool(), kept);
        }
        if (client instanceof RedisSentinelClient sentinel) {
            return new OneMaster(
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
            return new SlotOwners(cluster, keys, kept);
        }
        throw new IllegalArgumentException("a client of " + client.getClass().getName()
                + "; RedisClient, RedisSentinelClient and RedisClusterClient are supported");
    }
}
