package dev.moitessier.store.redis;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import redis.clients.jedis.util.JedisClusterCRC16;

/**
 * The names of keys. All that a call touches lies in one of 64 shards, whose hash tag keeps it in one slot of a cluster.
 *
 * <p>Names that are put together are parted by U+0000, which no name may have (N1), so two of them are equal only by parts.
 */
final class Keys {
    /** Written to the server and compared at start: data of another number of shards would not be found. */
    static final int SHARDS = 64;

    private static final byte[] PART = {0};

    private final String prefix;
    private final byte[][] tags = new byte[SHARDS][];
    private final int[] slots = new int[SHARDS];

    Keys(String prefix) {
        this.prefix = prefix;
        for (int shard = 0; shard < SHARDS; shard++) {
            tags[shard] =
                    ("{" + prefix + ":" + (shard < 10 ? "0" : "") + shard + "}:").getBytes(StandardCharsets.UTF_8);
            slots[shard] = JedisClusterCRC16.getSlot(tags[shard]);
        }
    }

    String prefix() {
        return prefix;
    }

    static int shard(byte[] name) {
        return JedisClusterCRC16.getCRC16(name) % SHARDS;
    }

    /** The slot of a cluster in which a shard lies. */
    int slot(int shard) {
        return slots[shard];
    }

    /** A key of the shard itself. */
    byte[] of(int shard, String name) {
        return join(tags[shard], utf8(name));
    }

    /** A key of a scope. */
    byte[] of(Scope scope, String kind) {
        return join(tags[scope.shard()], utf8(kind), scope.bytes());
    }

    /** A key of something in a scope. */
    byte[] of(Scope scope, String kind, byte[] part) {
        return join(tags[scope.shard()], utf8(kind), scope.bytes(), PART, part);
    }

    /** A key of a session in a shard. */
    byte[] of(int shard, String kind, byte[] session) {
        return join(tags[shard], utf8(kind), session);
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static byte[] bytes(UUID id) {
        return ByteBuffer.allocate(16)
                .putLong(id.getMostSignificantBits())
                .putLong(id.getLeastSignificantBits())
                .array();
    }

    static UUID uuid(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        return new UUID(buffer.getLong(), buffer.getLong());
    }

    static byte[] join(byte[]... parts) {
        int length = 0;
        for (byte[] part : parts) {
            length += part.length;
        }
        byte[] all = new byte[length];
        int at = 0;
        for (byte[] part : parts) {
            System.arraycopy(part, 0, all, at, part.length);
            at += part.length;
        }
        return all;
    }
}
