package dev.moitessier.store.datastore;

import com.google.cloud.datastore.Entity;
import com.google.cloud.datastore.Key;
import dev.moitessier.store.Payload;
import dev.moitessier.store.StoredSubscriber;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What the entity of a subscriber says.
 *
 * @param keep microseconds; null: it goes with its session
 * @param acknowledged null: never
 * @param seen microseconds of the last registration, end of a session or acknowledgement
 * @param farewell null: there is none, or it was appended when the subscriber was detached
 * @param due agenda for its lapse, while nobody is there
 */
record SubscriberState(
        UUID registration,
        @Nullable UUID session,
        @Nullable Long keep,
        byte[] metadata,
        byte @Nullable [] farewell,
        @Nullable Long acknowledged,
        long seen,
        @Nullable Key due) {
    static @Nullable SubscriberState of(@Nullable Entity entity) {
        return entity == null
                ? null
                : new SubscriberState(
                        UUID.fromString(entity.getString("registration")),
                        Values.uuid(entity, "session"),
                        entity.contains("keep") ? (Long) entity.getLong("keep") : null,
                        Values.bytes(entity, "metadata"),
                        entity.contains("farewell") ? Values.bytes(entity, "farewell") : null,
                        entity.contains("acknowledged") ? (Long) entity.getLong("acknowledged") : null,
                        entity.getLong("seen"),
                        entity.contains("due") ? entity.getKey("due") : null);
    }

    Entity entity(Key key) {
        Entity.Builder entity = Entity.newBuilder(key)
                .set("registration", Values.of(registration.toString()))
                .set("metadata", Values.of(metadata))
                .set("seen", Values.of(seen));
        if (session != null) {
            entity.set("session", Values.of(session.toString()));
        }
        if (keep != null) {
            entity.set("keep", Values.of(keep));
        }
        if (farewell != null) {
            entity.set("farewell", Values.of(farewell));
        }
        if (acknowledged != null) {
            entity.set("acknowledged", Values.of(acknowledged));
        }
        if (due != null) {
            entity.set("due", Values.of(due));
        }
        return entity.build();
    }

    SubscriberState acknowledged(long position, long now) {
        return new SubscriberState(registration, session, keep, metadata, farewell, position, now, due);
    }

    SubscriberState detached(long now, Key due) {
        return new SubscriberState(registration, null, keep, metadata, null, acknowledged, now, due);
    }

    SubscriberState dueAt(Key later) {
        return new SubscriberState(registration, session, keep, metadata, farewell, acknowledged, seen, later);
    }

    /** When a durable one is removed, if nobody comes. */
    long lapses() {
        return seen + (keep == null ? 0 : keep);
    }

    OptionalLong acknowledgedPosition() {
        return acknowledged == null ? OptionalLong.empty() : OptionalLong.of(acknowledged);
    }

    StoredSubscriber stored(String id) {
        return new StoredSubscriber(id, session, Payload.wrap(metadata), acknowledgedPosition());
    }
}
