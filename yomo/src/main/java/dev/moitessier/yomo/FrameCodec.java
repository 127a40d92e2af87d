package dev.moitessier.yomo;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Frames as bytes, in y3 v1.0.5: a packet is a tag byte, a length and so many bytes. A frame is a <em>node</em> packet (bit 7
 * of its tag is set) that holds <em>primitive</em> packets, its fields. Written byte for byte as Go writes them. Read in any
 * order, the last of equal keys counts, unknown keys are skipped.
 *
 * <p>The length is a PVarInt32: big-endian groups of seven bits, the highest bit says that another follows, and the first
 * group is <em>signed</em>: 63 is {@code 3f}, 64 is {@code 8040}. A number is an NVarInt32: the shortest big-endian two's
 * complement.
 */
final class FrameCodec {
    private static final byte[] NOTHING = {};

    private static final int NODE = 0x80;
    /** Of a PVarInt32. */
    private static final int LENGTH_BYTES = 5;
    /** Of an NVarInt32. */
    private static final int NUMBER_BYTES = 4;

    private static final int MESSAGE = 1;

    private static final int DATA_TAG = 1;
    private static final int DATA_PAYLOAD = 2;
    private static final int DATA_METADATA = 3;

    private static final int HANDSHAKE_NAME = 1;
    private static final int HANDSHAKE_CLIENT_TYPE = 2;
    private static final int HANDSHAKE_ID = 3;
    private static final int HANDSHAKE_AUTH_NAME = 4;
    private static final int HANDSHAKE_AUTH_PAYLOAD = 5;
    private static final int HANDSHAKE_OBSERVED_TAGS = 6;
    private static final int HANDSHAKE_VERSION = 7;
    private static final int HANDSHAKE_WANTED_TARGET = 8;
    private static final int HANDSHAKE_FUNCTION_DEFINITION = 9;

    private FrameCodec() {}

    // ---- writing

    static byte[] encode(Frame frame) {
        if (frame instanceof Frame.Data data) {
            return encode(data);
        } else if (frame instanceof Frame.Handshake handshake) {
            return encode(handshake);
        } else if (frame instanceof Frame.HandshakeAck) {
            return node(frame.type(), 0).bytes;
        } else if (frame instanceof Frame.Rejected rejected) {
            return text(rejected.type(), rejected.message());
        } else if (frame instanceof Frame.Goaway goaway) {
            return text(goaway.type(), goaway.message());
        } else if (frame instanceof Frame.ConnectTo connectTo) {
            return text(connectTo.type(), connectTo.endpoint());
        }
        throw new AssertionError(frame);
    }

    /** The frame's bytes are all that is allocated. */
    static byte[] encode(Frame.Data data) {
        int numberBytes = numberBytes(data.tag());
        int length = field(numberBytes) + field(data.metadata().length) + field(data.payload().length);
        byte[] bytes = new byte[field(length)];
        int at = head(bytes, 0, NODE | Frame.Data.TYPE, length);
        at = head(bytes, at, DATA_TAG, numberBytes);
        for (int shift = 8 * (numberBytes - 1); shift >= 0; shift -= 8) {
            bytes[at++] = (byte) (data.tag() >> shift);
        }
        at = put(bytes, at, DATA_METADATA, data.metadata());
        put(bytes, at, DATA_PAYLOAD, data.payload());
        return bytes;
    }

    private static byte[] encode(Frame.Handshake handshake) {
        byte[] tags = new byte[4 * handshake.observedTags().length];
        for (int i = 0; i < tags.length; i++) {
            tags[i] = (byte) (handshake.observedTags()[i / 4] >> (8 * (i % 4)));
        }
        byte[][] values = {
            utf8(handshake.name()),
            utf8(handshake.id()),
            {handshake.clientType()},
            tags,
            utf8(handshake.authName()),
            utf8(handshake.authPayload()),
            utf8(handshake.version()),
            handshake.functionDefinition(),
            utf8(handshake.wantedTarget())
        };
        int[] keys = {
            HANDSHAKE_NAME,
            HANDSHAKE_ID,
            HANDSHAKE_CLIENT_TYPE,
            HANDSHAKE_OBSERVED_TAGS,
            HANDSHAKE_AUTH_NAME,
            HANDSHAKE_AUTH_PAYLOAD,
            HANDSHAKE_VERSION,
            HANDSHAKE_FUNCTION_DEFINITION,
            HANDSHAKE_WANTED_TARGET
        };
        int length = 0;
        for (byte[] value : values) {
            length += field(value.length);
        }
        Written written = node(handshake.type(), length);
        int at = written.at;
        for (int i = 0; i < values.length; i++) {
            at = put(written.bytes, at, keys[i], values[i]);
        }
        return written.bytes;
    }

