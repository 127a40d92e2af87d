package dev.moitessier.store.memory;

import dev.moitessier.store.Broadcaster;
import dev.moitessier.store.Payload;
import dev.moitessier.store.StoreException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/** One store's view of the space's volatile lane. */
final class MemoryBroadcaster implements Broadcaster, AutoCloseable {
    private static final int MAX_BYTES = 64 * 1_024;

    private final Lane lane;
    private final Set<Lane.Subscription> subscriptions = ConcurrentHashMap.newKeySet();
    private final LongAdder dropped = new LongAdder();
    private volatile boolean closed;

    MemoryBroadcaster(Lane lane) {
        this.lane = lane;
    }

    @Override
    public int maxBytes() {
        return MAX_BYTES;
    }

    @Override
    public boolean publish(String topic, Payload payload) {
        if (payload.size() > MAX_BYTES) {
            throw new StoreException.Rejected("broadcast of " + payload.size() + " bytes; the limit is " + MAX_BYTES);
        }
        if (closed) {
            dropped.increment();
            return false;
        }
        lane.publish(topic, payload);
        return true;
    }

    @Override
    public AutoCloseable subscribe(String topic, Consumer<Payload> sink) {
        Lane.Subscription subscription = lane.subscribe(topic, sink, dropped);
        subscriptions.add(subscription);
        if (closed) {
            end(subscription);
            throw new StoreException.Closed(false);
        }
        return () -> end(subscription);
    }

    @Override
    public long dropped() {
        return dropped.sum();
    }

    @Override
    public void close() {
        closed = true;
        subscriptions.forEach(this::end);
    }

    private void end(Lane.Subscription subscription) {
        subscription.close();
        subscriptions.remove(subscription);
    }
}
