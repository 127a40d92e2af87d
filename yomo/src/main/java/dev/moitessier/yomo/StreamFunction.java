package dev.moitessier.yomo;

import dev.moitessier.psig.MalformedMessageException;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.ServerlessContext;
import dev.moitessier.psig.ServerlessFunction;
import dev.moitessier.psig.Signalling;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stateful function on a zipper: observes tags, is called for each data frame under one of them, and answers with others,
 * which carry the metadata of the frame that they answer. Safe for use by several threads.
 *
 * <p>Every function that observes a tag gets each frame under it; a zipper shares no work out, also not among functions of
 * one name. A frame is delivered once or not at all.
 *
 * <p>The handler is never called on the event loop: on a virtual thread where the JDK has them, else on one of 64. Messages of
 * one channel of Presencejs come one after the other, in order; see {@link Builder#serialBy}. What it throws is logged and
 * counted, and ends nothing.
 */
public final class StreamFunction implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StreamFunction.class);

    private final ZipperSettings settings;
    private final ServerlessFunction handler;
    private final Function<? super ServerlessContext, ?> serialBy;
    private final ExecutorService ownExecutor;
    private final Lanes lanes;
    private final ZipperClient client;
    private final LongAdder dropped = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private final LongAdder malformed = new LongAdder();
    private volatile boolean closing;

    private StreamFunction(Builder builder, ServerlessFunction handler) {
        int[] tags = builder.tags.stream().mapToInt(Integer::intValue).toArray();
        this.settings = builder.settings(ZipperSettings.STREAM_FUNCTION, tags);
        this.handler = handler;
        this.serialBy = builder.serialBy;
        this.client = new ZipperClient(settings, this::received);
        this.ownExecutor = Threads.handlers(settings.name());
        Executor executor = builder.executor;
        this.lanes = new Lanes(executor == null ? ownExecutor : executor, builder.waitingFrames, builder.waitingBytes);
    }

    /** The name is what a zipper logs, and what answers to Presencejs come from. */
    public static Builder builder(String name) {
        return new Builder(name);
    }

    /** Whether the zipper has accepted this function and has not been lost since. */
    public boolean connected() {
        return client.connected();
    }

    /** Since it was built. */
    public Traffic traffic() {
        return client.traffic(dropped.sum(), failures.sum(), malformed.sum());
    }

    /**
     * Ends when the function is closed; with {@link ZipperException.Rejected} when the zipper has rejected it, at once or when
     * it came back after a loss.
     */
    public CompletionStage<Void> ended() {
        return client.ended();
    }

    /**
     * Takes no more frames, lets the handler finish what has come, sends what it has written, and goes; each as long as
     * {@link ZipperBuilder#closeTimeout} allows. From inside the handler it does not wait for the handler. Never throws.
     */
    @Override
    public void close() {
        closing = true;
        long until = System.nanoTime() + settings.closeTimeout().toNanos();
        if (!lanes.isInside()) {
            awaitHandlers(settings.closeTimeout().toNanos());
        }
        client.close(java.time.Duration.ofNanos(Math.max(0, until - System.nanoTime())));
        if (!Threads.areVirtual()) {
            ownExecutor.shutdown();
        }
    }

    private void awaitHandlers(long nanos) {
        boolean idle = false;
        try {
            idle = lanes.awaitIdle(nanos);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        if (!idle) {
            int left = lanes.abandon();
            dropped.add(left);
            LOG.warn("{}: closed before its handler had finished, {} frames were not handled", settings.name(), left);
        }
    }

    // ---- a frame

    /** On the event loop. */
    private void received(Frame.Data data) {
        if (closing) {
            dropped.increment();
            return;
        }
        Map<String, String> metadata;
        try {
            metadata = Metadata.decode(data.metadata());
        } catch (ZipperException.MalformedFrame unreadable) {
            malformed.increment();
            LOG.warn(
                    "{}: a data frame under tag 0x{}: {}",
                    settings.name(),
                    Integer.toHexString(data.tag()),
                    unreadable.getMessage());
            return;
        }
        Call call = new Call(data, metadata);
        Object lane;
        try {
            lane = serialBy.apply(call);
        } catch (RuntimeException failure) {
            failed(call, failure);
            return;
        }
        int size = data.payload().length + data.metadata().length;
        if (!lanes.submit(lane == null ? call : lane, size, call)) {
            dropped.increment();
        }
    }

    private void failed(Call call, Throwable failure) {
        failures.increment();
        if (failure instanceof InterruptedException) {
            Thread.currentThread().interrupt();
        }
        LOG.warn(
                "{}: the handler failed on a frame under tag 0x{}",
                settings.name(),
                Integer.toHexString(call.tag()),
                failure);
    }

    /** A message's channel; what is no message goes by its tag. */
    private static Object channelOrTag(ServerlessContext context) {
        if (context.tag() == Psig.TAG_FROM_PRSCD || context.tag() == Psig.TAG_FROM_BACKEND) {
            try {
                return Signalling.decode(context.data()).channel();
            } catch (MalformedMessageException noMessage) {
                return context.tag();
            }
        }
        return context.tag();
    }

    /** What a write sends along: all but the target, which was that of this one frame (Go since v1.17.4). */
    private static byte[] forwarded(Frame.Data data, Map<String, String> metadata) {
        if (!metadata.containsKey(Metadata.TARGET)) {
            return data.metadata();
        }
        Map<String, String> others = new LinkedHashMap<>(metadata);
        others.remove(Metadata.TARGET);
        return Metadata.encode(others);
    }

    private final class Call implements ServerlessContext, Runnable {
        private final Frame.Data data;
        private final Map<String, String> metadata;

        Call(Frame.Data data, Map<String, String> metadata) {
            this.data = data;
            this.metadata = metadata;
        }

        @Override
        public byte[] data() {
            return data.payload();
        }

        @Override
        public int tag() {
            return data.tag();
        }

        @Override
        public void write(int tag, byte[] payload) {
            client.write(tag, forwarded(data, metadata), payload);
        }

        @Override
        public Map<String, String> metadata() {
            return metadata;
        }

        @Override
        public void run() {
            try {
                handler.handle(this);
            } catch (Throwable failure) {
                failed(this, failure);
            }
        }
    }

    /** Not safe for use by several threads. */
    public static final class Builder extends ZipperBuilder<Builder> {
        private final Set<Integer> tags = new LinkedHashSet<>();
        private @Nullable ServerlessFunction handler;
        private Function<? super ServerlessContext, ?> serialBy = StreamFunction::channelOrTag;
        private @Nullable Executor executor;
        private int waitingFrames = 10_000;
        private long waitingBytes = 64 << 20;

        private Builder(String name) {
            super(name);
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * The tags whose frames this function gets, added to those given before. 0x20 is what prscd nodes say.
         *
         * @throws IllegalArgumentException for 0x21, the tag of answers to prscd: a function that observes it hears itself
         */
        public Builder observe(int... tags) {
            for (int tag : tags) {
                if (tag == Psig.TAG_FROM_BACKEND) {
                    throw new IllegalArgumentException(
                            "0x21 carries the answers of functions: one that observes it answers itself for ever");
                }
                this.tags.add(tag);
            }
            return this;
        }

        /** What is called for each frame. A {@code PrscdFunction} becomes one by {@code named(functionName)}. */
        public Builder handler(ServerlessFunction handler) {
            this.handler = Objects.requireNonNull(handler);
            return this;
        }

        /** Frames that carry a target come only to functions that want it; frames without one come to all. */
        public Builder target(String target) {
            this.target = Objects.requireNonNull(target);
            return this;
        }

        /**
         * Frames for which this answers equal objects are handled one after the other, in order; null: beside all others.
         * By default the channel of a message of Presencejs, and the tag of anything else. Called on the event loop: must not
         * block.
         */
        public Builder serialBy(Function<? super ServerlessContext, ?> key) {
            this.serialBy = Objects.requireNonNull(key);
            return this;
        }

        /** Where the handler runs, instead of a virtual thread or one of 64. Not shut down by {@link #close}. */
        public Builder executor(Executor executor) {
            this.executor = Objects.requireNonNull(executor);
            return this;
        }

        /**
         * How much may wait for the handler; 10,000 frames and 64 MiB by default. More is dropped when it comes, and counted:
         * a zipper writes to one function after the other, so one that stopped reading would stop them all.
         */
        public Builder waiting(int frames, long bytes) {
            if (frames < 1 || bytes < 1024) {
                throw new IllegalArgumentException(
                        "one frame and 1024 bytes at least must be able to wait, not " + frames + " and " + bytes);
            }
            waitingFrames = frames;
            waitingBytes = bytes;
            return this;
        }

        /**
         * Connects, and returns when the zipper has accepted. Later it comes back by itself whenever the connection is lost.
         *
         * @throws IllegalArgumentException if no tag or no handler was given, or a file of TLS cannot be used
         * @throws IllegalStateException if the native part of QUIC for this platform is not on the class path
         * @throws ZipperException if it was rejected, or none of the zipper's addresses answered
         */
        public StreamFunction connect() {
            StreamFunction function = build();
            function.client.connect();
            return function;
        }

        /**
         * Returns at once; connects in the background, for as long as it takes.
         *
         * @throws IllegalArgumentException as {@link #connect}
         * @throws IllegalStateException as {@link #connect}
         */
        public StreamFunction start() {
            StreamFunction function = build();
            function.client.start();
            return function;
        }

        private StreamFunction build() {
            ServerlessFunction handler = this.handler;
            if (tags.isEmpty() || handler == null) {
                throw new IllegalArgumentException("a function needs a tag to observe and a handler");
            }
            return new StreamFunction(this, handler);
        }
    }
}
