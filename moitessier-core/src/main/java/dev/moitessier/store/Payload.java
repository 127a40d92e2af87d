package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Immutable bytes; equal by content. */
public final class Payload {
    private static final Payload EMPTY = new Payload(new byte[0]);

    private final byte[] bytes;

    private Payload(byte[] bytes) {
        this.bytes = requireNonNull(bytes, "bytes");
    }

    /** No bytes. */
    public static Payload empty() {
        return EMPTY;
    }

    /** Takes ownership without a copy: the caller must not write to the array any more. */
    public static Payload wrap(byte[] bytes) {
        return new Payload(bytes);
    }

    /** Number of bytes. */
    public int size() {
        return bytes.length;
    }

    /** A read-only view, without a copy. */
    public ByteBuffer view() {
        return ByteBuffer.wrap(bytes).asReadOnlyBuffer();
    }

    /** A copy. */
    public byte[] toBytes() {
        return bytes.clone();
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Payload p && Arrays.equals(bytes, p.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** The size alone: contents do not belong in logs. */
    @Override
    public String toString() {
        return "Payload[" + bytes.length + " bytes]";
    }
}
