package dev.moitessier.prscd;

import dev.moitessier.psig.Signalling;

/** One encoded signalling for clients, made once and sent to many; its bytes never change. */
final class Frame {
    private final byte[] bytes;

    private Frame(byte[] bytes) {
        this.bytes = bytes;
    }

    static Frame of(Signalling signalling) {
        return new Frame(signalling.encode());
    }

    /** Not a copy: to be read, never written; may be wrapped and kept as long as the transport likes. */
    byte[] bytes() {
        return bytes;
    }

    int length() {
        return bytes.length;
    }
}
