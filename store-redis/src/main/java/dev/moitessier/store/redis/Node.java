package dev.moitessier.store.redis;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.Connection;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.util.Pool;

/** A server and the driver's pool of connections to it. This store never takes more of them than the pool has. */
final class Node {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);

    private final Pool<Connection> pool;
    private final Semaphore permits;
    private final ReentrantLock lock = new ReentrantLock();

    /** @param kept connections of the pool that are not for calls */
    Node(Pool<Connection> pool, int kept) {
        this.pool = pool;
        int most = pool.getMaxTotal();
        permits = new Semaphore(most < 0 ? 1_000 : Math.max(1, most - kept));
    }

    Pool<Connection> pool() {
        return pool;
    }

    /** One for each connection that a call may have. */
    Semaphore permits() {
        return permits;
    }

    /** A connection that is open and idle, without waiting for anything; null: there is none. */
    @Nullable
    Connection idle() {
        lock.lock();
        try {
            return pool.getNumIdle() > 0 ? borrow(Duration.ofMillis(1)) : null;
        } finally {
            lock.unlock();
        }
    }

    /** A connection, perhaps a new one; may block for longer than {@code wait}, as the driver is set up. */
    Connection connect(Duration wait) {
        return borrow(wait);
    }

    private Connection borrow(Duration wait) {
        try {
            return pool.borrowObject(wait);
        } catch (RuntimeException failure) {
            throw failure;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new JedisConnectionException("interrupted while waiting for a connection", interrupted);
        } catch (Exception failure) {
            throw new JedisConnectionException("no connection to be had", failure);
        }
    }

    void giveBack(Connection connection) {
        if (connection.isBroken()) {
            // The pool may connect anew on behalf of whoever waits for it, and blocks meanwhile.
            Threads.run(() -> giveBack(connection, pool::returnBrokenResource));
        } else {
            giveBack(connection, pool::returnResource);
        }
    }

    private static void giveBack(Connection connection, Consumer<Connection> way) {
        try {
            way.accept(connection);
        } catch (JedisException useless) {
            LOG.debug("a connection could not be given back", useless);
        }
    }

    /** Connections that were idle when one broke are probably broken as well. */
    void forgetIdle() {
        pool.clear();
    }
}
