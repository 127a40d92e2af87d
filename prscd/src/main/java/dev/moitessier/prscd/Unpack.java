package dev.moitessier.prscd;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads what {@link Pack} writes, from bytes that anybody may have appended: whatever is cut short, of another type or
 * declares more than there is ends in {@link Foreign}, and nothing is allocated that the input does not hold.
 */
final class Unpack {
    private final ByteBuffer in;

    Unpack(ByteBuffer body) {
        in = body.duplicate();
    }

    /** Not what a node writes. */
    static final class Foreign extends Exception {
        private static final long serialVersionUID = 1;

        Foreign(String message) {
            super(message, null, false, false);
        }
    }

    interface Element<T> {
        T read(Unpack in) throws Foreign;
    }

    int array() throws Foreign {
        int head = next();
        int size =
                head >> 4 == 0x9 ? head & 0x0f : head == 0xdc ? (int) number(2) : head == 0xdd ? (int) number(4) : -1;
        // An element has at least one byte.
        if (size < 0 || size > in.remaining()) {
            throw new Foreign("no array, or one larger than the entry");
        }
        return size;
    }

    void array(int size) throws Foreign {
        if (array() != size) {
            throw new Foreign("no array of " + size);
        }
    }

    <T> List<T> list(Element<T> element) throws Foreign {
        int size = array();
        List<T> list = new ArrayList<>(Math.min(size, 1024));
        for (int i = 0; i < size; i++) {
            list.add(element.read(this));
        }
        return list;
    }

    long whole() throws Foreign {
        int head = next();
        long value = head <= 0x7f ? head : head == 0xce ? number(4) : head == 0xcf ? number(8) : -1;
        if (value < 0) {
            throw new Foreign("no number");
        }
        return value;
    }

    String text() throws Foreign {
        int head = next();
        long length = head >> 5 == 0x5
                ? head & 0x1f
                : head == 0xd9 ? number(1) : head == 0xda ? number(2) : head == 0xdb ? number(4) : -1;
        return new String(take(length), StandardCharsets.UTF_8);
    }

    byte[] binary() throws Foreign {
        int head = next();
        return take(head == 0xc4 ? number(1) : head == 0xc5 ? number(2) : head == 0xc6 ? number(4) : -1);
    }

    void end() throws Foreign {
        if (in.hasRemaining()) {
            throw new Foreign(in.remaining() + " bytes behind the end");
        }
    }

    private byte[] take(long length) throws Foreign {
        if (length < 0 || length > in.remaining()) {
            throw new Foreign("no text or bytes, or cut short");
        }
        byte[] taken = new byte[(int) length];
        in.get(taken);
        return taken;
    }

    private int next() throws Foreign {
        if (!in.hasRemaining()) {
            throw new Foreign("cut short");
        }
        return in.get() & 0xff;
    }

    private long number(int width) throws Foreign {
        long value = 0;
        for (int i = 0; i < width; i++) {
            value = value << 8 | next();
        }
        return value;
    }
}
