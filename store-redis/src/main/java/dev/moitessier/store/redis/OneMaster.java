package dev.moitessier.store.redis;

import org.jspecify.annotations.Nullable;
import redis.clients.jedis.Connection;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.util.Pool;

/** One server, or whoever is the master now. */
final class OneMaster implements Topology {
    private final Source source;
    private final int kept;
    private volatile @Nullable Node current;

    /** The driver's present pool. */
    @FunctionalInterface
    interface Source {
        Pool<Connection> pool();
    }

    OneMaster(Source source, int kept) {
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
