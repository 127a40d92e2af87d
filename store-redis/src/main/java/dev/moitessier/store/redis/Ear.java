package dev.moitessier.store.redis;

import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.BinaryJedisPubSub;
import redis.clients.jedis.BinaryJedisShardedPubSub;
import redis.clients.jedis.Connection;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisException;

/**
 * One connection that receives. A channel of its own tells that it is alive: to subscribe to it again changes nothing and is
 * answered.
 */
final class Ear implements AutoCloseable {
    private static final long QUIET = TimeUnit.SECONDS.toNanos(1);
    private static final long DEAD = TimeUnit.SECONDS.toNanos(4);
    private static final long READY = 5;

    private final Channels channels;
    private final Node node;
    private final Connection connection;
    private final byte[] control;
    private final Voice voice;
    private final CountDownLatch ready = new CountDownLatch(1);
    private volatile long heardAt = System.nanoTime();

    Ear(Channels channels, Node node, Connection connection, byte[] control, boolean sharded) {
        this.channels = channels;
        this.node = node;
        this.connection = connection;
        this.control = control;
        voice = sharded ? new Sharded() : new Plain();
    }

    Node node() {
        return node;
    }

    Connection connection() {
        return connection;
    }

    /** Begins to listen; returns when the server has answered, or the connection has ended. */
    void start() {
        Threads.daemon("moitessier-redis-listen", this::listen);
        try {
            if (!ready.await(READY, TimeUnit.SECONDS)) {
                close();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            close();
        }
    }

    private void listen() {
        RuntimeException why = null;
        try {
            voice.proceed(connection, control);
        } catch (JedisException | IllegalStateException ended) {
            why = ended;
        } finally {
            ready.countDown();
            channels.ended(this, why);
        }
    }

    void subscribe(byte[]... names) {
        try {
            voice.subscribe(names);
        } catch (JedisException | NullPointerException broken) {
            // The driver has no connection before it begins and after it ends; whoever reads tells that it ended.
            close();
            throw broken instanceof JedisException said ? said : new JedisConnectionException("not listening", broken);
        }
    }

    void unsubscribe(byte[]... names) {
        try {
            voice.unsubscribe(names);
        } catch (JedisException | NullPointerException broken) {
            close();
        }
    }

    /** Asks for an answer when nothing was heard for a while, and gives the connection up when there is none. */
    void checkAlive() {
        long silent = System.nanoTime() - heardAt;
        if (silent > DEAD) {
            close();
        } else if (silent > QUIET) {
            subscribe(control);
        }
    }

    private void subscribed(byte[] channel) {
        heardAt = System.nanoTime();
        if (Arrays.equals(channel, control)) {
            boolean first = ready.getCount() > 0;
            ready.countDown();
            channels.heardControl(first);
        } else {
            channels.subscribed(this, channel);
        }
    }

    private void unsubscribed(byte @Nullable [] channel) {
        heardAt = System.nanoTime();
        if (channel == null || Arrays.equals(channel, control)) {
            close();
        } else {
            channels.unsubscribed(this, channel);
        }
    }

    private void received(byte[] channel, byte[] payload) {
        heardAt = System.nanoTime();
        channels.received(channel, payload);
    }

    /** What the driver's two kinds of pub/sub have in common. */
    private interface Voice {
        void proceed(Connection connection, byte[]... channels);

        void subscribe(byte[]... channels);

        void unsubscribe(byte[]... channels);
    }

    private final class Plain extends BinaryJedisPubSub implements Voice {
        @Override
        public void onMessage(byte[] channel, byte[] message) {
            received(channel, message);
        }

        @Override
        public void onSubscribe(byte[] channel, int subscribedChannels) {
            subscribed(channel);
        }

        @Override
        public void onUnsubscribe(byte[] channel, int subscribedChannels) {
            unsubscribed(channel);
        }
    }

    private final class Sharded extends BinaryJedisShardedPubSub implements Voice {
        @Override
        public void onSMessage(byte[] channel, byte[] message) {
            received(channel, message);
        }

        @Override
        public void onSSubscribe(byte[] channel, int subscribedChannels) {
            subscribed(channel);
        }

        @Override
        public void onSUnsubscribe(byte[] channel, int subscribedChannels) {
            unsubscribed(channel);
        }

        @Override
        public void subscribe(byte[]... channels) {
            ssubscribe(channels);
        }

        @Override
        public void unsubscribe(byte[]... channels) {
            sunsubscribe(channels);
        }
    }

    @Override
    public void close() {
        Shards.disconnect(connection);
    }
}