    private static byte[] text(int type, String text) {
        byte[] value = utf8(text);
        Written written = node(type, field(value.length));
        put(written.bytes, written.at, MESSAGE, value);
        return written.bytes;
    }

    private record Written(byte[] bytes, int at) {}

    private static Written node(int type, int length) {
        byte[] bytes = new byte[field(length)];
        return new Written(bytes, head(bytes, 0, NODE | type, length));
    }

    /** The length of a whole packet. */
    private static int field(int length) {
        return 1 + lengthBytes(length) + length;
    }

    private static int put(byte[] bytes, int at, int tag, byte[] value) {
        int start = head(bytes, at, tag, value.length);
        System.arraycopy(value, 0, bytes, start, value.length);
        return start + value.length;
    }

    private static int head(byte[] bytes, int at, int tag, int length) {
        int next = at;
        bytes[next++] = (byte) tag;
        for (int group = lengthBytes(length) - 1; group > 0; group--) {
            bytes[next++] = (byte) (length >> (7 * group) | 0x80);
        }
        bytes[next++] = (byte) (length & 0x7F);
        return next;
    }

    /** One bit less than there is room for, since the first group is signed. */
    private static int lengthBytes(int length) {
        return length < 1 << 6 ? 1 : length < 1 << 13 ? 2 : length < 1 << 20 ? 3 : length < 1 << 27 ? 4 : LENGTH_BYTES;
    }

