package dev.moitessier.psig;

import java.nio.ByteBuffer;
import org.msgpack.core.MessagePack.Code;

/** Writes MessagePack in its shortest forms, as Go's encoder does, into an array that is long enough. */
final class MessageWriter {
    final byte[] array;
    private int at;

    MessageWriter(byte[] array, int from) {
        this.array = array;
        this.at = from;
    }

    /** A map header for up to 15 pairs. */
    MessageWriter map(int pairs) {
        array[at++] = (byte) (Code.FIXMAP_PREFIX | pairs);
        return this;
    }

    MessageWriter raw(byte[] encoded) {
        return raw(encoded, 0, encoded.length);
    }

    MessageWriter raw(byte[] source, int from, int length) {
        System.arraycopy(source, from, array, at, length);
        at += length;
        return this;
    }

    /** Text of this {@link #textLength}. */
    MessageWriter text(String text, int length) {
        if (length < 32) {
            array[at++] = (byte) (Code.FIXSTR_PREFIX | length);
        } else {
            header(Code.STR8, Code.STR16, Code.STR32, length);
        }
        utf8(text, length);
        return this;
    }

    MessageWriter bytes(ByteBuffer bytes) {
        int length = bytes.remaining();
        header(Code.BIN8, Code.BIN16, Code.BIN32, length);
        bytes.get(bytes.position(), array, at, length);
        at += length;
        return this;
    }

    private void header(byte for8, byte for16, byte for32, int length) {
        if (length < 0x100) {
            array[at++] = for8;
        } else if (length < 0x1_0000) {
            array[at++] = for16;
            array[at++] = (byte) (length >> 8);
        } else {
            array[at++] = for32;
            array[at++] = (byte) (length >> 24);
            array[at++] = (byte) (length >> 16);
            array[at++] = (byte) (length >> 8);
        }
        array[at++] = (byte) length;
    }

    private void utf8(String text, int length) {
        if (text.length() == length) {
            for (int i = 0; i < length; i++) {
                array[at + i] = (byte) text.charAt(i);
            }
            at += length;
        } else {
            beyondAscii(text);
        }
    }

    private void beyondAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c < 0x80) {
                array[at++] = (byte) c;
            } else if (c < 0x800) {
                array[at++] = (byte) (0xc0 | (c >> 6));
                array[at++] = (byte) (0x80 | (c & 0x3f));
            } else if (!Character.isSurrogate(c)) {
                array[at++] = (byte) (0xe0 | (c >> 12));
                array[at++] = (byte) (0x80 | ((c >> 6) & 0x3f));
                array[at++] = (byte) (0x80 | (c & 0x3f));
            } else {
                int point = Character.toCodePoint(c, text.charAt(++i));
                array[at++] = (byte) (0xf0 | (point >> 18));
                array[at++] = (byte) (0x80 | ((point >> 12) & 0x3f));
                array[at++] = (byte) (0x80 | ((point >> 6) & 0x3f));
                array[at++] = (byte) (0x80 | (point & 0x3f));
            }
        }
    }

    /** The bytes that a text takes with its header. */
    static long textSize(int length) {
        return (length < 32 ? 1 : headerSize(length)) + (long) length;
    }

    /** The bytes that a payload takes with its header. */
    static long bytesSize(int length) {
        return headerSize(length) + (long) length;
    }

    private static int headerSize(int length) {
        return length < 0x100 ? 2 : length < 0x1_0000 ? 3 : 5;
    }

    /** The bytes of a text in UTF-8, without header. */
    static int textLength(String text) {
        int chars = text.length();
        int i = 0;
        while (i < chars && text.charAt(i) < 0x80) {
            i++;
        }
        return i == chars ? chars : textLength(text, i);
    }

    private static int textLength(String text, int ascii) {
        int chars = text.length();
        long length = ascii;
        for (int i = ascii; i < chars; i++) {
            char c = text.charAt(i);
            if (c < 0x80) {
                length++;
            } else if (c < 0x800) {
                length += 2;
            } else if (!Character.isSurrogate(c)) {
                length += 3;
            } else if (Character.isHighSurrogate(c) && i + 1 < chars && Character.isLowSurrogate(text.charAt(i + 1))) {
                length += 4;
                i++;
            } else {
                throw new IllegalArgumentException("unpaired surrogate at index " + i + ": not to be written as UTF-8");
            }
        }
        return arraySize(length);
    }

    /** An array holds no more. */
    static int arraySize(long length) {
        if (length > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(length + " bytes: more than fit in one message");
        }
        return (int) length;
    }
}
