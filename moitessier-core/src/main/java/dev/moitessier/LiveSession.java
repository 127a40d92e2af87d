package dev.moitessier;

import java.time.Duration;
import java.util.UUID;

/** One session of this node, from its opening to its end. */
final class LiveSession implements Session {
    private final UUID id = Ids.random();
    private final TimeSource time;
    private final long lease;

    private volatile long renewed;
    private volatile boolean ended;

    LiveSession(TimeSource time, Duration lease) {
        this.time = time;
        this.lease = Durations.nanos(lease);
        this.renewed = time.nanos();
    }

    @Override
    public UUID id() {
        return id;
    }

    @Override
    public boolean valid() {
        return !ended && time.nanos() - renewed < lease;
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
