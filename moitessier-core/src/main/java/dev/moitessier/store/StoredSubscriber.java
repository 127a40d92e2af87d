package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A subscriber as the store knows it.
 *
 * @param id its id
 * @param session who is there; null while a durable one is away
 * @param metadata as registered
 * @param acknowledged the highest acknowledged position, if any (C5)
 */
public record StoredSubscriber(String id, @Nullable UUID session, Payload metadata, OptionalLong acknowledged) {
    public StoredSubscriber {
        requireNonNull(id, "id");
        requireNonNull(metadata, "metadata");
        requireNonNull(acknowledged, "acknowledged");
    }
}
