package dev.moitessier.store;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A place that keeps scopes, mailboxes and sessions. Every method keeps the numbered rules of {@code docs/store-contract.md}.
 *
 * <p>Thread-safe and blocking. A call ends within {@link Capabilities#callLimit()} as {@link StoreException.Unavailable} (E3), if
 * its thread is interrupted as {@link StoreException.Interrupted}, and once the store is closed as {@link StoreException.Closed}
 * (E4); after an exception nothing has changed, unless it says {@link StoreException#outcomeUnknown()}. What a call returned is seen
 * by every later call of any process (V1).
 */
public interface MailboxStore extends Appender, AutoCloseable {
    /** What this store can do and its limits; constant while open. */
    Capabilities capabilities();

    /**
     * Starts a session with a fresh random id (L1); repeating it while the session lives changes nothing.
     *
     * @param lease how long it lives without a heartbeat; positive
     * @throws StoreException.SessionEnded if a session with this id has ended
     */
    void open(UUID session, Duration lease);

    /**
     * Renews the lease, or ends the session with {@link Duration#ZERO}.
     *
     * @return not alive: it has ended for ever (L2); and the store's time
     */
    Beat heartbeat(UUID session, Duration lease);

    /**
     * Creates scope and mailbox if absent, then adds or takes over the subscriber, in one atomic step (I2, L4, L5).
     *
     * @throws StoreException.SessionEnded if the session has ended or was never opened (L1)
     * @throws StoreException.Rejected if a name or size is beyond a limit (N1, E6)
     */
    Registered register(Registration registration);

    /** Removes the subscriber if {@code registration} still owns it (L5); appends its farewell (L7). */
    Unregistered unregister(ListenerRef listener, String subscriber, UUID registration);

    /**
     * Subscribers by id in byte order, with the head at which the page is true (L8).
     *
     * @param after only ids after this one; null: from the first
     * @param limit at most so many; at least 1
     */
    Subscribers subscribers(ListenerRef listener, @Nullable String after, int limit);

    /** Raises acknowledged positions; entries of lost ownership are ignored (C5). One round trip where possible. */
    void acknowledge(List<Acknowledgement> acknowledgements);

    /**
     * Live scopes with this prefix, in a stable order of the store's choice (N2).
     *
     * @param after only what comes after this name in that order; null: from the first
     * @param limit at most so many; at least 1
     */
    List<String> scopes(String prefix, @Nullable String after, int limit);

    /**
     * One page per request, in order; a caught-up request costs a look at the head (R1 to R5).
     *
     * @param maxBytes bound on all pages together; the first entry of all is returned whatever its size
     */
    List<Page> read(List<ReadRequest> requests, int maxBytes);

    /** A cursor not past the head, below everything appended at or after {@code at} on the store's clock (C4). */
    long position(String scope, Instant at);

    /** Opens hints for this process; scopes are added to it (W1 to W5). */
    Watch watch(HintSink sink);

    /** One bounded piece of housekeeping (S1 to S5); safe from any number of nodes. */
    Swept sweep(SweepPolicy policy);

    /** The volatile lane, where the store has one (X1 to X7). */
    default Optional<Broadcaster> broadcaster() {
        return Optional.empty();
    }

    /** Ends all use; blocked calls fail as {@link StoreException.Closed} within a second (E4). Idempotent. */
    @Override
    void close();
}
