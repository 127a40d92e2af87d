package dev.moitessier.store.postgres;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.Watch;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.jdbc.PgConnection;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Wake-ups. Within the process they are direct; between processes they are NOTIFY, sent after the append's commit in a transaction
 * of its own: NOTIFY takes a lock of the whole database that is held through the commit, so within the append it would undo group
 * commit for everybody.
 *
 * <p>A hint names scopes by their hash, or all. It may be lost with the process that was about to send it; then the reader's next
 * poll finds the entry. Nothing is sent while no other process listens, which a shared advisory lock of each listener tells.
 */
final class Hints implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Hints.class);
    /** Between two NOTIFYs of a process; the first after a pause goes at once. */
    private static final long THROTTLE = TimeUnit.MILLISECONDS.toNanos(5);
    /** A payload must be shorter than 8,000 bytes; a hash takes up to 14 and its comma. */
    private static final int HASHES = 500;

    private static final int SILENCE_MILLIS = 2_000;
    private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(1);
    /** How long the knowledge that somebody else listens is used before it is asked for again. */
    private static final long KNOWN = TimeUnit.SECONDS.toNanos(1);

    /** Parameters: channel and payload. */
    static final String NOTIFY = "select pg_notify(?, ?)";

    private static final String HELLO = "hello";
    private static final String ALL = "*";

    private final Database database;
    private final Dedicated dedicated;
    private final String channel;
    private final long listenerLock;
    private final boolean push;
    private final String node = Long.toString(ThreadLocalRandom.current().nextLong(1L << 40), Character.MAX_RADIX);
    private final Set<LocalWatch> watches = ConcurrentHashMap.newKeySet();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private Set<Long> dirty = new LinkedHashSet<>();
    private boolean allDirty;
    /** The notifier looks by itself when the next NOTIFY may go; to wake it before would cost each append a change of threads. */
    private boolean throttled;

    /** When the next NOTIFY may go. */
    private long notBefore = System.nanoTime();

    private @Nullable Thread notifier;
    private @Nullable Thread listener;
    private volatile @Nullable Connection listening;
    /** Process id of the server's side of {@link #listening}; 0: not listening. */
    private volatile int listeningPid;

    private String laneChannel = "";
    private Consumer<String> lane = payload -> {};
    private volatile boolean closed;
    private volatile long othersUntil = System.nanoTime();
    /** While this process listens, whoever comes says hello: until then that nobody else listens stays true. */
    private volatile boolean alone;

    private final AtomicLong hellos = new AtomicLong();

    Hints(Database database, Naming naming, Dedicated dedicated, boolean push) {
        this.database = database;
        this.dedicated = dedicated;
        this.push = push;
        channel = naming.channel("hint");
        listenerLock = ScopeHash.of(channel);
    }

    Watch watch(HintSink sink) {
        LocalWatch watch = new LocalWatch(sink, watches::remove, this::later);
        watches.add(watch);
        startListening();
        if (closed) {
            watch.close();
            throw new StoreException.Closed(false);
        }
        return watch;
    }

    /** What tells the others of a scope, with {@link #NOTIFY}. */
    record Notice(String channel, String payload) {}

    /**
     * What whoever is about to append to this scope has to send himself, right after the commit and over the same connection: so it
     * wakes whoever listens without another change of threads, here and at the server. Empty if the notifier does it: nobody listens,
     * or a hint was sent a moment ago.
     */
    Optional<Notice> notice(String scope) {
        return mayGo()
                ? Optional.of(new Notice(
                        channel, node + ";" + Long.toUnsignedString(ScopeHash.of(scope), Character.MAX_RADIX)))
                : Optional.empty();
    }

    /** Whether a NOTIFY may go at once, from who asks; then nobody else sends one for a while. */
    private boolean mayGo() {
        if (!push || aloneForSure() || othersUntil - System.nanoTime() <= 0) {
            return false;
        }
        lock.lock();
        try {
            long now = System.nanoTime();
            if (throttled || allDirty || !dirty.isEmpty() || notBefore - now > 0) {
                return false;
            }
            notBefore = now + THROTTLE;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Entries of these scopes are readable. */
    void readable(Set<String> scopes) {
        if (!closed) {
            List<Long> hashes = scopes.stream().map(ScopeHash::of).toList();
            hashes.forEach(this::hintWatches);
            later(hashes);
        }
    }

    /** Entries of one scope are readable; {@code told}: the other processes have been told. */
    void readable(String scope, boolean told) {
        if (!closed) {
            long hash = ScopeHash.of(scope);
            hintWatches(hash);
            if (!told) {
                later(List.of(hash));
            }
        }
    }

    private void hintWatches(long hash) {
        for (LocalWatch watch : watches) {
            watch.hint(hash);
        }
    }

    /** Has the notifier tell the others. */
    private void later(List<Long> hashes) {
        if (push && !aloneForSure()) {
            lock.lock();
            try {
                dirty.addAll(hashes);
                if (dirty.size() > HASHES) {
                    allDirty = true;
                    dirty = new LinkedHashSet<>();
                }
                if (!throttled) {
                    wakeNotifier();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    private void later(Runnable task) {
        lock.lock();
        try {
            tasks.add(task);
            wakeNotifier();
        } finally {
            lock.unlock();
        }
    }

    private void wakeNotifier() {
        if (notifier == null && !closed) {
            notifier = Threads.daemon("moitessier-postgres-notify", this::notifyLoop);
        }
        work.signal();
    }

    // Sending

    private void notifyLoop() {
        while (!closed) {
            try {
                Runnable task = null;
                String payload = null;
                lock.lock();
                try {
                    while (!closed && tasks.isEmpty() && dirty.isEmpty() && !allDirty) {
                        work.await();
                    }
                    task = tasks.poll();
                    if (task == null && notBefore - System.nanoTime() <= 0) {
                        notBefore = System.nanoTime() + THROTTLE;
                        payload = payload();
                    }
                } finally {
                    lock.unlock();
                }
                if (task != null) {
                    task.run();
                } else {
                    if (payload != null && !closed) {
                        send(payload);
                    }
                    pause();
                }
            } catch (InterruptedException ended) {
                return;
            } catch (StoreException failure) {
                // The entries are there; whoever waits for them finds them by polling.
                LOG.debug("a hint was not sent", failure);
            }
        }
    }

    /** Runs what need not wait until the next NOTIFY may go. */
    private void pause() throws InterruptedException {
        boolean over = false;
        while (!over && !closed) {
            Runnable task = null;
            lock.lockInterruptibly();
            try {
                long left = notBefore - System.nanoTime();
                over = left <= 0;
                task = tasks.poll();
                if (!over && task == null) {
                    throttled = true;
                    work.awaitNanos(left);
                }
            } finally {
                throttled = false;
                lock.unlock();
            }
            if (task != null) {
                task.run();
            }
        }
    }

    private @Nullable String payload() {
        if (allDirty) {
            allDirty = false;
            dirty = new LinkedHashSet<>();
            return ALL;
        }
        if (dirty.isEmpty()) {
            return null;
        }
        StringBuilder payload = new StringBuilder();
        for (long hash : dirty) {
            payload.append(payload.isEmpty() ? "" : ",").append(Long.toUnsignedString(hash, Character.MAX_RADIX));
        }
        dirty = new LinkedHashSet<>();
        return payload.toString();
    }

    private void send(String payload) {
        boolean known = othersUntil - System.nanoTime() > 0;
        int pid = listeningPid;
        long before = hellos.get();
        boolean sent = database.call("send a hint", false, connection -> send(connection, payload, known));
        if (sent) {
            if (!known) {
                othersUntil = System.nanoTime() + KNOWN;
            }
        } else {
            lock.lock();
            try {
                alone = pid != 0 && pid == listeningPid && before == hellos.get();
            } finally {
                lock.unlock();
            }
        }
    }

    /** False: nobody else listens. Nothing is written, so nothing waits for the disk. */
    private boolean send(Database.Borrowed connection, String payload, boolean known) throws SQLException {
        try (PreparedStatement statement = connection.prepare(known ? NOTIFY : NOTIFY + ifOthers())) {
            statement.setString(1, channel);
            statement.setString(2, node + ";" + payload);
            try (ResultSet row = statement.executeQuery()) {
                return row.next();
            }
        }
    }

    private String ifOthers() {
        return " from (" + othersQuery() + ") o where o.others > 0";
    }

    private String othersQuery() {
        long key = listenerLock;
        return "select count(*) as others from pg_catalog.pg_locks where locktype = 'advisory' and objsubid = 1 and granted and classid = "
                + (key >>> 32) + " and objid = " + (key & 0xffff_ffffL)
                + " and database = (select oid from pg_catalog.pg_database where datname = current_database()) and pid <> "
                + listeningPid;
    }

    private boolean aloneForSure() {
        return alone && listeningPid != 0;
    }

    /** Whether another process listens; exact at the time of asking. */
    boolean othersListen() {
        if (aloneForSure()) {
            return false;
        }
        if (othersUntil - System.nanoTime() > 0) {
            return true;
        }
        boolean others = database.call("look for listeners", false, connection -> {
            try (Statement statement = connection.connection().createStatement();
                    ResultSet row = statement.executeQuery(othersQuery())) {
                return row.next() && row.getLong(1) > 0;
            }
        });
        if (others) {
            othersUntil = System.nanoTime() + KNOWN;
        }
        return others;
    }

    // Receiving

    /** Hands notifications of the volatile lane to it. */
    void lane(String channel, Consumer<String> receiver) {
        laneChannel = channel;
        lane = receiver;
    }

    void startListening() {
        lock.lock();
        try {
            if (push && listener == null && !closed) {
                listener = Threads.daemon("moitessier-postgres-listen", this::listenLoop);
            }
        } finally {
            lock.unlock();
        }
    }

    private void listenLoop() {
        Duration backoff = Duration.ofMillis(50);
        boolean told = false;
        while (!closed) {
            try (Connection connection = dedicated.connect()) {
                PgConnection driver = connection.unwrap(PgConnection.class);
                listen(connection, driver);
                if (told) {
                    LOG.info("listening for hints again");
                }
                told = false;
                backoff = Duration.ofMillis(50);
                // Whatever came before LISTEN was in force: read it (W4).
                watches.forEach(LocalWatch::hintAll);
                receive(driver);
            } catch (SQLException | StoreException failure) {
                if (!closed && !told) {
                    LOG.warn(
                            "hints from other processes are lost until the connection is back; entries are found by polling",
                            failure);
                    told = true;
                }
            } finally {
                listeningPid = 0;
                alone = false;
                listening = null;
            }
            if (!closed && !Threads.sleep(backoff)) {
                return;
            }
            backoff = backoff.compareTo(LONGEST_BACKOFF) < 0 ? backoff.multipliedBy(2) : LONGEST_BACKOFF;
        }
    }

    private void listen(Connection connection, PgConnection driver) throws SQLException {
        listening = connection;
        if (closed) {
            return;
        }
        // Within a transaction the driver would return from its wait at once, with nothing.
        connection.setAutoCommit(true);
        driver.setNetworkTimeout(Runnable::run, (int) database.callLimit().toMillis());
        try (Statement statement = connection.createStatement()) {
            statement.execute("listen \"" + channel + "\"");
            if (!laneChannel.isEmpty()) {
                statement.execute("listen \"" + laneChannel + "\"");
            }
            try (ResultSet row =
                    statement.executeQuery("select pg_advisory_lock_shared(" + listenerLock + "), pg_backend_pid()")) {
                row.next();
                alone = false;
                listeningPid = row.getInt(2);
            }
            statement.execute("select pg_notify('" + channel + "', '" + node + ";" + HELLO + "')");
        }
    }

    private void receive(PgConnection driver) throws SQLException {
        PGConnection notifications = driver;
        while (!closed) {
            PGNotification[] received = notifications.getNotifications(SILENCE_MILLIS);
            if (received == null || received.length == 0) {
                // An empty answer is the same whether nothing came or nobody is there any more.
                if (!closed && !driver.isValid(1)) {
                    throw new SQLException("the connection for hints is dead", "08006");
                }
            } else {
                for (PGNotification notification : received) {
                    if (notification.getName().equals(channel)) {
                        received(notification.getParameter());
                    } else {
                        lane.accept(notification.getParameter());
                    }
                }
            }
        }
    }

    private void received(String payload) {
        int cut = payload.indexOf(';');
        String sender = payload.substring(0, Math.max(0, cut));
        String what = payload.substring(cut + 1);
        if (sender.equals(node)) {
            return;
        }
        switch (what) {
            case HELLO -> hello();
            case ALL -> watches.forEach(LocalWatch::hintAll);
            default -> {
                for (String hash : what.split(",", -1)) {
                    long scope = Long.parseUnsignedLong(hash, Character.MAX_RADIX);
                    hintWatches(scope);
                }
            }
        }
    }

    /** Somebody listens now; what was appended while this process thought itself alone is hinted at once, as a whole. */
    private void hello() {
        lock.lock();
        try {
            hellos.incrementAndGet();
            if (alone) {
                alone = false;
                allDirty = true;
                wakeNotifier();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        closed = true;
        Thread waiting;
        lock.lock();
        try {
            work.signalAll();
            waiting = notifier;
        } finally {
            lock.unlock();
        }
        watches.forEach(LocalWatch::close);
        Connection connection = listening;
        if (connection != null) {
            try {
                connection.abort(Runnable::run);
            } catch (SQLException broken) {
                LOG.debug("the connection for hints broke while it was aborted", broken);
            }
        }
        Threads.end(waiting);
        Threads.end(listener);
    }
}
