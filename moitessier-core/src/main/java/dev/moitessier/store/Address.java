package dev.moitessier.store;

import org.jspecify.annotations.Nullable;

/** A person, or one client of it when {@code client} is given. */
public record Address(String person, @Nullable String client) {}
