package dev.moitessier.prscd;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes the little of msgpack that entries between nodes need. */
final class Pack {
    private byte[] bytes;
    private int length;

    Pack(int expected) {
        bytes = new byte[Math.max(16, expected)];
    }

    Pack array(int size) {
        if (size < 16) {
            return put(0x90 | size);
        }
        return size < 1 << 16 ? put(0xdc).number(size, 2) : put(0xdd).number(size, 4);
    }

    /** Not negative. */
    Pack whole(long value) {
        if (value < 0) {
            throw new IllegalArgumentException("negative: " + value);
        }
        if (value < 1 << 7) {
            return put((int) value);
        }
        return value < 1L << 32 ? put(0xce).number(value, 4) : put(0xcf).number(value, 8);
    }

    Pack text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        if (utf8.length < 32) {
            put(0xa0 | utf8.length);
        } else if (utf8.length < 1 << 8) {
            put(0xd9).number(utf8.length, 1);
        } else if (utf8.length < 1 << 16) {
            put(0xda).number(utf8.length, 2);
        } else {
            put(0xdb).number(utf8.length, 4);
        }
        return raw(utf8);
    }

    Pack binary(byte[] value) {
        if (value.length < 1 << 8) {
            put(0xc4).number(value.length, 1);
        } else if (value.length < 1 << 16) {
            put(0xc5).number(value.length, 2);
        } else {
            put(0xc6).number(value.length, 4);
        }
        return raw(value);
    }

    int length() {
        return length;
    }

    byte[] bytes() {
        return Arrays.copyOf(bytes, length);
    }

    Pack raw(byte[] value) {
        room(value.length);
        System.arraycopy(value, 0, bytes, length, value.length);
        length += value.length;
        return this;
    }

    private Pack put(int value) {
        room(1);
        bytes[length++] = (byte) value;
        return this;
    }

    private Pack number(long value, int width) {
        room(width);
        for (int i = width - 1; i >= 0; i--) {
            bytes[length++] = (byte) (value >>> (8 * i));
        }
        return this;
    }

    private void room(int more) {
        if (bytes.length - length < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, length + more));
        }
    }
}
