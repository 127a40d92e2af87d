package dev.moitessier;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Watch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The store's hints for the scopes that somebody here reads (W1 to W5). A hint only marks a scope; who reads is the engine. */
final class Watches implements HintSink {
    private final Engine engine;
    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicReference<@Nullable Watch> watch = new AtomicReference<>();

    Watches(Engine engine) {
        this.engine = engine;
    }

    void open(MailboxStore store) {
        watch.set(store.watch(this));
    }

    /**
     * Watches it iff somebody reads it: before the first read, so that nothing falls between the two. Serial, else the end of the last
     * reader could overtake the beginning of the next; under a lock of its own, which no hint takes.
     */
    void update(LocalScope scope) {
        lock.lock();
        try {
            Watch open = watch.get();
            boolean wanted = scope.isActive();
            if (open == null || scope.watched == wanted) {
                return;
            }
            scope.watched = wanted;
            if (wanted) {
                open.add(scope.name);
            } else {
                open.remove(scope.name);
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void dirty(String scope) {
        engine.hinted(scope);
    }

    @Override
    public void allDirty() {
        engine.allHinted();
    }

    void close() {
        Watch open = watch.getAndSet(null);
        if (open != null) {
            open.close();
        }
    }
}
