package dev.moitessier.yomo;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a data frame carries beside its payload: texts under texts, as a map of MessagePack; nothing is no bytes at all. */
final class Metadata {
    static final String SOURCE_ID = "yomo-source-id";
    static final String TRANSACTION_ID = "yomo-tid";
    static final String TARGET = "yomo-target";

    private static final byte[] NOTHING = {};

    private Metadata() {}

    static byte[] encode(Map<String, String> metadata) {
        if (metadata.isEmpty()) {
            return NOTHING;
        }
        byte[][] texts = new byte[2 * metadata.size()][];
        int count = 0;
        int length = metadata.size() < 16 ? 1 : 3;
        for (Map.Entry<String, String> each : metadata.entrySet()) {
            texts[count++] = each.getKey().getBytes(StandardCharsets.UTF_8);
            texts[count++] = each.getValue().getBytes(StandardCharsets.UTF_8);
        }
        for (byte[] text : texts) {
            length += text.length + (text.length < 32 ? 1 : text.length < 1 << 8 ? 2 : text.length < 1 << 16 ? 3 : 5);
        }
        ByteBuffer encoded = ByteBuffer.allocate(length);
        if (metadata.size() < 16) {
            encoded.put((byte) (0x80 | metadata.size()));
        } else {
            encoded.put((byte) 0xDE).putShort((short) metadata.size());
        }
        for (byte[] text : texts) {
            if (text.length < 32) {
                encoded.put((byte) (0xA0 | text.length));
            } else if (text.length < 1 << 8) {
                encoded.put((byte) 0xD9).put((byte) text.length);
            } else if (text.length < 1 << 16) {
                encoded.put((byte) 0xDA).putShort((short) text.length);
            } else {
                encoded.put((byte) 0xDB).putInt(text.length);
            }
            encoded.put(text);
        }
        return encoded.array();
    }

    /**
     * Unmodifiable.
     *
     * @throws ZipperException.MalformedFrame if it is no map of texts
     */
    static Map<String, String> decode(byte[] metadata) {
        if (metadata.length == 0) {
            return Map.of();
        }
        ByteBuffer in = ByteBuffer.wrap(metadata);
        int pairs = pairs(in);
        // Every pair takes two bytes at least, whatever the head says.
        Map<String, String> decoded = new LinkedHashMap<>(2 * Math.min(pairs, in.remaining() / 2));
        for (int i = 0; i < pairs; i++) {
            String key = text(in);
            decoded.put(key, text(in));
        }
        if (in.hasRemaining()) {
            throw new ZipperException.MalformedFrame("metadata with " + in.remaining() + " bytes behind its end");
        }
        return Collections.unmodifiableMap(decoded);
    }

    private static int pairs(ByteBuffer in) {
        int head = in.get() & 0xFF;
        if (head == 0xC0) {
            return 0;
        } else if (head >> 4 == 0x8) {
            return head & 0x0F;
        } else if (head == 0xDE) {
            return length(in, 2);
        } else if (head == 0xDF) {
            return length(in, 4);
        }
        throw new ZipperException.MalformedFrame("metadata that is no map");
    }

    private static String text(ByteBuffer in) {
        int head = length(in, 1);
        int length;
        if (head >> 5 == 0x5) {
            length = head & 0x1F;
        } else {
            length = switch (head) {
                case 0xC0 -> 0;
                case 0xC4, 0xD9 -> length(in, 1);
                case 0xC5, 0xDA -> length(in, 2);
                case 0xC6, 0xDB -> length(in, 4);
                default -> throw new ZipperException.MalformedFrame("metadata with a value that is no text");
            };
        }
        if (length < 0 || length > in.remaining()) {
            throw new ZipperException.MalformedFrame("metadata that is cut short");
        }
        try {
            ByteBuffer bytes = in.slice(in.position(), length);
            in.position(in.position() + length);
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException notText) {
            throw new ZipperException.MalformedFrame("metadata with text that is not UTF-8");
        }
    }

    private static int length(ByteBuffer in, int bytes) {
        if (in.remaining() < bytes) {
            throw new ZipperException.MalformedFrame("metadata that is cut short");
        }
        return switch (bytes) {
            case 1 -> in.get() & 0xFF;
            case 2 -> in.getShort() & 0xFFFF;
            default -> {
                int length = in.getInt();
                if (length < 0) {
                    throw new ZipperException.MalformedFrame("metadata that is cut short");
                }
                yield length;
            }
        };
    }
}
