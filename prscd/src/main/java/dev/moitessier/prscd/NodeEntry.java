package dev.moitessier.prscd;

import java.nio.ByteBuffer;

/** One entry of the nodes' own scope. */
sealed interface NodeEntry {
    String life();

    /** The certificate: this life has ended, and all its peers with it. Appended by the store, as a farewell. */
    record Gone(String life) implements NodeEntry {}

    /** This life ends on purpose; its peers are kept for so long, since most will be back elsewhere. */
    record Drain(String life, long lingerMillis) implements NodeEntry {}

    /** Whoever appended this first calls the functions for the peers of a dead life. */
    record Functions(String life) implements NodeEntry {}

    private static byte[] encode(int type, String life, long number) {
        return new Pack(48)
                .array(4)
                .whole(1)
                .whole(type)
                .text(life)
                .whole(number)
                .bytes();
    }

    default byte[] encode() {
        if (this instanceof Drain drain) {
            return encode(1, life(), drain.lingerMillis);
        }
        return encode(this instanceof Gone ? 0 : 2, life(), 0);
    }

    static NodeEntry decode(ByteBuffer body) throws Unpack.Foreign {
        Unpack in = new Unpack(body);
        in.array(4);
        if (in.whole() != 1) {
            throw new Unpack.Foreign("unknown version");
        }
        long type = in.whole();
        String life = in.text();
        long number = in.whole();
        in.end();
        return switch ((int) type) {
            case 0 -> new Gone(life);
            case 1 -> new Drain(life, Math.min(number, 3_600_000));
            case 2 -> new Functions(life);
            default -> throw new Unpack.Foreign("unknown type " + type);
        };
    }
}
