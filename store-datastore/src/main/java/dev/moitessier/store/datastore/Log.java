package dev.moitessier.store.datastore;

import com.google.cloud.datastore.Entity;
import com.google.cloud.datastore.FullEntity;
import com.google.cloud.datastore.Key;
import com.google.cloud.datastore.Transaction;
import dev.moitessier.store.Content;
import dev.moitessier.store.Entry;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.parts.Contents;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Entries of scopes as entities: one each, with more for what is too large for one. */
final class Log {
    /** Of 1,048,572 that an entity may have; the rest is for its key and its other properties. */
    static final int MOST_BYTES = 1_000_000;

    private final Keys keys;
    private final @Nullable Duration timeToLive;

    /** @param timeToLive when Datastore's own TTL may remove an entry; null: never */
    Log(Keys keys, @Nullable Duration timeToLive) {
        this.keys = keys;
        this.timeToLive = timeToLive;
    }

    /** An entry to be written: its entities are made once, however often the transaction is tried. */
    static final class Draft {
        final UUID dispatch;
        final byte[] content;

        Draft(UUID dispatch, Content content) {
            this.dispatch = dispatch;
            this.content = Contents.write(content);
        }

        int entities() {
            return 1 + parts();
        }

        private int parts() {
            return Math.max(0, (content.length - 1) / MOST_BYTES);
        }

        private byte[] part(int number) {
            return Arrays.copyOfRange(
                    content, number * MOST_BYTES, Math.min(content.length, (number + 1) * MOST_BYTES));
        }
    }

    void put(Transaction transaction, String scope, long position, long micros, Draft draft) {
        Key key = keys.message(scope, position);
        FullEntity.Builder<Key> entity = FullEntity.newBuilder(key)
                .set("dispatch", Values.of(draft.dispatch.toString()))
                .set("at", Values.time(micros))
                .set("content", Values.of(draft.part(0)))
                .set("parts", Values.of(draft.parts()));
        expires(entity, micros);
        transaction.put(entity.build());
        for (int part = 1; part <= draft.parts(); part++) {
            FullEntity.Builder<Key> more =
                    FullEntity.newBuilder(Keys.part(key, part)).set("content", Values.of(draft.part(part)));
            expires(more, micros);
            transaction.put(more.build());
        }
    }

    private void expires(FullEntity.Builder<Key> entity, long micros) {
        if (timeToLive != null) {
            entity.set("expires", Values.time(micros + micros(timeToLive)));
        }
    }

    /** Whether Datastore may have removed it, or will. */
    boolean expired(Entity entity, long now) {
        return timeToLive != null && Values.micros(entity, "at") + micros(timeToLive) <= now;
    }

    @Nullable
    Duration timeToLive() {
        return timeToLive;
    }

    /** The keys of what did not fit into the entity itself. */
    static List<Key> parts(Entity entity) {
        List<Key> parts = new ArrayList<>();
        for (int part = 1; part <= entity.getLong("parts"); part++) {
            parts.add(Keys.part(entity.getKey(), part));
        }
        return parts;
    }

    static Entry entry(Entity entity, List<Entity> parts) {
        byte[] content = Values.bytes(entity, "content");
        for (Entity part : parts) {
            byte[] more = Values.bytes(part, "content");
            int length = content.length;
            content = Arrays.copyOf(content, length + more.length);
            System.arraycopy(more, 0, content, length, more.length);
        }
        return new Entry(
                entity.getKey().getId(),
                Clocks.instant(Values.micros(entity, "at")),
                UUID.fromString(entity.getString("dispatch")),
                Contents.read(content));
    }

    /** A farewell waits in the entity of its subscriber, so it must fit there (E6). */
    static byte @Nullable [] farewell(@Nullable Content farewell) {
        if (farewell == null) {
            return null;
        }
        byte[] bytes = Contents.write(farewell);
        if (bytes.length > MOST_FAREWELL) {
            throw new StoreException.Rejected(
                    "farewell of " + bytes.length + " bytes in all; the limit is " + MOST_FAREWELL);
        }
        return bytes;
    }

    /** Beside it the entity holds the metadata. */
    static final int MOST_FAREWELL = 900_000;

    static long micros(Duration duration) {
        return duration.compareTo(Duration.ofDays(36_500)) > 0
                ? Duration.ofDays(36_500).toNanos() / 1_000
                : duration.toNanos() / 1_000;
    }
}
