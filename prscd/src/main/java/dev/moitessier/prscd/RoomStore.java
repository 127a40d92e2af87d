package dev.moitessier.prscd;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What rooms need of a store, as narrow as it can be. Every call returns at once and is made on the node's loop; answers
 * and readers are called on that loop too, never from within the call itself. Each answer comes exactly once, unless the
 * process ends.
 */
interface RoomStore {
    /** Who this process is to the store now. Another id than before: the former session has ended, and others know. */
    Session session();

    /** Subscribes a life of this node to a scope. */
    void attach(Attachment attachment, Answer<Attached> answer);

    /**
     * Appends to a scope. A failure leaves open whether it was written: only the same append with the same id may follow
     * it, until one is answered.
     */
    void append(Append append, Answer<Appended> answer);

    /** The volatile lane, null if the store has none. */
    @Nullable
    Lane lane();

    /** {@code valid}: the last answered heartbeat is younger than the lease, so nobody may have declared us dead. */
    record Session(UUID id, boolean valid) {}

    /**
     * A wish to subscribe.
     *
     * @param life named by {@link Attached#subscribers}
     * @param farewell appended by the store in the step that removes this subscriber, however it goes; null: nothing
     * @param keep also keeps the mailbox when nobody is subscribed, so that nothing falls between two lives (L5a)
     */
    @SuppressWarnings("ArrayRecordComponent") // Never compared, and never changed once it is made.
    record Attachment(String scope, String life, byte @Nullable [] farewell, boolean keep) {}

    /** A subscriber; survives the end of the store's session (subscribes again by itself) until it is detached. */
    interface Attached {
        /** Lives subscribed on all nodes, and a position at which the list is true. */
        void subscribers(Answer<Present> answer);

        /** Entries behind the position (empty: behind the registration), in order, until detached. Called once. */
        void read(OptionalLong after, Reader reader);

        /** Unsubscribes; tried again until it is done. Nothing is read any more from now on. */
        void detach();
    }

    record Present(Set<String> lives, long position) {}

    interface Reader {
        void entries(List<LogRecord> page);

        /**
         * Entries were lost before they could be read. {@code reset}: the store was restored or emptied, and positions
         * start anew; else they were trimmed.
         */
        void gap(boolean reset);
    }

    /** One entry as read; {@code headers} as given to {@link Append}, {@code sender} is the person's id. */
    record LogRecord(long position, String sender, ByteBuffer body, Map<String, String> headers) {}

    @SuppressWarnings("ArrayRecordComponent") // Never compared, and never changed once it is made.
    record Append(String scope, UUID id, String sender, byte[] body, Map<String, String> headers) {}

    /** {@code heard} false: the scope has no mailbox, nothing was written. {@code duplicate}: this id was there before. */
    record Appended(boolean heard, boolean duplicate) {}

    interface Answer<T> {
        void ok(T value);

        void failed(Throwable cause);
    }

    /** Lossy broadcast between nodes. */
    interface Lane {
        int maxBytes();

        boolean publish(String topic, byte[] payload);

        /** The sink is called on the node's loop, until what is returned has been run. */
        Runnable subscribe(String topic, Consumer<ByteBuffer> sink);
    }
}
