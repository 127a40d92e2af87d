package dev.moitessier.store;

import java.time.Instant;

/** Answer to a heartbeat: whether the session lives, and the store's time. */
public record Beat(boolean alive, Instant at) {}
