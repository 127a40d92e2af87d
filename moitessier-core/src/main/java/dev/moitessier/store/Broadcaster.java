package dev.moitessier.store;

import java.util.function.Consumer;

/** Lossy broadcast between live processes; correctness never needs it (X1 to X7). Thread-safe. */
public interface Broadcaster {
    /** Largest payload in bytes; a larger one is {@link StoreException.Rejected}. */
    int maxBytes();

    /**
     * Hands a payload to whoever is subscribed to the topic now, in any process. Never blocks.
     *
     * @return false: dropped (bounded queue full, or the store is away or closed)
     * @throws StoreException.Rejected if the payload is larger than {@link #maxBytes()}, or the topic is not a legal scope name (N1)
     */
    boolean publish(String topic, Payload payload);

    /**
     * Calls the sink for what is published to the topic from now on. Calls are serial and must return at once; a slow sink loses
     * the oldest, counted in {@link #dropped()}.
     *
     * @return ends the subscription; no call begins after its {@code close} has returned (X6)
     */
    AutoCloseable subscribe(String topic, Consumer<Payload> sink);

    /** How many payloads this store has dropped so far, for a full queue or an outage. */
    long dropped();
}
