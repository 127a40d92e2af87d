package dev.moitessier;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.UUID;

/**
 * Ids of dispatches: unique, not secret. {@link UUID#randomUUID} takes a lock and a block of the system's secure generator
 * each time, which is a third of a dispatch on the memory store; here each thread has a generator of its own, seeded once
 * with 256 secure bits.
 */
final class Ids {
    private static final SecureRandom SEEDS = new SecureRandom();
    private static final ThreadLocal<Ids> OF_THREAD = ThreadLocal.withInitial(Ids::new);

    private long a;
    private long b;
    private long c;
    private long d;

    private Ids() {
        byte[] bytes = new byte[4 * Long.BYTES];
        SEEDS.nextBytes(bytes);
        ByteBuffer seed = ByteBuffer.wrap(bytes);
        a = seed.getLong();
        b = seed.getLong();
        c = seed.getLong();
        d = seed.getLong() | 1;
    }

    /**
     * A random UUID of version 7 (RFC 9562 §5.7): milliseconds first, then 74 random bits. A store that keeps ids in an index adds to
     * its end, where it is still in memory.
     */
    static UUID random() {
        Ids ids = OF_THREAD.get();
        long most = System.currentTimeMillis() << 16 | 0x7000L | (ids.next() & 0xfffL);
        long least = (ids.next() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L;
        return new UUID(most, least);
    }

    /** The same UUID for the same key, for ever: version 8 (RFC 9562 §5.8) over SHA-256. */
    static UUID of(String key) {
        if (key.isEmpty()) {
            throw new IllegalArgumentException("the key of an id must not be empty");
        }
        Texts.wellFormed("key of an id", key);
        ByteBuffer hash = ByteBuffer.wrap(sha256().digest(key.getBytes(StandardCharsets.UTF_8)));
        long most = (hash.getLong() & 0xffff_ffff_ffff_0fffL) | 0x8000L;
        long least = (hash.getLong() & 0x3fff_ffff_ffff_ffffL) | 0x8000_0000_0000_0000L;
        return new UUID(most, least);
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** xoshiro256++ 1.0 by Blackman and Vigna. */
    private long next() {
        long result = Long.rotateLeft(a + d, 23) + a;
        long t = b << 17;
        c ^= a;
        d ^= b;
        b ^= c;
        a ^= d;
        c ^= t;
        d = Long.rotateLeft(d, 45);
        return result;
    }
}
