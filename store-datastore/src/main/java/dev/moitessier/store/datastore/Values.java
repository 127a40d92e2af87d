package dev.moitessier.store.datastore;

import com.google.cloud.Timestamp;
import com.google.cloud.datastore.Blob;
import com.google.cloud.datastore.BlobValue;
import com.google.cloud.datastore.Entity;
import com.google.cloud.datastore.Key;
import com.google.cloud.datastore.KeyValue;
import com.google.cloud.datastore.LongValue;
import com.google.cloud.datastore.StringValue;
import com.google.cloud.datastore.TimestampValue;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Values of properties, none of them indexed: an index that grows with time is what makes a Datastore slow. */
final class Values {
    private Values() {}

    static LongValue of(long value) {
        return LongValue.newBuilder(value).setExcludeFromIndexes(true).build();
    }

    static StringValue of(String value) {
        return StringValue.newBuilder(value).setExcludeFromIndexes(true).build();
    }

    static BlobValue of(byte[] value) {
        return BlobValue.newBuilder(Blob.copyFrom(value))
                .setExcludeFromIndexes(true)
                .build();
    }

    static KeyValue of(Key value) {
        return KeyValue.newBuilder(value).setExcludeFromIndexes(true).build();
    }

    /** A time as Datastore's TTL policies and console understand it. */
    static TimestampValue time(long micros) {
        long within = Math.max(0, Math.min(micros, Timestamp.MAX_VALUE.getSeconds() * 1_000_000));
        return TimestampValue.newBuilder(Timestamp.ofTimeMicroseconds(within))
                .setExcludeFromIndexes(true)
                .build();
    }

    static long micros(Entity entity, String property) {
        Timestamp time = entity.getTimestamp(property);
        return time.getSeconds() * 1_000_000 + time.getNanos() / 1_000;
    }

    static byte[] bytes(Entity entity, String property) {
        return entity.getBlob(property).toByteArray();
    }

    static @Nullable UUID uuid(Entity entity, String property) {
        return entity.contains(property) ? UUID.fromString(entity.getString(property)) : null;
    }
}
