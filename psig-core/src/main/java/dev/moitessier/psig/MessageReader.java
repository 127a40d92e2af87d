package dev.moitessier.psig;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.msgpack.core.MessageFormat;

/**
 * Reads one struct as Go's decoder does, and trusts nothing: each declared length is held against the bytes that are
 * left before anything is allocated, each failure is a {@link MalformedMessageException}.
 *
 * <p>MessagePack's formats come from msgpack-core. Its {@code MessageUnpacker} is not used: it reads no direct buffer on
 * Java 17 and newer, prints a warning about {@code sun.misc.Unsafe} on 25, allocates what a header declares, and counts
 * what it skips in an {@code int} that a hostile map makes overflow.
 */
final class MessageReader {
    /** Values that nobody here reads may nest this deep; Go's decoder, which gets what we pass on, recurses. */
    static final int MAX_DEPTH = 64;

    /** No known name is longer; a longer key is unknown. */
    private static final int MAX_NAME = 7;

    private static final long UNKNOWN_NAME = -1;
    private static final int NIL = -1;

    private final byte @Nullable [] array;
    private final @Nullable ByteBuffer buffer;
    private final int start;
    private final int end;
    private int at;

    private MessageReader(byte @Nullable [] array, @Nullable ByteBuffer buffer, int start, int end) {
        this.array = array;
        this.buffer = buffer;
        this.start = start;
        this.end = end;
        this.at = start;
    }

    static MessageReader over(byte[] message) {
        return new MessageReader(message, null, 0, message.length);
    }

    static MessageReader over(ByteBuffer message) {
        if (message.hasArray()) {
            int start = message.arrayOffset() + message.position();
            return new MessageReader(message.array(), null, start, start + message.remaining());
        }
        return new MessageReader(null, message, message.position(), message.limit());
    }

    /** A short name as a number: its length in the first byte, its bytes in the others. */
    static long name(String ascii) {
        long name = 0;
        for (int i = 0; i < ascii.length(); i++) {
            name = name << 8 | ascii.charAt(i);
        }
        return (long) ascii.length() << 56 | name;
    }

    /**
     * Enters a struct of this many fields: the number of key-value pairs of a map, {@code -1} for an array with all
     * fields in order, 0 for nil and the empty array.
     */
    int enterStruct(int fields) {
        int offset = at;
        int header = next();
        if (header >= 0x80 && header <= 0x8f) {
            return pairs(header & 0x0f, offset);
        }
        return switch (format(header)) {
            case MAP16 -> pairs(next16(), offset);
            case MAP32 -> pairs(next32(), offset);
            case FIXARRAY -> positional(header & 0x0f, fields, offset);
            case ARRAY16 -> positional(next16(), fields, offset);
            case ARRAY32 -> positional(next32(), fields, offset);
            case NIL -> 0;
            default -> throw unexpected(header, "a map", offset);
        };
    }

    private int pairs(long size, int offset) {
        atLeast(2 * size, offset);
        return (int) size;
    }

    private int positional(long size, int fields, int offset) {
        if (size == 0) {
            return 0;
        }
        if (size != fields) {
            throw new MalformedMessageException(
                    offset - start, "array of " + size + " elements for " + fields + " fields");
        }
        return -1;
    }

    /** The next key as {@link #name}, if it is text or bytes and short; any other is skipped and unknown. */
    long key() {
        int header = at < end ? byteAt(at) : 0;
        if (header > 0xa0 && header <= 0xa0 + MAX_NAME) {
            int length = header & 0x1f;
            at++;
            need(length, at - 1);
            return shortName(length);
        }
        int offset = at;
        return switch (format(next())) {
            case FIXSTR, STR8, STR16, STR32, BIN8, BIN16, BIN32 -> {
                at = offset;
                int length = content();
                if (length > MAX_NAME) {
                    at += length;
                    yield UNKNOWN_NAME;
                }
                yield shortName(length);
            }
            default -> {
                at = offset;
                skip();
                yield UNKNOWN_NAME;
            }
        };
    }

    private long shortName(int length) {
        long name = length;
        name <<= 8 * (MAX_NAME - length);
        for (int i = 0; i < length; i++) {
            name = name << 8 | byteAt(at++);
        }
        return name;
    }

    /** Text, from str or bin; nil is "". */
    String text() {
        int length = content();
        if (length <= 0) {
            return "";
        }
        int from = at;
        at += length;
        return decodeText(from, length);
    }

    /** The same; null for nil. */
    @Nullable
    String textOrNil() {
        if (at < end && byteAt(at) == 0xc0) {
            at++;
            return null;
        }
        return text();
    }

    /** The same, without a new string if it is one of these. */
    String text(String... known) {
        int length = content();
        if (length <= 0) {
            return "";
        }
        int from = at;
        at += length;
        for (String candidate : known) {
            if (candidate.length() == length && holds(candidate, from)) {
                return candidate;
            }
        }
        return decodeText(from, length);
    }

