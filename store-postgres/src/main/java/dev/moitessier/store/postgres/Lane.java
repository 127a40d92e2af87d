package dev.moitessier.store.postgres;

import dev.moitessier.store.Broadcaster;
import dev.moitessier.store.Payload;
import dev.moitessier.store.StoreException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The volatile lane over NOTIFY, on a connection of its own and in transactions of its own: many payloads are packed into one
 * notification and many notifications into one transaction, of which there are at most a hundred in a second. Nothing is stored,
 * and while the server is away what is published is dropped for others (X5). Subscribers of this process hear it directly.
 */
final class Lane implements Broadcaster, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Lane.class);
    /** With its topic and the envelope it stays under 5,950 bytes, which Base64 makes 7,933 of the 7,999 that NOTIFY takes. */
    static final int MAX_BYTES = 5_500;

    private static final int MAX_TOPIC = 400;
    private static final int ENVELOPE = 5_950;
    private static final int NOTIFICATIONS = 64;
    private static final int QUEUE_BYTES = 2 << 20;
    private static final int SINK_QUEUE = 1_024;
    private static final long BETWEEN = TimeUnit.MILLISECONDS.toNanos(10);
    private static final Duration RETRY = Duration.ofMillis(500);

    private final Dedicated dedicated;
    private final String channel;
    private final BooleanSupplier othersListen;
    private final Runnable subscribed;
    private final long node = ThreadLocalRandom.current().nextLong();
    private final Map<String, Set<Subscription>> topics = new ConcurrentHashMap<>();
    private final LongAdder dropped = new LongAdder();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private ArrayDeque<byte[]> queue = new ArrayDeque<>();
    private int queued;
    private int number;
    private @Nullable Thread sender;
    private volatile @Nullable Connection sending;
    private volatile boolean closed;

    Lane(Dedicated dedicated, String channel, BooleanSupplier othersListen, Runnable subscribed) {
        this.dedicated = dedicated;
        this.channel = channel;
        this.othersListen = othersListen;
        this.subscribed = subscribed;
    }

    @Override
    public int maxBytes() {
        return MAX_BYTES;
    }

    @Override
    public boolean publish(String topic, Payload payload) {
        byte[] name = topic.getBytes(StandardCharsets.UTF_8);
        if (payload.size() > MAX_BYTES) {
            throw new StoreException.Rejected("a broadcast of " + payload.size() + " bytes; the limit is " + MAX_BYTES);
        }
        if (name.length > MAX_TOPIC) {
            throw new StoreException.Rejected("a topic of " + name.length + " bytes of UTF-8; the limit is " + MAX_TOPIC);
        }
        if (closed) {
            dropped.increment();
            return false;
        }
        deliver(topic, payload);
        byte[] packed = ByteBuffer.allocate(4 + name.length + payload.size())
                .putShort((short) name.length)
                .put(name)
                .putShort((short) payload.size())
                .put(payload.view())
                .array();
        lock.lock();
        try {
            if (queued + packed.length > QUEUE_BYTES) {
                dropped.increment();
                return false;
            }
            queue.add(packed);
            queued += packed.length;
            if (sender == null && !closed) {
                sender = Threads.daemon("moitessier-postgres-broadcast", this::sendLoop);
            }
            work.signal();
        } finally {
            lock.unlock();
        }
        return true;
    }

    @Override
    public AutoCloseable subscribe(String topic, Consumer<Payload> sink) {
        Subscription subscription = new Subscription(topic, sink);
        topics.compute(topic, (name, there) -> {
            Set<Subscription> all = there == null ? ConcurrentHashMap.newKeySet() : there;
            all.add(subscription);
            return all;
        });
        subscribed.run();
        if (closed) {
            subscription.close();
            throw new StoreException.Closed(false);
        }
        return subscription;
    }

    @Override
    public long dropped() {
        return dropped.sum();
    }

    // Sending

    private void sendLoop() {
        while (!closed) {
            try (Connection connection = dedicated.connect()) {
                sending = connection;
                connection.setAutoCommit(true);
                try (Statement statement = connection.createStatement()) {
                    statement.execute("set synchronous_commit = off");
                }
                while (!closed) {
                    List<String> notifications = next();
                    long began = System.nanoTime();
                    if (othersListen.getAsBoolean()) {
                        send(connection, notifications);
                    }
                    TimeUnit.NANOSECONDS.sleep(began + BETWEEN - System.nanoTime());
                }
            } catch (InterruptedException ended) {
                return;
            } catch (SQLException | StoreException failure) {
                LOG.debug("broadcasts are dropped until the server is back", failure);
                dropAll();
            } finally {
                sending = null;
            }
            if (!closed && !Threads.sleep(RETRY)) {
                return;
            }
        }
    }

    /** Waits for something to send, and packs as much of it as one transaction takes. */
    private List<String> next() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (queue.isEmpty()) {
                work.await();
            }
            List<String> notifications = new ArrayList<>();
            while (!queue.isEmpty() && notifications.size() < NOTIFICATIONS) {
                ByteArrayOutputStream packed = new ByteArrayOutputStream(ENVELOPE);
                // The number keeps PostgreSQL from taking two that say the same for one.
                packed.writeBytes(ByteBuffer.allocate(Long.BYTES + Integer.BYTES).putLong(node).putInt(number++).array());
                while (!queue.isEmpty() && packed.size() + queue.peek().length <= ENVELOPE) {
                    byte[] each = queue.remove();
                    queued -= each.length;
                    packed.writeBytes(each);
                }
                notifications.add(Base64.getEncoder().encodeToString(packed.toByteArray()));
            }
            return notifications;
        } finally {
            lock.unlock();
        }
    }

    private void send(Connection connection, List<String> notifications) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("select pg_notify(?, payload) from unnest(?::text[]) as payload")) {
            statement.setString(1, channel);
            statement.setArray(2, connection.createArrayOf("text", notifications.toArray()));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    rows.getObject(1);
                }
            }
        }
    }

    private void dropAll() {
        lock.lock();
        try {
            dropped.add(queue.size());
            queue = new ArrayDeque<>();
            queued = 0;
        } finally {
            lock.unlock();
        }
    }

    // Receiving

    /** A notification of this channel, on the thread that listens. */
    void received(String notification) {
        ByteBuffer packed = ByteBuffer.wrap(Base64.getDecoder().decode(notification));
        if (packed.getLong() == node) {
            return;
        }
        packed.getInt();
        while (packed.hasRemaining()) {
            byte[] topic = new byte[packed.getShort()];
            packed.get(topic);
            byte[] payload = new byte[packed.getShort()];
            packed.get(payload);
            deliver(new String(topic, StandardCharsets.UTF_8), Payload.wrap(payload));
        }
    }

    private void deliver(String topic, Payload payload) {
        Set<Subscription> subscriptions = topics.get(topic);
        if (subscriptions != null) {
            subscriptions.forEach(subscription -> subscription.offer(payload));
        }
    }

    /** A sink with a queue before it, so that none waits for another. */
    private final class Subscription implements AutoCloseable {
        private final String topic;
        private final Consumer<Payload> sink;
        private final ReentrantLock gate = new ReentrantLock();
        private final ReentrantLock running = new ReentrantLock();
        private final ArrayDeque<Payload> waiting = new ArrayDeque<>();
        private boolean draining;
        private volatile boolean ended;

        Subscription(String topic, Consumer<Payload> sink) {
            this.topic = topic;
            this.sink = sink;
        }

        void offer(Payload payload) {
            gate.lock();
            try {
                if (waiting.size() == SINK_QUEUE) {
                    waiting.remove();
                    dropped.increment();
                }
                waiting.add(payload);
                if (draining || ended) {
                    return;
                }
                draining = true;
            } finally {
                gate.unlock();
            }
            Threads.run(this::drain);
        }

        private void drain() {
            for (Payload next = next(); next != null; next = next()) {
                running.lock();
                try {
                    if (!ended) {
                        sink.accept(next);
                    }
                } catch (RuntimeException broken) {
                    LOG.warn("a subscriber of topic {} failed", topic, broken);
                } finally {
                    running.unlock();
                }
            }
        }

        private @Nullable Payload next() {
            gate.lock();
            try {
                Payload next = waiting.poll();
                draining = next != null;
                return next;
            } finally {
                gate.unlock();
            }
        }

        @Override
        public void close() {
            ended = true;
            topics.computeIfPresent(topic, (name, all) -> {
                all.remove(this);
                return all.isEmpty() ? null : all;
            });
            if (!running.isHeldByCurrentThread()) {
                awaitSink();
            }
        }

        /** No call after it returned (X6), unless the sink takes longer than a second. */
        private void awaitSink() {
            try {
                if (running.tryLock(1, TimeUnit.SECONDS)) {
                    running.unlock();
                } else {
                    LOG.warn("a subscriber of topic {} has not returned within a second", topic);
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        closed = true;
        Thread running;
        lock.lock();
        try {
            work.signalAll();
            running = sender;
        } finally {
            lock.unlock();
        }
        topics.values().forEach(subscriptions -> subscriptions.forEach(Subscription::close));
        Threads.end(running);
        Connection connection = sending;
        if (connection != null) {
            try {
                connection.abort(Runnable::run);
            } catch (SQLException broken) {
                LOG.debug("the connection for broadcasts broke while it was aborted", broken);
            }
        }
    }
}
