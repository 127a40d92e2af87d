package dev.moitessier.store;

import java.util.UUID;

/** A subscriber that this call removed, or detached when durable. For meters and logs only: L7 is what is exact. */
public record Departed(ListenerRef listener, String subscriber, UUID session, boolean mailboxRemoved) {}
