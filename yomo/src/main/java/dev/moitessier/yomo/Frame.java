package dev.moitessier.yomo;

/**
 * What goes over the one stream between a client and a zipper. A field that is absent on the wire is "" or empty, as in
 * Go. Arrays are not copied.
 */
sealed interface Frame {
    /** The low seven bits of the first byte on the wire. */
    int type();

    /** The first frame of a client. Unknown to older zippers, and ignored by them: version, target, definition. */
    record Handshake(
            String name,
            String id,
            byte clientType,
            int[] observedTags,
            String authName,
            String authPayload,
            String version,
            byte[] functionDefinition,
            String wantedTarget)
            implements Frame {
        static final int TYPE = 0x31;

        @Override
        public int type() {
            return TYPE;
        }
    }

    /** The zipper accepts the client. */
    record HandshakeAck() implements Frame {
        static final int TYPE = 0x29;

        @Override
        public int type() {
            return TYPE;
        }
    }

    /** The zipper does not want this client, now or later. */
    record Rejected(String message) implements Frame {
        static final int TYPE = 0x39;

        @Override
        public int type() {
            return TYPE;
        }
    }

    /** The zipper gives this connection up. */
    record Goaway(String message) implements Frame {
        static final int TYPE = 0x2E;

        @Override
        public int type() {
            return TYPE;
        }
    }

    /** The zipper wants the client to go to another one. */
    record ConnectTo(String endpoint) implements Frame {
        static final int TYPE = 0x3E;

        @Override
        public int type() {
            return TYPE;
        }
    }

    /**
     * Data under a tag.
     *
     * @param tag as an unsigned int
     * @param metadata a map of texts in MessagePack, or empty
     */
    record Data(int tag, byte[] metadata, byte[] payload) implements Frame {
        static final int TYPE = 0x3F;

        @Override
        public int type() {
            return TYPE;
        }
    }
}
