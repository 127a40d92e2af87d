package dev.moitessier.prscd;

/**
 * What connects nodes that do not share a store, such as a YoMo zipper between nodes written in Go and in Java. At most once,
 * no order between nodes. Thread-safe.
 */
public interface MeshLink extends AutoCloseable {
    /** To all others, and back to this node. Never waits and never throws: what cannot be sent is lost. */
    void publish(int tag, byte[] message);

    /** Whether what is published now has somewhere to go. */
    boolean isConnected();

    /** Sends what was published, if that takes no longer than a second or two. Idempotent. */
    @Override
    void close();

    /** What comes from the others; called by any thread, must not block. */
    interface Receiver {
        void received(int tag, byte[] message);

        /** The link is there, for the first time or again. */
        void connected();
    }
}
