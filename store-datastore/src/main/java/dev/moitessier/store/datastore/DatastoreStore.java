package dev.moitessier.store.datastore;

import static java.util.Objects.requireNonNull;

import com.google.cloud.ServiceOptions;
import com.google.cloud.datastore.Datastore;
import com.google.cloud.datastore.DatastoreOptions;
import com.google.cloud.http.HttpTransportOptions;
import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Beat;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Durability;
import dev.moitessier.store.HintSink;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Members;
import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoreException;
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
 * A store on Google Cloud Datastore, which is Firestore in Datastore mode today. Thread-safe; one for each process is enough. It
 * needs no index and no set-up: what it writes has kinds that begin with {@code Moitessier}, in the namespace of the given client.
 *
 * <pre>{@code
 * Datastore datastore = DatastoreOptions.getDefaultInstance().getService();
 * Moitessier moitessier = Moitessier.on(DatastoreStore.create(datastore));
 * }</pre>
 *
 * <p>The client that is handed in stays the caller's. The store makes another one with its project, database, namespace, credentials
 * and host, over HTTP and without the client's own retries, which would outlast every limit and hide whether a commit can have
 * happened.
 *
 * <p>Datastore wakes nobody: listeners of the appending process are told at once, those of others poll, or hear by a
 * {@link HintTransport}.
 */
public final class DatastoreStore implements MailboxStore {
    static final String NAME = "datastore";

    static final int MAX_APPEND = 4 << 20;

    private static final int KIB = 1_024;
    private static final Duration MAX_REMEMBER = Duration.ofDays(1);

    private final Capabilities capabilities;
    private final Calls calls;
    private final Appends appends;
    private final Mailboxes mailboxes;
    private final Sessions sessions;
    private final Reads reads;
    private final Sweeper sweeper;
    private final Hints hints;

    private DatastoreStore(Builder builder) {
        HintTransport transport = builder.transport;
        capabilities = new Capabilities(
                NAME,
                Durability.DURABLE,
                true,
                false,
                transport == null ? Optional.empty() : transport.bound(),
                false,
                KIB * KIB,
                MAX_APPEND,
                1_000,
                64 * KIB,
                500,
                MAX_REMEMBER,
                builder.callLimit);
        Clocks clocks = builder.clocks;
        calls = new Calls(client(builder.datastore, builder.callLimit), builder.callLimit);
        Keys keys = new Keys(calls.datastore());
        Log log = new Log(keys, builder.timeToLive);
        hints = new Hints(transport);
        appends = new Appends(calls, keys, log, clocks, capabilities, hints::readable);
        Departures departures = new Departures(keys, clocks, appends);
        mailboxes = new Mailboxes(calls, keys, clocks, appends.lanes(), departures, hints::readable);
        sessions = new Sessions(calls, keys, clocks, appends.lanes(), departures, hints::readable);
        reads = new Reads(calls, keys, clocks, log);
        sweeper = new Sweeper(
                calls,
                keys,
                clocks,
                log,
                appends.lanes(),
                sessions,
                departures,
                reads,
                MAX_REMEMBER,
                builder.retentionPause,
                hints::readable);
    }

    /** The same database through a client that fails at once, so that it is the store that decides what to try again. */
    private static Datastore client(Datastore given, Duration callLimit) {
        DatastoreOptions options = given.getOptions();
        HttpTransportOptions transport = options.getTransportOptions() instanceof HttpTransportOptions http
                ? http
                : DatastoreOptions.getDefaultHttpTransportOptions();
        int half = (int) Math.max(1, callLimit.toMillis() / 2);
        return options.toBuilder()
                .setRetrySettings(ServiceOptions.getNoRetrySettings())
                .setTransportOptions(transport.toBuilder()
                        .setConnectTimeout(Math.min(half, 3_000))
                        .setReadTimeout(half)
                        .build())
                .build()
                .getService();
    }

    // Opening

    /**
     * Opens a store through this client's project, database and namespace.
     *
     * @throws StoreException.Misconfigured if they cannot be used; the message says what to look at, and nothing is left open
     * @throws StoreException.Unavailable if Datastore cannot be reached
     */
    public static DatastoreStore create(Datastore datastore) {
        return builder(datastore).open();
    }

    /** A store to be told more. */
    public static Builder builder(Datastore datastore) {
        return new Builder(requireNonNull(datastore, "datastore"));
    }

    /** What can be told before a store is opened. Not thread-safe. */
    public static final class Builder {
        private final Datastore datastore;
        private Duration callLimit = Duration.ofSeconds(10);
        private Duration retentionPause = Duration.ofMinutes(15);
        private @Nullable Duration timeToLive;
        private @Nullable HintTransport transport;
        private Clocks clocks = Clocks.system();

        private Builder(Datastore datastore) {
            this.datastore = datastore;
        }

