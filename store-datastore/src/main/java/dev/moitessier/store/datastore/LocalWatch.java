package dev.moitessier.store.datastore;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.Watch;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One watch: its scopes, and a gate that is shut when it closes (W3). */
final class LocalWatch implements Watch {
    private static final Logger LOG = LoggerFactory.getLogger(LocalWatch.class);

    private final HintSink sink;
    private final Consumer<LocalWatch> ended;
    private final Consumer<Runnable> later;
    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();
    private final Set<String> scopes = ConcurrentHashMap.newKeySet();

    private volatile boolean closed;

    LocalWatch(HintSink sink, Consumer<LocalWatch> ended, Consumer<Runnable> later) {
        this.sink = sink;
        this.ended = ended;
        this.later = later;
    }

    @Override
    public void add(String scope) {
        scopes.add(scope);
        later.accept(() -> hint(scope));
    }

    @Override
    public void remove(String scope) {
        scopes.remove(scope);
    }

    void hint(String scope) {
        if (scopes.contains(scope)) {
            call(() -> sink.dirty(scope));
        }
    }

    void hintAll() {
        call(sink::allDirty);
    }

    private void call(Runnable hint) {
        gate.readLock().lock();
        try {
            if (!closed) {
                hint.run();
            }
        } catch (RuntimeException broken) {
            LOG.warn("a hint sink failed", broken);
        } finally {
            gate.readLock().unlock();
        }
    }

    @Override
    public void close() {
        closed = true;
        ended.accept(this);
        if (gate.getReadHoldCount() == 0) {
            awaitHint();
        }
    }

    private void awaitHint() {
        try {
            if (gate.writeLock().tryLock(1, TimeUnit.SECONDS)) {
                gate.writeLock().unlock();
            } else {
                LOG.warn("a hint sink has not returned within a second");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
