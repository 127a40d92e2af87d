package dev.moitessier.testkit;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Beat;
import dev.moitessier.store.Broadcaster;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.HintSink;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Members;
import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.Subscribers;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import dev.moitessier.store.Unregistered;
import dev.moitessier.store.Watch;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Hands every call to another store; tests override what they want to watch or spoil. As thread-safe as that store.
 */
public abstract class ForwardingStore implements MailboxStore {
    private final MailboxStore store;

    /** Forwards to this store. */
    protected ForwardingStore(MailboxStore store) {
        this.store = store;
    }

    /** The store that does the work; asked at every call. */
    protected MailboxStore store() {
        return store;
    }

    @Override
    public Capabilities capabilities() {
        return store().capabilities();
    }

    @Override
    public List<Appended> append(List<Append> batch) {
        return store().append(batch);
    }

    @Override
    public Members members(String scope, @Nullable Set<ListenerRef> only) {
        return store().members(scope, only);
    }

    @Override
    public void open(UUID session, Duration lease) {
        store().open(session, lease);
    }

    @Override
    public Beat heartbeat(UUID session, Duration lease) {
        return store().heartbeat(session, lease);
    }

    @Override
    public Registered register(Registration registration) {
        return store().register(registration);
    }

    @Override
    public Unregistered unregister(ListenerRef listener, String subscriber, UUID registration) {
        return store().unregister(listener, subscriber, registration);
    }

    @Override
    public Subscribers subscribers(ListenerRef listener, @Nullable String after, int limit) {
        return store().subscribers(listener, after, limit);
    }

    @Override
    public void acknowledge(List<Acknowledgement> acknowledgements) {
        store().acknowledge(acknowledgements);
    }

    @Override
    public List<String> scopes(String prefix, @Nullable String after, int limit) {
        return store().scopes(prefix, after, limit);
    }

    @Override
    public List<Page> read(List<ReadRequest> requests, int maxBytes) {
        return store().read(requests, maxBytes);
    }

    @Override
    public long position(String scope, Instant at) {
        return store().position(scope, at);
    }

    @Override
    public Watch watch(HintSink sink) {
        return store().watch(sink);
    }

    @Override
    public Swept sweep(SweepPolicy policy) {
        return store().sweep(policy);
    }

    @Override
    public Optional<Broadcaster> broadcaster() {
        return store().broadcaster();
    }

    @Override
    public void close() {
        store().close();
    }
}
