package dev.moitessier;

import dev.moitessier.store.Broadcaster;
import dev.moitessier.store.Payload;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** The volatile lane as the store has it (X1 to X7). */
record StoreLane(Broadcaster broadcaster) implements VolatileLane {
    @Override
    public int maxBytes() {
        return broadcaster.maxBytes();
    }

    @Override
    public boolean publish(String topic, byte[] payload) {
        if (payload.length > maxBytes()) {
            throw new IllegalArgumentException("the volatile lane carries at most " + maxBytes()
                    + " bytes at once, this payload has " + payload.length);
        }
        return broadcaster.publish(topic, Payload.wrap(payload.clone()));
    }

    @Override
    public AutoCloseable subscribe(String topic, Consumer<ByteBuffer> sink) {
        return broadcaster.subscribe(topic, payload -> sink.accept(payload.view()));
    }
}