    private boolean holds(String ascii, int from) {
        for (int i = ascii.length() - 1; i >= 0; i--) {
            if (byteAt(from + i) != ascii.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    private String decodeText(int from, int length) {
        byte[] source = array;
        int offset = from;
        if (source == null) {
            source = new byte[length];
            buffer().get(from, source);
            offset = 0;
        }
        String text = new String(source, offset, length, StandardCharsets.UTF_8);
        if (text.indexOf('\uFFFD') >= 0) {
            requireUtf8(source, offset, length, from - start);
        }
        return text;
    }

    /** U+FFFD stands in the text itself, or the JDK put it where it found no UTF-8. */
    private static void requireUtf8(byte[] source, int offset, int length, int position) {
        CharsetDecoder strict = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(source, offset, length);
        CharBuffer out = CharBuffer.allocate(Math.min(length, 512));
        while (true) {
            var result = strict.decode(in, out, true);
            if (result.isError()) {
                throw new MalformedMessageException(position + in.position() - offset, "text that is not UTF-8");
            }
            if (result.isUnderflow()) {
                return;
            }
            out.clear();
        }
    }

    /** Bytes, from bin or str, as a view of the input; empty for nil. Its position and limit are never moved. */
    ByteBuffer bytes() {
        int length = content();
        if (length <= 0) {
            return Signalling.NO_PAYLOAD;
        }
        int from = at;
        at += length;
        return array != null ? ByteBuffer.wrap(array, from, length) : buffer().slice(from, length);
    }

    /** The length of the str or bin that starts here and is all there, or {@link #NIL}. */
    private int content() {
        int offset = at;
        int header = next();
        if (header >= 0xa0 && header <= 0xbf) {
            return need(header & 0x1f, offset);
        }
        return switch (format(header)) {
            case STR8, BIN8 -> need(next(), offset);
            case STR16, BIN16 -> need(next16(), offset);
            case STR32, BIN32 -> need(next32(), offset);
            case NIL -> NIL;
            default -> throw unexpected(header, "text or bytes", offset);
        };
    }

    /** One value of any type, and all that is in it. */
    void skip() {
        skip(0);
    }

    private void skip(int depth) {
        int offset = at;
        int header = next();
        switch (format(header)) {
            case NIL, BOOLEAN, POSFIXINT, NEGFIXINT -> {}
            case UINT8, INT8 -> skipBytes(1, offset);
            case UINT16, INT16, FIXEXT1 -> skipBytes(2, offset);
            case FIXEXT2 -> skipBytes(3, offset);
            case UINT32, INT32, FLOAT32 -> skipBytes(4, offset);
            case FIXEXT4 -> skipBytes(5, offset);
            case UINT64, INT64, FLOAT64 -> skipBytes(8, offset);
            case FIXEXT8 -> skipBytes(9, offset);
            case FIXEXT16 -> skipBytes(17, offset);
            case FIXSTR -> skipBytes(header & 0x1f, offset);
            case STR8, BIN8 -> skipBytes(next(), offset);
            case STR16, BIN16 -> skipBytes(next16(), offset);
            case STR32, BIN32 -> skipBytes(next32(), offset);
            case EXT8 -> skipBytes(next() + 1L, offset);
            case EXT16 -> skipBytes(next16() + 1L, offset);
            case EXT32 -> skipBytes(next32() + 1L, offset);
            case FIXARRAY -> skipElements(header & 0x0f, depth, offset);
            case ARRAY16 -> skipElements(next16(), depth, offset);
            case ARRAY32 -> skipElements(next32(), depth, offset);
            case FIXMAP -> skipElements(2L * (header & 0x0f), depth, offset);
            case MAP16 -> skipElements(2L * next16(), depth, offset);
            case MAP32 -> skipElements(2L * next32(), depth, offset);
            case NEVER_USED -> throw new MalformedMessageException(offset - start, "byte 0xc1, which starts no value");
        }
    }

    private void skipBytes(long length, int offset) {
        at += need(length, offset);
    }

    private void skipElements(long elements, int depth, int offset) {
        if (depth == MAX_DEPTH) {
            throw new MalformedMessageException(offset - start, "nested deeper than " + MAX_DEPTH);
        }
        atLeast(elements, offset);
        for (long i = 0; i < elements; i++) {
            skip(depth + 1);
        }
    }

    /** One message fills its input: what follows it is an error, here as in Presencejs. */
    void end() {
        if (at != end) {
            throw new MalformedMessageException(at - start, (end - at) + " bytes after the end of the message");
        }
    }

    private int byteAt(int index) {
        return (array != null ? array[index] : buffer().get(index)) & 0xff;
    }

    private ByteBuffer buffer() {
        if (buffer == null) {
            throw new AssertionError("neither array nor buffer");
        }
        return buffer;
    }

    private int next() {
        if (at == end) {
            throw endsTooEarly();
        }
        return byteAt(at++);
    }

    private int next16() {
        return next() << 8 | next();
    }

    private long next32() {
        return (long) next16() << 16 | next16();
    }

    private int need(long length, int offset) {
        if (length > end - at) {
            throw declares(length, "bytes, and ", offset);
        }
        return (int) length;
    }

    /** An element takes a byte or more, so more elements than bytes are a lie told before the first is read. */
    private void atLeast(long elements, int offset) {
        if (elements > end - at) {
            throw declares(elements, "values, and ", offset);
        }
    }

    private MalformedMessageException endsTooEarly() {
        return new MalformedMessageException(at - start, "the message ends too early");
    }

    private MalformedMessageException declares(long size, String what, int offset) {
        return new MalformedMessageException(
                offset - start, "declares " + size + " " + what + (end - at) + " bytes are left");
    }

    private MalformedMessageException unexpected(int header, String wanted, int offset) {
        return new MalformedMessageException(offset - start, format(header) + " where " + wanted + " is expected");
    }

    private static MessageFormat format(int header) {
        return MessageFormat.valueOf((byte) header);
    }
}
