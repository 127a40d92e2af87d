package dev.moitessier.prscd;

/** What a transport tells about one client, in the order it happened; calls of one connection are serial and never block. */
interface PeerEvents {
    /** One whole message; the array belongs to the callee from now on. */
    void received(byte[] message);

    /** {@link PeerConnection#isWritable} is true again. */
    void writable();

    /** The end, exactly once. */
    void closed(Departure departure);
}
