package dev.moitessier;

import java.time.Duration;
import java.util.UUID;

/** One session of this node, from its opening to its end. */
final class LiveSession implements Session {
    private final UUID id = Ids.random();
    private final TimeSource time;
    private final Duration lease;
    private final long leaseNanos;

    private volatile long renewed;
    private volatile boolean ended;

    LiveSession(TimeSource time, Duration lease) {
        this.time = time;
        this.lease = lease;
        this.leaseNanos = Durations.nanos(lease);
        this.renewed = time.nanos();
    }

    @Override
    public UUID id() {
        return id;
    }

    @Override
    public Duration lease() {
        return lease;
    }

    @Override
    public boolean valid() {
        return !ended && time.nanos() - renewed < leaseNanos;
    }

    /** A heartbeat sent at this time was answered. */
    void renewed(long sent) {
        renewed = sent;
    }

    void ended() {
        ended = true;
    }

    @Override
    public String toString() {
        return id.toString();
    }
}
