package dev.moitessier.store;

import java.util.UUID;

/** Everything up to {@code position} has been handled by this registration of the subscriber. */
public record Acknowledgement(ListenerRef listener, String subscriber, UUID registration, long position) {}
