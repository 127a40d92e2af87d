package dev.moitessier.prscd;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Looks at payloads without decoding them. What one client sends, all others decode, and an exception in the client's
 * read loop ends it for good: so nothing is passed on that {@code @msgpack/msgpack} would refuse.
 */
final class Payloads {
    private static final int MAX_DEPTH = 32;
    private static final byte[] ID = {'i', 'd'};
    private static final byte[] PROTO = "__proto__".getBytes(StandardCharsets.US_ASCII);

    private final byte[] bytes;
    private int at;

    private Payloads(byte[] bytes) {
        this.bytes = bytes;
    }

    /** The buffer's bytes between position and limit, copied. */
    static byte[] bytes(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.duplicate().get(copy);
        return copy;
    }

    /** True for exactly one map, whole, that browsers can decode. */
    static boolean isMap(byte[] payload) {
        Payloads walk = new Payloads(payload);
        try {
            return payload.length > 0 && isMapHead(payload[0] & 0xff) && walk.skip(0) && walk.at == payload.length;
        } catch (ArrayIndexOutOfBoundsException cutShort) {
            return false;
        }
    }

    /**
     * The state with every {@code id} in it being the client's own; other bytes stay as they are. Clients put
     * {@code {id: p, ...state}} into their list, so any other id would overwrite, or never leave, another's entry.
     *
     * @param state for which {@link #isMap} holds
     */
    static byte[] withOwnId(byte[] state, String clientId) {
        byte[] own = text(clientId);
        ByteArrayOutputStream changed = new ByteArrayOutputStream(state.length + own.length);
        Payloads walk = new Payloads(state);
        int pairs = walk.mapSize();
        int copied = 0;
        for (int i = 0; i < pairs; i++) {
            int key = walk.at;
            walk.skip(1);
            int value = walk.at;
            walk.skip(1);
            boolean isId = isText(state, key, value, ID);
            if (isId && !Arrays.equals(state, value, walk.at, own, 0, own.length)) {
                changed.write(state, copied, value - copied);
                changed.write(own, 0, own.length);
                copied = walk.at;
            }
        }
        if (copied == 0) {
            return state;
        }
        changed.write(state, copied, state.length - copied);
        return changed.toByteArray();
    }

    /** The state of a client that gave none. */
    static byte[] onlyId(String clientId) {
        byte[] own = text(clientId);
        byte[] map = Arrays.copyOf(new byte[] {(byte) 0x81, (byte) 0xa2, ID[0], ID[1]}, 4 + own.length);
        System.arraycopy(own, 0, map, 4, own.length);
        return map;
    }

    private static byte[] text(String text) {
        return new Pack(text.length() + 5).text(text).bytes();
    }

    private static boolean isMapHead(int head) {
        return head >> 4 == 0x8 || head == 0xde || head == 0xdf;
    }

    /** Whether the text between {@code from} and {@code to} is this one, whatever the width of its length. */
    private static boolean isText(byte[] bytes, int from, int to, byte[] text) {
        int head = bytes[from] & 0xff;
        int prefix = head >> 5 == 0x5 ? 1 : head == 0xd9 ? 2 : head == 0xda ? 3 : head == 0xdb ? 5 : -1;
        return prefix > 0 && Arrays.equals(bytes, from + prefix, to, text, 0, text.length);
    }

    private int mapSize() {
        int head = next();
        return head == 0xde ? unsigned(2) : head == 0xdf ? unsigned(4) : head & 0x0f;
    }

    /** Moves behind one value; false for what clients could not decode. */
    private boolean skip(int depth) {
        if (depth > MAX_DEPTH) {
            return false;
        }
        int head = next();
        if (head <= 0x7f || head >= 0xe0) {
            return true;
        }
        return switch (head >> 4) {
            case 0x8 -> map(head & 0x0f, depth);
            case 0x9 -> array(head & 0x0f, depth);
            case 0xa, 0xb -> over(head & 0x1f);
            default ->
                switch (head) {
                    case 0xc0, 0xc2, 0xc3 -> true;
                    case 0xc4, 0xd9 -> over(unsigned(1));
                    case 0xc5, 0xda -> over(unsigned(2));
                    case 0xc6, 0xdb -> over(unsigned(4));
                    case 0xc7 -> extension(unsigned(1));
                    case 0xc8 -> extension(unsigned(2));
                    case 0xc9 -> extension(unsigned(4));
                    case 0xca, 0xce, 0xd2 -> over(4);
                    case 0xcb, 0xcf, 0xd3 -> over(8);
                    case 0xcc, 0xd0 -> over(1);
                    case 0xcd, 0xd1 -> over(2);
                    case 0xd4 -> extension(1);
                    case 0xd5 -> extension(2);
                    case 0xd6 -> extension(4);
                    case 0xd7 -> extension(8);
                    case 0xd8 -> extension(16);
                    case 0xdc -> array(unsigned(2), depth);
                    case 0xdd -> array(unsigned(4), depth);
                    case 0xde -> map(unsigned(2), depth);
                    case 0xdf -> map(unsigned(4), depth);
                    default -> false;
                };
        };
    }

    private boolean map(int pairs, int depth) {
        for (int i = 0; i < pairs; i++) {
            int key = at;
            if (!isKey(bytes[key] & 0xff) || !skip(depth + 1) || isText(bytes, key, at, PROTO)) {
                return false;
            }
            if (!skip(depth + 1)) {
                return false;
            }
        }
        return pairs >= 0;
    }

    /** Browsers take texts and numbers as keys. */
    private static boolean isKey(int head) {
        return head <= 0x7f
                || head >= 0xe0
                || head >> 5 == 0x5
                || (head >= 0xca && head <= 0xd3)
                || (head >= 0xd9 && head <= 0xdb);
    }

    private boolean array(int length, int depth) {
        for (int i = 0; i < length; i++) {
            if (!skip(depth + 1)) {
                return false;
            }
        }
        return length >= 0;
    }

    /** Type -1 is a timestamp, of 4, 8 or 12 bytes; any other type is kept as it is by clients. */
    private boolean extension(int length) {
        int type = (byte) next();
        return (type != -1 || length == 4 || length == 8 || length == 12) && over(length);
    }

    private boolean over(int length) {
        if (length < 0 || length > bytes.length - at) {
            return false;
        }
        at += length;
        return true;
    }

    private int next() {
        return bytes[at++] & 0xff;
    }

    /** Negative beyond 2 GiB, which no caller accepts. */
    private int unsigned(int width) {
        int value = 0;
        for (int i = 0; i < width; i++) {
            value = value << 8 | next();
        }
        return value;
    }
}
