package dev.moitessier.store;

import org.jspecify.annotations.Nullable;

/** Names a mailbox; {@code owner} is null exactly when SHARED. Two names are equal by parts, never by concatenation. */
public record ListenerRef(String scope, ListenerType type, @Nullable Party owner) {}
