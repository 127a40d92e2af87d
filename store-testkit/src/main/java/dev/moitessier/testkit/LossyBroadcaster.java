package dev.moitessier.testkit;

import dev.moitessier.store.Broadcaster;
import dev.moitessier.store.Payload;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * A volatile lane at its worst, for tests of whatever uses one (X7): on the way to each subscriber it drops 30 % of what it is
 * given, doubles 10 % and lets later payloads overtake earlier ones. Users must converge all the same. Thread-safe.
 */
public final class LossyBroadcaster implements Broadcaster {
    private static final double DROPPED = 0.3;
    private static final double DOUBLED = 0.1;
    /** At most so many payloads wait to be overtaken. */
    private static final int HELD_BACK = 3;

    private final Broadcaster lane;
    private final long seed;
    private final AtomicLong subscriptions = new AtomicLong();
    private final AtomicLong lost = new AtomicLong();

    /** Spoils this lane; the same seed spoils the same payloads of a subscription. */
    public LossyBroadcaster(Broadcaster lane, long seed) {
        this.lane = lane;
        this.seed = seed;
    }

    @Override
    public int maxBytes() {
        return lane.maxBytes();
    }

    @Override
    public boolean publish(String topic, Payload payload) {
        return lane.publish(topic, payload);
    }

    @Override
    public AutoCloseable subscribe(String topic, Consumer<Payload> sink) {
        return lane.subscribe(topic, new Spoiled(sink, new Random(seed + subscriptions.incrementAndGet())));
    }

    @Override
    public long dropped() {
        return lane.dropped() + lost.get();
    }

    private final class Spoiled implements Consumer<Payload> {
        private final Consumer<Payload> sink;
        private final Random random;
        private final Deque<Payload> waiting = new ArrayDeque<>();
        private final ReentrantLock lock = new ReentrantLock();

        Spoiled(Consumer<Payload> sink, Random random) {
            this.sink = sink;
            this.random = random;
        }

        @Override
        public void accept(Payload payload) {
            lock.lock();
            try {
                if (random.nextDouble() < DROPPED) {
                    lost.incrementAndGet();
                    return;
                }
                offer(payload);
                if (random.nextDouble() < DOUBLED) {
                    offer(payload);
                }
                while (waiting.size() > HELD_BACK || (!waiting.isEmpty() && random.nextBoolean())) {
                    sink.accept(random.nextBoolean() ? waiting.removeFirst() : waiting.removeLast());
                }
            } finally {
                lock.unlock();
            }
        }

        private void offer(Payload payload) {
            waiting.addLast(payload);
        }
    }
}
