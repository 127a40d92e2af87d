package dev.moitessier.prscd;

/**
 * A client's connection, implemented by the transport. The node calls it on its loop only; no call blocks. After the
 * transport has told {@link Peer#closed} all calls are ignored.
 */
interface PeerConnection {
    Kind kind();

    /** False while more than the low-water mark waits to be written: the node then coalesces presence instead of sending. */
    boolean isWritable();

    /** Takes the frame for sending, in order. */
    Sent send(Frame frame);

    /** Stops or resumes reading from the socket; a transport that cannot stop (datagrams) ignores it. */
    void reading(boolean on);

    /** Closes with a WebSocket code (WebTransport: the transport's own mapping); what was taken before is still written. */
    void close(int code, String reason);

    enum Kind {
        WEBSOCKET,
        /** One datagram per frame: lost, doubled and reordered ones are to be expected. */
        WEBTRANSPORT
    }

    enum Sent {
        TAKEN,
        /** Does not fit a datagram: dropped, this one only. */
        TOO_LARGE,
        /** Beyond the transport's hard bound on waiting bytes: dropped; the node closes a peer that must not miss it. */
        FULL
    }
}
