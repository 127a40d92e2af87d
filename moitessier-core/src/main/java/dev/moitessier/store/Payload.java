package dev.moitessier.store;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Immutable bytes; {@code wrap} takes ownership without a copy. */
public final class Payload {
    private final byte[] bytes;
    private Payload(byte[] bytes) { this.bytes = bytes; }
    public static Payload wrap(byte[] bytes) { return new Payload(bytes); }
    public int size() { return bytes.length; }
    public ByteBuffer view() { return ByteBuffer.wrap(bytes).asReadOnlyBuffer(); }
    @Override public boolean equals(Object o) { return o instanceof Payload p && Arrays.equals(bytes, p.bytes); }
    @Override public int hashCode() { return Arrays.hashCode(bytes); }
}
