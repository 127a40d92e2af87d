package dev.moitessier;

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
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoredSubscriber;
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
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A real store that a test can take away or replace by another, whose hints it can lose, and whose calls it can count. */
class TestStore implements MailboxStore {
    volatile MailboxStore store;

    /** While true, every call is {@code Unavailable}. */
    volatile boolean down;
    /** While false, no hint comes through, as if each were lost. */
    volatile boolean hints = true;
    /** While true, the store says that it does not push. */
    volatile boolean pull;

    final AtomicInteger reads = new AtomicInteger();
    final AtomicInteger requests = new AtomicInteger();
    final AtomicInteger mostRequests = new AtomicInteger();
    final AtomicInteger memberCalls = new AtomicInteger();
    final ConcurrentLinkedQueue<List<Acknowledgement>> acknowledged = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<Registration> registered = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<SweepPolicy> sweeps = new ConcurrentLinkedQueue<>();
    final ConcurrentLinkedQueue<UUID> sessions = new ConcurrentLinkedQueue<>();

    TestStore(MailboxStore store) {
        this.store = store;
    }

    private void call() {
        if (down) {
            throw new StoreException.Unavailable("taken away by the test", null, false);
        }
    }

    @Override
    public Capabilities capabilities() {
        Capabilities real = store.capabilities();
        return !pull
                ? real
                : new Capabilities(
                        real.store(),
                        real.durability(),
                        real.multiProcess(),
                        real.enlists(),
                        Optional.empty(),
                        real.storeClock(),
                        real.maxBody(),
                        real.maxAppend(),
                        real.maxTexts(),
                        real.maxMetadata(),
                        real.maxBatch(),
                        real.maxRemember(),
                        real.callLimit());
    }

    @Override
    public void open(UUID session, Duration lease) {
        call();
        sessions.add(session);
        store.open(session, lease);
    }

    @Override
    public Beat heartbeat(UUID session, Duration lease) {
        call();
        return store.heartbeat(session, lease);
    }

    @Override
    public Registered register(Registration registration) {
        call();
        registered.add(registration);
        return store.register(registration);
    }

    @Override
    public Unregistered unregister(ListenerRef listener, String subscriber, UUID registration) {
        call();
        return store.unregister(listener, subscriber, registration);
    }

    @Override
    public Subscribers subscribers(ListenerRef listener, @Nullable String after, int limit) {
        call();
        return store.subscribers(listener, after, limit);
    }

    @Override
    public void acknowledge(List<Acknowledgement> acknowledgements) {
        call();
        acknowledged.add(acknowledgements);
        store.acknowledge(acknowledgements);
    }

    @Override
    public List<String> scopes(String prefix, @Nullable String after, int limit) {
        call();
        return store.scopes(prefix, after, limit);
    }

    @Override
    public List<Page> read(List<ReadRequest> asked, int maxBytes) {
        call();
        reads.incrementAndGet();
        requests.addAndGet(asked.size());
        mostRequests.accumulateAndGet(asked.size(), Math::max);
        return store.read(asked, maxBytes);
    }

    @Override
    public long position(String scope, Instant at) {
        call();
        return store.position(scope, at);
    }

    @Override
    public Watch watch(HintSink sink) {
        call();
        return store.watch(new HintSink() {
            @Override
            public void dirty(String scope) {
                if (hints) {
                    sink.dirty(scope);
                }
            }

            @Override
            public void allDirty() {
                if (hints) {
                    sink.allDirty();
                }
            }
        });
    }

    @Override
    public Swept sweep(SweepPolicy policy) {
        call();
        sweeps.add(policy);
        return store.sweep(policy);
    }

    @Override
    public Optional<Broadcaster> broadcaster() {
        return store.broadcaster();
    }

    @Override
    public List<Appended> append(List<Append> batch) {
        call();
        return store.append(batch);
    }

    @Override
    public Members members(String scope, @Nullable Set<ListenerRef> only) {
        call();
        memberCalls.incrementAndGet();
        return store.members(scope, only);
    }

    List<StoredSubscriber> subscribers(ListenerRef listener) {
        return store.subscribers(listener, null, 1_000).list();
    }

    @Override
    public void close() {
        store.close();
    }
}
