package dev.moitessier.store.datastore;

import dev.moitessier.store.HintSink;
import java.time.Duration;
import java.util.Optional;

/**
 * Carries hints between processes, so that they need not wait for their next poll: Datastore itself tells nobody that something was
 * written. A topic of Pub/Sub does, or whatever a service has already.
 *
 * <p>A hint is a scope's name and nothing else: it says that something <em>may</em> have been appended there. It may be lost, late,
 * repeated, or come in any order, and nothing is wrong but the time (W1). It must not be early: the store publishes after the commit,
 * and a transport must not make up hints for what it was not given.
 *
 * <p>Implementations are thread-safe. The store that was given one closes it.
 */
public interface HintTransport extends AutoCloseable {
    /**
     * Hints at a scope in every process that has subscribed, this one included or not. Called after each append, on a thread of the
     * store: it must return at once and not throw. A transport that can send only so much may drop or combine.
     */
    void publish(String scope);

    /**
     * Hands over hints from now on, until {@link #close}. Called once, when the store's first watch is opened; may fail, then hints
     * of other processes are lost and readers poll.
     *
     * <p>{@link HintSink#dirty} is called for each hint. {@link HintSink#allDirty} <em>must</em> be called whenever hints may have
     * been missed: after every connect or reconnect, the first included, and when hints were dropped (W4). Both return at once.
     */
    void subscribe(HintSink receiver);

    /**
     * Bound from {@link #publish} to {@link HintSink#dirty} in another process while all is well, if the transport has one. Then the
     * store says that it pushes (W2), and readers poll only as a safety net, every 15 s. Empty: they go on polling as if there were
     * no transport, and a hint only makes them look sooner.
     */
    default Optional<Duration> bound() {
        return Optional.empty();
    }

    /** Ends both directions. After it has returned the receiver is not called any more. */
    @Override
    void close();
}
