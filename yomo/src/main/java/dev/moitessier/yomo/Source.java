package dev.moitessier.yomo;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;

/**
 * Writes data to a zipper, which hands it to every function that observes its tag. Safe for use by several threads; what one
 * thread writes arrives in order, once or not at all.
 *
 * <p>A write waits for nothing: it goes into a bounded queue, also while the zipper is away. See {@link Overflow}.
 */
public final class Source implements AutoCloseable {
    private final ZipperSettings settings;
    private final ZipperClient client;

    private Source(Builder builder) {
        this.settings = builder.settings(ZipperSettings.SOURCE, new int[0]);
        this.client = new ZipperClient(settings, unasked -> {});
    }

    /** The name is what a zipper logs. */
    public static Builder builder(String name) {
        return new Builder(name);
    }

    /**
     * Writes to all functions that observe the tag. The array is not kept.
     *
     * @param tag as an unsigned int
     * @throws IllegalArgumentException if the frame would be too long, or the tag is one of the zipper's own, 0xF000 to 0xFFFF
     * @throws ZipperException.NotWritten if this source is closed or rejected, or its queue is full and {@link Overflow#FAIL}
     * @throws ZipperException.Interrupted with {@link Overflow#WAIT}
     */
    public void write(int tag, byte[] data) {
        client.write(tag, metadata(""), data);
    }

    /** As {@link #write(int, byte[])}, to those of them that want this target. */
    public void write(int tag, byte[] data, String target) {
        client.write(tag, metadata(Objects.requireNonNull(target)), data);
    }

    private byte[] metadata(String target) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put(Metadata.SOURCE_ID, client.id());
        metadata.put(Metadata.TRANSACTION_ID, ZipperClient.randomId());
        if (!target.isEmpty()) {
            metadata.put(Metadata.TARGET, target);
        }
        return Metadata.encode(metadata);
    }

    /** Whether the zipper has accepted this source and has not been lost since. */
    public boolean connected() {
        return client.connected();
    }

    /** Since it was built. */
    public Traffic traffic() {
        return client.traffic(0, 0, 0);
    }

    /** Ends when the source is closed; with {@link ZipperException.Rejected} when the zipper has rejected it. */
    public CompletionStage<Void> ended() {
        return client.ended();
    }

    /**
     * Sends what was written, as long as {@link ZipperBuilder#closeTimeout} allows and the zipper is there, and goes. Never
     * throws.
     */
    @Override
    public void close() {
        client.close(settings.closeTimeout());
    }

    /** Not safe for use by several threads. */
    public static final class Builder extends ZipperBuilder<Builder> {
        private Builder(String name) {
            super(name);
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * Connects, and returns when the zipper has accepted. Later it comes back by itself whenever the connection is lost.
         *
         * @throws IllegalArgumentException if a file of TLS cannot be used
         * @throws IllegalStateException if the native part of QUIC for this platform is not on the class path
         * @throws ZipperException if it was rejected, or none of the zipper's addresses answered
         */
        public Source connect() {
            Source source = new Source(this);
            source.client.connect();
            return source;
        }

        /** Returns at once; connects in the background, for as long as it takes. Throws as {@link #connect}, but never waits. */
        public Source start() {
            Source source = new Source(this);
            source.client.start();
            return source;
        }
    }
}
