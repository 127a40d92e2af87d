package dev.moitessier.yomo;

import java.time.Duration;
import java.util.Objects;

/**
 * What functions and sources have in common. Not safe for use by several threads.
 *
 * @param <B> the builder's own type
 */
public abstract sealed class ZipperBuilder<B extends ZipperBuilder<B>> permits StreamFunction.Builder, Source.Builder {
    private final String name;
    private ZipperAddress zipper = ZipperAddress.parse("localhost:9000");
    private String credential = "";
    private ZipperTls tls = ZipperTls.verified();
    private int mostFrameBytes = 4 << 20;
    private int queueFrames = 10_000;
    private long queueBytes = 64 << 20;
    private Overflow overflow = Overflow.DROP_OLDEST;
    private Duration answerTimeout = Duration.ofSeconds(3);
    private Duration leastPause = Duration.ofMillis(100);
    private Duration mostPause = Duration.ofSeconds(10);
    private Duration closeTimeout = Duration.ofSeconds(5);
    String target = "";

    ZipperBuilder(String name) {
        if (name.isBlank()) {
            throw new IllegalArgumentException("a client of a zipper has a name");
        }
        this.name = name;
    }

    abstract B self();

    /**
     * Where the zipper listens, as {@code host:port}; without a port 9000, without a host localhost. Resolved anew at each
     * attempt; the default is localhost:9000.
     *
     * @throws IllegalArgumentException if it is no address
     */
    public B zipper(String address) {
        zipper = ZipperAddress.parse(address);
        return self();
    }

    /** What the zipper asks for, as {@code name:payload}, such as {@code token:s3cr3t}; none by default. Never logged. */
    public B credential(String credential) {
        this.credential = Objects.requireNonNull(credential);
        return self();
    }

    /** Verified by default, see {@link ZipperTls}. */
    public B tls(ZipperTls tls) {
        this.tls = Objects.requireNonNull(tls);
        return self();
    }

    /** The longest frame that is taken or written, all of it, in bytes; 4 MiB by default. A zipper has no limit. */
    public B mostFrameBytes(int bytes) {
        mostFrameBytes = atLeast(1024, bytes, "mostFrameBytes");
        return self();
    }

    /**
     * How much may wait to be sent, while the zipper is away or slow; 10,000 frames and 64 MiB by default. What happens then
     * is said by {@link #overflow}.
     */
    public B queue(int frames, long bytes) {
        queueFrames = atLeast(1, frames, "frames of a queue");
        if (bytes < 1024) {
            throw new IllegalArgumentException("bytes of a queue must be 1024 at least, not " + bytes);
        }
        queueBytes = bytes;
        return self();
    }

    /** What a write does when the queue is full; {@link Overflow#DROP_OLDEST} by default. */
    public B overflow(Overflow overflow) {
        this.overflow = Objects.requireNonNull(overflow);
        return self();
    }

    /** How long one attempt to connect may take, to the zipper's answer; 3 s by default. */
    public B answerTimeout(Duration timeout) {
        answerTimeout = positive(timeout, "answerTimeout");
        return self();
    }

    /**
     * The pause before a lost connection is made anew: it doubles from the least to the most, of which a random half to the
     * whole is waited; 100 ms to 10 s by default.
     */
    public B pauses(Duration least, Duration most) {
        positive(least, "least pause");
        if (most.compareTo(least) < 0) {
            throw new IllegalArgumentException("the most pause, " + most + ", is less than the least, " + least);
        }
        leastPause = least;
        mostPause = most;
        return self();
    }

    /** How long {@code close()} waits for handlers, and for what they and others have written; 5 s by default. */
    public B closeTimeout(Duration timeout) {
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("closeTimeout must not be negative, as " + timeout);
        }
        closeTimeout = timeout;
        return self();
    }

    ZipperSettings settings(byte clientType, int[] observedTags) {
        return new ZipperSettings(
                name,
                clientType,
                observedTags,
                target,
                zipper,
                credential,
                tls,
                mostFrameBytes,
                queueFrames,
                queueBytes,
                overflow,
                answerTimeout,
                leastPause,
                mostPause,
                closeTimeout);
    }

    private static int atLeast(int least, int value, String what) {
        if (value < least) {
            throw new IllegalArgumentException(what + " must be " + least + " at least, not " + value);
        }
        return value;
    }

    private static Duration positive(Duration value, String what) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(what + " must be positive, not " + value);
        }
        return value;
    }
}
