package com.example.sqlite;

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
import dev.moitessier.store.parts.Contents;
import dev.moitessier.store.parts.Paging;
import dev.moitessier.store.parts.Times;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A store in one SQLite file, for the processes of one machine. Thread-safe. What was acknowledged is on the disk: each commit is
 * flushed. Processes find each other's appends by polling the file, which costs next to nothing while nothing happens. The file must
 * be on a local disk: SQLite's locks do not hold on network file systems.
 */
public final class SqliteStore implements MailboxStore {
    static final String NAME = "sqlite";
    static final Duration CALL_LIMIT = Duration.ofSeconds(10);
    static final Duration MAX_REMEMBER = Duration.ofDays(1);

    private static final String BEAT =
            "update session set beat = beat + 1, lease = ? where session = ? and ended is null";
    private static final String LIVE =
            "select name from scope where mailboxes > 0 and name >= ? and name > ? order by name limit ?";

    private final Capabilities capabilities;
    private final Time time;
    private final Database database;
    private final Hints hints;
    private final Sweeper sweeper;

    SqliteStore(Path file, Duration callLimit, Time time) {
        capabilities = new Capabilities(
                NAME,
                Durability.DURABLE,
                true,
                false,
                Optional.empty(),
                false,
                1 << 20,
                8 << 20,
                4_000,
                64 << 10,
                256,
                MAX_REMEMBER,
                callLimit);
        this.time = time;
        hints = new Hints();
        database = new Database(file, time, callLimit, hints::appended);
        hints.follow(database);
        sweeper = new Sweeper(database, time, callLimit);
    }

    /**
     * Opens the file, which is made if there is none.
     *
     * @throws StoreException.Misconfigured if it is no SQLite file, or another application's
     * @throws StoreException.Unavailable if it cannot be read or written
     */
    public static SqliteStore open(Path file) {
        return new SqliteStore(file, CALL_LIMIT, Time.SYSTEM);
    }

    @Override
    public Capabilities capabilities() {
        return capabilities;
    }

    // Sessions

    @Override
    public void open(UUID session, Duration lease) {
        if (lease.isZero() || lease.isNegative()) {
            throw new IllegalArgumentException("lease must be positive: " + lease);
        }
        database.write(sql -> {
            sql.update("insert or ignore into session values (?, 0, ?, null)", session, Times.micros(lease));
            Mailboxes.ensureLives(sql, session);
            return true;
        });
    }

    @Override
    public Beat heartbeat(UUID session, Duration lease) {
        if (lease.isNegative()) {
            throw new IllegalArgumentException("lease is negative: " + lease);
        }
        if (lease.isZero()) {
            sweeper.end(session);
            return new Beat(false, time.wall().instant());
        }
        Instant at = time.wall().instant();
        boolean alive = database.write(sql -> sql.update(BEAT, Times.micros(lease), session) > 0);
        return new Beat(alive, at);
    }

    // Mailboxes and subscribers

    @Override
    public Registered register(Registration registration) {
        capabilities.check(registration);
        return database.write(sql -> Mailboxes.register(sql, registration));
    }

    @Override
    public Unregistered unregister(ListenerRef listener, String subscriber, UUID registration) {
        return database.write(sql -> Mailboxes.unregister(sql, listener, subscriber, registration));
    }

    @Override
    public void acknowledge(List<Acknowledgement> acknowledgements) {
        database.write(sql -> {
            for (Acknowledgement each : acknowledgements) {
                Mailboxes.acknowledge(sql, each);
            }
            return true;
        });
    }

    @Override
    public Subscribers subscribers(ListenerRef listener, @Nullable String after, int limit) {
        checkLimit(limit);
        return database.read(sql -> Mailboxes.subscribers(sql, listener, after == null ? "" : after, limit));
    }

    @Override
    public Members members(String scope, @Nullable Set<ListenerRef> only) {
        return database.read(sql -> Mailboxes.members(sql, scope, only));
    }

    /** In the order of the bytes of UTF-8, in which the names with a prefix follow each other. */
    @Override
    public List<String> scopes(String prefix, @Nullable String after, int limit) {
        checkLimit(limit);
        return database
                .read(sql -> sql.list(LIVE, row -> row.getString(1), prefix, after == null ? "" : after, limit))
                .stream()
                .takeWhile(name -> name.startsWith(prefix))
                .toList();
    }

    // Appending

    @Override
    public List<Appended> append(List<Append> batch) {
        try {
            capabilities.check(batch);
            List<Log.Element> elements = batch.stream().map(this::element).toList();
            return database.write(sql -> {
                List<Appended> answers = new ArrayList<>(elements.size());
                for (Log.Element element : elements) {
                    answers.add(Log.append(sql, element));
                }
                return List.copyOf(answers);
            });
        } catch (StoreException.Closed | StoreException.Misconfigured e) {
            throw e;
        } catch (StoreException e) {
            // One transaction for all: none of them was written, or nobody knows (B3).
            return Appended.Failed.all(batch, e);
        }
    }

    /** Checked and encoded by the caller's thread, so that the writer's has less to do. */
    private Log.Element element(Append append) {
        try {
            capabilities.check(append);
            return new Log.Element(append, Contents.write(append.content()), null);
        } catch (StoreException.Rejected e) {
            return new Log.Element(append, new byte[0], new Appended.Failed(e));
        }
    }

    // Reading

    @Override
    public List<Page> read(List<ReadRequest> requests, int maxBytes) {
        return database.read(sql -> {
            Paging paging = new Paging(maxBytes);
            List<Page> pages = new ArrayList<>(requests.size());
            for (ReadRequest request : requests) {
                pages.add(Log.page(sql, request, paging));
            }
            return List.copyOf(pages);
        });
    }

    @Override
    public long position(String scope, Instant at) {
        // A position is never below its entry's microsecond, whatever the clock did.
        return database.read(sql -> {
            Log.Scope found = Log.scope(sql, scope);
            return found == null ? 0 : Math.max(0, Math.min(found.head(), Times.micros(at) - 1));
        });
    }

    // Hints, housekeeping, the end

    @Override
    public Watch watch(HintSink sink) {
        return database.read(sql -> hints.open(sink));
    }

    @Override
    public Swept sweep(SweepPolicy policy) {
        return sweeper.sweep(policy);
    }

    @Override
    public void close() {
        database.close();
        hints.close();
    }

    private static void checkLimit(int limit) {
        if (limit < 1) {
            throw new IllegalArgumentException("limit must be at least 1: " + limit);
        }
    }
}
