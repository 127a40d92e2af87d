package dev.moitessier;

import java.util.UUID;

/** A node's lease on life: one random id, renewed by one heartbeat, never used again once it has ended. */
public interface Session {
    UUID id();

    /** True while the last answered heartbeat is younger than the lease by this node's clock. */
    boolean valid();
}