        /** After this each call ends as {@link StoreException.Unavailable} (E3). Default 10 s. */
        public Builder callLimit(Duration callLimit) {
            if (callLimit.compareTo(Duration.ofMillis(100)) < 0 || callLimit.compareTo(Duration.ofHours(1)) > 0) {
                throw new IllegalArgumentException("the call limit is 100 ms to 1 h, not " + callLimit);
            }
            this.callLimit = callLimit;
            return this;
        }

        /**
         * How long a process rests after it has looked at every scope for what its retention lets go: each look is a read, which is
         * paid for. Default 15 minutes.
         */
        public Builder retentionPause(Duration retentionPause) {
            if (retentionPause.isNegative() || retentionPause.compareTo(Duration.ofDays(7)) > 0) {
                throw new IllegalArgumentException("the pause is 0 to 7 days, not " + retentionPause);
            }
            this.retentionPause = retentionPause;
            return this;
        }

        /**
         * Gives entries a property {@code expires}, so long after they were appended, for a TTL policy of the database: a backstop
         * for what no sweep removes. Such an entry is not read any more after that time, whether it was removed or not. It must be
         * at least as long as the longest retention. Default: entries do not expire by themselves.
         */
        public Builder timeToLive(Duration timeToLive) {
            if (timeToLive.compareTo(Duration.ofMinutes(1)) < 0 || timeToLive.compareTo(Duration.ofDays(36_500)) > 0) {
                throw new IllegalArgumentException("the time to live is 1 minute to 36,500 days, not " + timeToLive);
            }
            this.timeToLive = timeToLive;
            return this;
        }

        /** Hints between processes; the store closes it. Default: none, other processes poll. */
        public Builder hints(HintTransport transport) {
            this.transport = requireNonNull(transport, "transport");
            return this;
        }

        Builder clocks(Clocks clocks) {
            this.clocks = clocks;
            return this;
        }

        /**
         * Opens the store, with one look at the database.
         *
         * @throws StoreException as {@link DatastoreStore#create}
         */
        public DatastoreStore open() {
            DatastoreStore store = new DatastoreStore(this);
            try {
                store.calls.call("open the store", call -> store.reads.states(call, List.of("open")));
            } catch (RuntimeException failure) {
                store.close();
                throw failure;
            }
            return store;
        }
    }

    // The SPI

    @Override
    public Capabilities capabilities() {
        return capabilities;
    }

    @Override
    public List<Appended> append(List<Append> batch) {
        calls.ensureOpen();
        if (batch.size() > capabilities.maxBatch()) {
            StoreException.Rejected cause = new StoreException.Rejected(
                    "a batch of " + batch.size() + " appends; the limit is " + capabilities.maxBatch());
            return batch.stream()
                    .<Appended>map(each -> new Appended.Failed(cause))
                    .toList();
        }
        return appends.append(batch);
    }

    @Override
    public Members members(String scope, @Nullable Set<ListenerRef> only) {
        return mailboxes.members(scope, only);
    }

    @Override
    public void open(UUID session, Duration lease) {
        if (lease.isZero() || lease.isNegative()) {
            throw new IllegalArgumentException("a lease must be positive: " + lease);
        }
        sessions.open(session, lease);
    }

    @Override
    public Beat heartbeat(UUID session, Duration lease) {
        if (lease.isNegative()) {
            throw new IllegalArgumentException("a lease must not be negative: " + lease);
        }
        return lease.isZero() ? sessions.end(session) : sessions.heartbeat(session, lease);
    }

    @Override
    public Registered register(Registration registration) {
        calls.ensureOpen();
        capabilities.check(registration);
        return mailboxes.register(registration);
    }

    @Override
    public Unregistered unregister(ListenerRef listener, String subscriber, UUID registration) {
        return mailboxes.unregister(listener, subscriber, registration);
    }

    @Override
    public Subscribers subscribers(ListenerRef listener, @Nullable String after, int limit) {
        checkLimit(limit);
        return mailboxes.subscribers(listener, after, limit);
    }

    @Override
    public void acknowledge(List<Acknowledgement> acknowledgements) {
        mailboxes.acknowledge(acknowledgements);
    }

    @Override
    public List<String> scopes(String prefix, @Nullable String after, int limit) {
        checkLimit(limit);
        return mailboxes.scopes(prefix, after, limit);
    }

    @Override
    public List<Page> read(List<ReadRequest> requests, int maxBytes) {
        return reads.read(requests, maxBytes);
    }

    @Override
    public long position(String scope, Instant at) {
        return reads.position(scope, at);
    }

    @Override
    public Watch watch(HintSink sink) {
        calls.ensureOpen();
        return hints.watch(requireNonNull(sink, "sink"));
    }

    @Override
    public Swept sweep(SweepPolicy policy) {
        return sweeper.sweep(policy);
    }

    /** Ends all use within a second; the client that was handed in stays open. Idempotent. */
    @Override
    public void close() {
        calls.close();
        hints.close();
    }

    private static void checkLimit(int limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("a limit must be at least 1: " + limit);
        }
    }
}
