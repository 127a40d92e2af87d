package dev.moitessier.store;

import java.util.function.Consumer;

/** Lossy broadcast between live processes; correctness never needs it. */
public interface Broadcaster {
    /** Largest payload; a larger one is {@code Rejected}. */
    int maxBytes();
    /** Never blocks; false: dropped (bounded queue full, or the store is away). */
    boolean publish(String topic, Payload payload);
    /** Calls are serial per topic and must return at once; a slow sink loses the oldest, counted. */
    AutoCloseable subscribe(String topic, Consumer<Payload> sink);
}
