package dev.moitessier.store.memory;

import dev.moitessier.store.Payload;
import dev.moitessier.store.parts.Gate;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The volatile lane of a space (X1 to X7): each subscription has a bounded queue of its own, emptied by at most one of a few daemon
 * threads at a time, so its sink's calls are serial and a slow sink delays and loses only its own.
 */
final class Lane {
    static final int QUEUE = 1_024;

    private static final Logger log = LoggerFactory.getLogger(MemoryStore.class);
    private static final int TURN = 256;

    private final ConcurrentHashMap<String, Subscription[]> byTopic = new ConcurrentHashMap<>();
    private final Executor executor = threads();

    void publish(String topic, Payload payload) {
        Subscription[] subscribed = byTopic.get(topic);
        if (subscribed != null) {
            for (Subscription subscription : subscribed) {
                subscription.offer(payload);
            }
        }
    }

    Subscription subscribe(String topic, Consumer<Payload> sink, LongAdder dropped) {
        Subscription subscription = new Subscription(topic, sink, dropped);
        byTopic.merge(topic, new Subscription[] {subscription}, Lane::join);
        return subscription;
    }

    private static Subscription[] join(Subscription[] subscribed, Subscription[] added) {
        Subscription[] joined = Arrays.copyOf(subscribed, subscribed.length + 1);
        joined[subscribed.length] = added[0];
        return joined;
    }

    private static Executor threads() {
        int most = Math.max(4, Runtime.getRuntime().availableProcessors());
        ThreadFactory daemons = task -> {
            Thread thread = new Thread(task, "moitessier-memory-lane");
            thread.setDaemon(true);
            return thread;
        };
        ThreadPoolExecutor threads =
                new ThreadPoolExecutor(most, most, 5, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), daemons);
        threads.allowCoreThreadTimeOut(true);
        return threads;
    }

    final class Subscription implements AutoCloseable, Runnable {
        private final String topic;
        private final Consumer<Payload> sink;
        private final LongAdder dropped;
        private final Gate gate = new Gate();
        private final ReentrantLock lock = new ReentrantLock();
        private final ArrayDeque<Payload> queue = new ArrayDeque<>();
        private boolean scheduled;
        private volatile @Nullable Thread calling;

        Subscription(String topic, Consumer<Payload> sink, LongAdder dropped) {
            this.topic = topic;
            this.sink = sink;
            this.dropped = dropped;
        }

        void offer(Payload payload) {
            boolean schedule;
            lock.lock();
            try {
                if (queue.size() == QUEUE) {
                    queue.removeFirst();
                    dropped.increment();
                }
                queue.addLast(payload);
                schedule = !scheduled;
                scheduled = true;
            } finally {
                lock.unlock();
            }
            if (schedule) {
                executor.execute(this);
            }
        }

        @Override
        public void run() {
            for (int turn = 0; turn < TURN; turn++) {
                Payload payload = poll();
                if (payload == null) {
                    return;
                }
                call(payload);
            }
            executor.execute(this); // others have their turn first
        }

        /** No call begins after this; waits for one under way, unless that is what closes it. */
        @Override
        @SuppressWarnings("ReferenceEquality") // this very thread
        public void close() {
            byTopic.computeIfPresent(topic, (name, subscribed) -> without(subscribed));
            if (calling == Thread.currentThread()) {
                gate.shutWithin();
            } else {
                gate.shut();
            }
        }

        private @Nullable Payload poll() {
            lock.lock();
            try {
                if (gate.isShut()) {
                    queue.clear();
                }
                Payload payload = queue.pollFirst();
                scheduled = payload != null;
                return payload;
            } finally {
                lock.unlock();
            }
        }

        private void call(Payload payload) {
            if (!gate.enter()) {
                return;
            }
            calling = Thread.currentThread();
            try {
                sink.accept(payload);
            } catch (RuntimeException e) {
                log.warn("A subscriber of the volatile lane failed; it goes on with the next payload", e);
            } finally {
                calling = null;
                gate.leave();
            }
        }

        private Subscription @Nullable [] without(Subscription[] subscribed) {
            Subscription[] left = Arrays.stream(subscribed)
                    .filter(subscription -> subscription != this)
                    .toArray(Subscription[]::new);
            return left.length == 0 ? null : left;
        }
    }
}
