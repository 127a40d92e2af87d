package dev.moitessier.store.redis;

import dev.moitessier.store.Broadcaster;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Payload;
import dev.moitessier.store.StoreException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The volatile lane over pub/sub: a channel for each topic, one thread that publishes in pipelines. Nothing is stored, and while the
 * server is away what is published is dropped for others (X5). Subscribers of this process hear it directly.
 */
final class Lane implements Broadcaster, Channels.Receiver, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Lane.class);
    static final int MAX_BYTES = 256 << 10;

    private static final int QUEUE_BYTES = 4 << 20;
    private static final int SINK_QUEUE = 1_024;
    private static final int PIPELINE = 256;

    private final Shards shards;
    private final Channels channels;
    private final Capabilities capabilities;
    private final Map<String, Set<Subscription>> topics = new ConcurrentHashMap<>();
    private final LongAdder dropped = new LongAdder();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final ArrayDeque<Call> queue = new ArrayDeque<>();
    private long queued;
    private @Nullable Thread sender;
    private volatile boolean closed;

    Lane(Shards shards, Channels channels, Capabilities capabilities) {
        this.shards = shards;
        this.channels = channels;
        this.capabilities = capabilities;
        channels.receiver(Channels.Kind.LANE, this);
    }

    @Override
    public int maxBytes() {
        return MAX_BYTES;
    }

    @Override
    public boolean publish(String topic, Payload payload) {
        capabilities.checkScope(topic);
        if (payload.size() > MAX_BYTES) {
            throw new StoreException.Rejected("a broadcast of " + payload.size() + " bytes; the limit is " + MAX_BYTES);
        }
        if (closed) {
            dropped.increment();
            return false;
        }
        deliver(topic, payload);
        Scope name = Scope.of(topic);
        Call call = Call.of(name.shard(), channels.publishCommand())
                .key(channels.channel(Channels.Kind.LANE, name))
                .arg(Keys.join(channels.origin(), Contents.bytes(payload)));
        lock.lock();
        try {
            if (queued + call.bytes() > QUEUE_BYTES) {
                dropped.increment();
                return false;
            }
            queue.add(call);
            queued += call.bytes();
            if (sender == null && !closed) {
                sender = Threads.daemon("moitessier-redis-broadcast", this::sendLoop);
            }
            work.signal();
        } finally {
            lock.unlock();
        }
        return true;
    }

    @Override
    public AutoCloseable subscribe(String topic, Consumer<Payload> sink) {
        capabilities.checkScope(topic);
        Subscription subscription = new Subscription(topic, sink);
        topics.compute(topic, (name, there) -> {
            Set<Subscription> all = there == null ? ConcurrentHashMap.newKeySet() : there;
            all.add(subscription);
            return all;
        });
        channels.want(Channels.Kind.LANE, topic, () -> {});
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
            try {
                for (Outcome outcome : shards.all("broadcast", true, false, next())) {
                    if (outcome.failure() != null) {
                        dropped.increment();
                    }
                }
            } catch (InterruptedException ended) {
                return;
            } catch (StoreException failure) {
                LOG.debug("broadcasts are dropped until the server is back", failure);
            }
        }
    }

    private List<Call> next() throws InterruptedException {
        lock.lockInterruptibly();
        try {
            while (queue.isEmpty()) {
                work.await();
            }
            List<Call> calls = new ArrayList<>();
            while (!queue.isEmpty() && calls.size() < PIPELINE) {
                Call call = queue.remove();
                queued -= call.bytes();
                calls.add(call);
            }
            return calls;
        } finally {
            lock.unlock();
        }
    }

    // Receiving

    @Override
    public void effective(String topic) {
        // What was published before is lost, which the lane may do.
    }

    @Override
    public void connected() {
        // As above.
    }

    @Override
    public void received(String topic, byte[] payload) {
        int origin = channels.origin().length;
        if (!Arrays.equals(payload, 0, origin, channels.origin(), 0, origin)) {
            deliver(topic, Payload.wrap(Arrays.copyOfRange(payload, origin, payload.length)));
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
            if (!leave()) {
                return;
            }
            channels.release(Channels.Kind.LANE, topic);
            if (!running.isHeldByCurrentThread()) {
                awaitSink();
            }
        }

        /** False: it has left already. */
        private boolean leave() {
            gate.lock();
            try {
                if (ended) {
                    return false;
                }
                ended = true;
            } finally {
                gate.unlock();
            }
            topics.computeIfPresent(topic, (name, all) -> {
                all.remove(this);
                return all.isEmpty() ? null : all;
            });
            return true;
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
            running = sender;
        } finally {
            lock.unlock();
        }
        topics.values().forEach(subscriptions -> subscriptions.forEach(Subscription::close));
        Threads.end(running);
    }
}
