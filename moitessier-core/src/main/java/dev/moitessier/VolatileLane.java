package dev.moitessier;

import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** Lossy broadcast between live nodes: what it carries may be lost, late, repeated or reordered. Thread-safe, never blocks. */
public interface VolatileLane {
    /** The largest payload in bytes. */
    int maxBytes();

    /**
     * Sends to whoever subscribes to the topic on other nodes now, and perhaps to this node. The payload is copied.
     *
     * @return false if it was dropped: a bounded queue is full or the store is away
     * @throws IllegalArgumentException if the payload is larger than {@link #maxBytes}
     */
    boolean publish(String topic, byte[] payload);

    /** Calls are serial per topic and must return at once; a slow sink loses the oldest. Closing what is returned ends it. */
    AutoCloseable subscribe(String topic, Consumer<ByteBuffer> sink);
}
