package dev.moitessier.store.datastore;

import com.google.cloud.datastore.Entity;
import com.google.cloud.datastore.Key;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What the entity of a mailbox says.
 *
 * @param start it holds what is after it
 * @param creator the registration that made it
 * @param subscribers how many there are: it goes with the last (L4), which so is known without a query
 */
record MailboxState(long start, UUID creator, long subscribers) {
    static @Nullable MailboxState of(@Nullable Entity entity) {
        return entity == null
                ? null
                : new MailboxState(
                        entity.getLong("start"),
                        UUID.fromString(entity.getString("creator")),
                        entity.getLong("subscribers"));
    }

    Entity entity(Key key) {
        return Entity.newBuilder(key)
                .set("start", Values.of(start))
                .set("creator", Values.of(creator.toString()))
                .set("subscribers", Values.of(subscribers))
                .build();
    }

    MailboxState with(long more) {
        return new MailboxState(start, creator, subscribers + more);
    }
}
