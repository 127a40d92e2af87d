package dev.moitessier.store.redis;

import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hints of scopes that are appended to again and again while there is much to do. The first of a scope goes with its append, as that
 * of every append that goes alone; those of the next moment go as one, at its end, so that neither the server nor the readers are
 * woken for each. What is lost with the process before that is found by the readers' next poll (W1).
 */
final class Repeats implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Repeats.class);
    private static final Duration MOMENT = Duration.ofMillis(5);
    private static final int PLACES = 1_024;

    private final Shards shards;
    private final Channels channels;
    /** A scope that meets another at its place is published at once, which is always right. */
    private final AtomicReferenceArray<@Nullable Told> told = new AtomicReferenceArray<>(PLACES);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private Set<String> due = new LinkedHashSet<>();
    private @Nullable Thread sender;
    private volatile boolean closed;

    Repeats(Shards shards, Channels channels) {
        this.shards = shards;
        this.channels = channels;
    }

    /** A scope, and when it was published last. */
    private record Told(String scope, long nanos) {}

    /** Whether the scope was not published in the last moment; who asks does so now. */
    boolean first(Scope scope) {
        long now = System.nanoTime();
        Told last = told.get(place(scope.name()));
        if (last != null && last.scope.equals(scope.name()) && now - last.nanos < MOMENT.toNanos()) {
            return false;
        }
        told.set(place(scope.name()), new Told(scope.name(), now));
        return true;
    }

    /** Publishes these scopes when the moment is over. */
    void later(Collection<String> scopes) {
        if (scopes.isEmpty() || closed) {
            return;
        }
        lock.lock();
        try {
            if (due.isEmpty()) {
                if (sender == null) {
                    sender = Threads.daemon("moitessier-redis-hint", this::sendLoop);
                }
                work.signal();
            }
            due.addAll(scopes);
        } finally {
            lock.unlock();
        }
    }

    private void sendLoop() {
        while (!closed && awaitDue() && Threads.sleep(MOMENT)) {
            send(takeDue());
        }
    }

    /** False: interrupted. */
    private boolean awaitDue() {
        lock.lock();
        try {
            while (due.isEmpty()) {
                work.await();
            }
            return true;
        } catch (InterruptedException ended) {
            return false;
        } finally {
            lock.unlock();
        }
    }

    private Set<String> takeDue() {
        lock.lock();
        try {
            Set<String> now = due;
            due = new LinkedHashSet<>();
            return now;
        } finally {
            lock.unlock();
        }
    }

    private void send(Set<String> scopes) {
        List<Call> calls = new ArrayList<>(scopes.size());
        long now = System.nanoTime();
        for (String name : scopes) {
            Scope scope = Scope.of(name);
            told.set(place(name), new Told(name, now));
            calls.add(Call.of(scope.shard(), channels.publishCommand())
                    .key(channels.channel(Channels.Kind.HINT, scope))
                    .arg(channels.origin()));
        }
        try {
            for (Outcome outcome : shards.all("publish hints", false, calls)) {
                if (outcome.failure() != null) {
                    LOG.debug("a hint was not sent", outcome.failure());
                }
            }
        } catch (StoreException failure) {
            LOG.debug("hints were not sent", failure);
        }
    }

    private static int place(String scope) {
        int hash = scope.hashCode();
        return (hash ^ (hash >>> 15)) & (PLACES - 1);
    }

    @Override
    public void close() {
        closed = true;
        Thread sending;
        lock.lock();
        try {
            sending = sender;
        } finally {
            lock.unlock();
        }
        Threads.end(sending);
    }
}
