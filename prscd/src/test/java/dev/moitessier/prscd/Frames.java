package dev.moitessier.prscd;

import dev.moitessier.psig.Signalling;

/** Frames for tests. */
final class Frames {
    private Frames() {}

    /** A data signalling with these bytes as payload. */
    static Frame of(byte[] payload) {
        return Frame.of(Signalling.of("data", "", "room").withPayload(payload));
    }
}
