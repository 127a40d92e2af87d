package dev.moitessier.store;

import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Wish to subscribe. {@code session} null: nobody is there now; {@code keep} non-null: durable, survives sessions for that long. Not both null. */
public record Registration(UUID id, ListenerRef listener, String subscriber, @Nullable UUID session,
        @Nullable Duration keep, Payload metadata, @Nullable Content farewell) {}
