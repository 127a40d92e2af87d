package dev.moitessier;

import java.time.Duration;
import java.util.UUID;

/** A node's lease on life: one random id, renewed by one heartbeat, never used again once it has ended. Thread-safe. */
public interface Session {
    UUID id();

    /** Without a renewal for this long the node counts as gone. */
    Duration lease();

    /** True while the last answered heartbeat was sent less than a lease ago, by this node's clock. */
    boolean valid();
}
