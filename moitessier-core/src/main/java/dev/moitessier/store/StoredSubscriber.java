package dev.moitessier.store;

import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A subscriber; {@code session} is null while a durable one is away. */
public record StoredSubscriber(String id, @Nullable UUID session, Payload metadata, OptionalLong acknowledged) {}