    private static int numberBytes(int number) {
        return number == (byte) number
                ? 1
                : number == (short) number ? 2 : number == number << 8 >> 8 ? 3 : NUMBER_BYTES;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    // ---- reading

    /** How many bytes a packet takes, by its first ones. */
    static final int UNKNOWN_YET = -1;

    /**
     * The length of the packet at the reader's index, which does not move; {@link #UNKNOWN_YET} if its head is not all there.
     *
     * @throws ZipperException.MalformedFrame if it is no frame, or longer than {@code mostBytes}
     */
    static int packetLength(ByteBuf bytes, int mostBytes) {
        int start = bytes.readerIndex();
        int end = bytes.writerIndex();
        if (start == end) {
            return UNKNOWN_YET;
        }
        requireKnown(bytes.getByte(start) & 0xFF);
        long length = 0;
        for (int i = 1; i <= LENGTH_BYTES; i++) {
            if (start + i >= end) {
                return UNKNOWN_YET;
            }
            int group = bytes.getByte(start + i);
            length = i == 1 ? (group << 25) >> 25 : (length << 7) | (group & 0x7F);
            if (group >= 0) {
                if (length < 0) {
                    throw new ZipperException.MalformedFrame("a length below zero: " + length);
                }
                long packet = 1 + i + length;
                if (packet > mostBytes) {
                    throw new ZipperException.MalformedFrame(
                            "a frame of " + packet + " bytes, and no more than " + mostBytes + " are taken");
                }
                return (int) packet;
            }
        }
        throw new ZipperException.MalformedFrame("a length of more than " + LENGTH_BYTES + " bytes");
    }

    private static void requireKnown(int tag) {
        switch (tag) {
            case NODE | Frame.Data.TYPE,
                    NODE | Frame.Handshake.TYPE,
                    NODE | Frame.HandshakeAck.TYPE,
                    NODE | Frame.Rejected.TYPE,
                    NODE | Frame.Goaway.TYPE,
                    NODE | Frame.ConnectTo.TYPE -> {}
            default -> throw new ZipperException.MalformedFrame("an unknown frame, 0x" + Integer.toHexString(tag));
        }
    }

    /**
     * Reads one whole packet; the reader's index moves behind it.
     *
     * @throws ZipperException.MalformedFrame if a field does not fit into it or is not what it should be
     */
    static Frame decode(ByteBuf packet, int packetLength) {
        int end = packet.readerIndex() + packetLength;
        int type = packet.readByte() & 0x7F;
        readLength(packet, end);
        return switch (type) {
            case Frame.Data.TYPE -> data(packet, end);
            case Frame.Handshake.TYPE -> handshake(packet, end);
            case Frame.HandshakeAck.TYPE -> {
                message(packet, end);
                yield new Frame.HandshakeAck();
            }
            case Frame.Rejected.TYPE -> new Frame.Rejected(message(packet, end));
            case Frame.Goaway.TYPE -> new Frame.Goaway(message(packet, end));
            case Frame.ConnectTo.TYPE -> new Frame.ConnectTo(message(packet, end));
            default -> throw new ZipperException.MalformedFrame("an unknown frame, 0x" + Integer.toHexString(type));
        };
    }

    private static Frame.Data data(ByteBuf packet, int end) {
        int tag = 0;
        byte[] metadata = NOTHING;
        byte[] payload = NOTHING;
        while (packet.readerIndex() < end) {
            int key = packet.readByte() & 0xFF;
            int length = readLength(packet, end);
            switch (key) {
                case DATA_TAG -> tag = number(packet, length);
                case DATA_METADATA -> metadata = bytes(packet, length);
                case DATA_PAYLOAD -> payload = bytes(packet, length);
                default -> packet.skipBytes(length);
            }
        }
        return new Frame.Data(tag, metadata, payload);
    }

    private static Frame.Handshake handshake(ByteBuf packet, int end) {
        String[] texts = new String[HANDSHAKE_WANTED_TARGET + 1];
        java.util.Arrays.fill(texts, "");
        byte clientType = 0;
        int[] tags = {};
        byte[] definition = NOTHING;
        while (packet.readerIndex() < end) {
            int key = packet.readByte() & 0xFF;
            int length = readLength(packet, end);
            switch (key) {
                case HANDSHAKE_NAME,
                        HANDSHAKE_ID,
                        HANDSHAKE_AUTH_NAME,
                        HANDSHAKE_AUTH_PAYLOAD,
                        HANDSHAKE_VERSION,
                        HANDSHAKE_WANTED_TARGET -> texts[key] = utf8(packet, length);
                case HANDSHAKE_CLIENT_TYPE -> {
                    byte[] value = bytes(packet, length);
                    clientType = value.length == 0 ? 0 : value[0];
                }
                case HANDSHAKE_OBSERVED_TAGS -> tags = tags(bytes(packet, length));
                case HANDSHAKE_FUNCTION_DEFINITION -> definition = bytes(packet, length);
                default -> packet.skipBytes(length);
            }
        }
        return new Frame.Handshake(
                texts[HANDSHAKE_NAME],
                texts[HANDSHAKE_ID],
                clientType,
                tags,
                texts[HANDSHAKE_AUTH_NAME],
                texts[HANDSHAKE_AUTH_PAYLOAD],
                texts[HANDSHAKE_VERSION],
                definition,
                texts[HANDSHAKE_WANTED_TARGET]);
    }

    private static String message(ByteBuf packet, int end) {
        String message = "";
        while (packet.readerIndex() < end) {
            int key = packet.readByte() & 0xFF;
            int length = readLength(packet, end);
            if (key == MESSAGE) {
                message = utf8(packet, length);
            } else {
                packet.skipBytes(length);
            }
        }
        return message;
    }

    /** A length that fits into what is left before {@code end}. */
    private static int readLength(ByteBuf packet, int end) {
        long length = 0;
        for (int i = 1; i <= LENGTH_BYTES; i++) {
            if (packet.readerIndex() >= end) {
                throw new ZipperException.MalformedFrame("a field that is cut short");
            }
            int group = packet.readByte();
            length = i == 1 ? (group << 25) >> 25 : (length << 7) | (group & 0x7F);
            if (group >= 0) {
                if (length < 0 || length > end - packet.readerIndex()) {
                    throw new ZipperException.MalformedFrame(
                            "a field of " + length + " bytes, where " + (end - packet.readerIndex()) + " are left");
                }
                return (int) length;
            }
        }
        throw new ZipperException.MalformedFrame("a length of more than " + LENGTH_BYTES + " bytes");
    }

    private static int number(ByteBuf packet, int length) {
        if (length < 1 || length > NUMBER_BYTES) {
            throw new ZipperException.MalformedFrame("a number of " + length + " bytes");
        }
        int number = packet.readByte();
        for (int i = 1; i < length; i++) {
            number = (number << 8) | (packet.readByte() & 0xFF);
        }
        return number;
    }

    private static int[] tags(byte[] bytes) {
        int[] tags = new int[bytes.length / 4];
        for (int i = 0; i < 4 * tags.length; i++) {
            tags[i / 4] |= (bytes[i] & 0xFF) << (8 * (i % 4));
        }
        return tags;
    }

    private static byte[] bytes(ByteBuf packet, int length) {
        if (length == 0) {
            return NOTHING;
        }
        byte[] bytes = new byte[length];
        packet.readBytes(bytes);
        return bytes;
    }

    private static String utf8(ByteBuf packet, int length) {
        try {
            CharBuffer text = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(bytes(packet, length)));
            return text.toString();
        } catch (CharacterCodingException notText) {
            throw new ZipperException.MalformedFrame("text that is not UTF-8");
        }
    }
}
