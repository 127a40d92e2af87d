package dev.moitessier.yomo;

import java.time.Duration;

/** What a client was built with. */
record ZipperSettings(
        String name,
        byte clientType,
        int[] observedTags,
        String target,
        ZipperAddress zipper,
        String credential,
        ZipperTls tls,
        int mostFrameBytes,
        int queueFrames,
        long queueBytes,
        Overflow overflow,
        Duration answerTimeout,
        Duration leastPause,
        Duration mostPause,
        Duration closeTimeout) {
    static final byte SOURCE = 0x5F;
    static final byte STREAM_FUNCTION = 0x5D;

    /** Go's core.Version from 1.17.2 to 1.22.3; 1.16.x does not look at it. */
    private static final String SPEC_VERSION = "2024-01-03";

    Frame.Handshake handshake(String id) {
        int colon = credential.indexOf(':');
        return new Frame.Handshake(
                name,
                id,
                clientType,
                observedTags,
                credential.substring(0, Math.max(colon, 0)),
                credential.substring(colon + 1),
                SPEC_VERSION,
                new byte[0],
                target);
    }

    /** A zipper that does not know a token quotes it. */
    String withoutCredential(String said) {
        String secret = credential.substring(credential.indexOf(':') + 1);
        return secret.isEmpty() ? said : said.replace(secret, "…");
    }

    /** Without the credential. */
    @Override
    public String toString() {
        return name + " at " + zipper;
    }
}
