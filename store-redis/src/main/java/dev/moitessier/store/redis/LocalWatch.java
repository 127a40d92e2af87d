package dev.moitessier.store.redis;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.Watch;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One watch: its scopes, and a gate that is shut when it closes (W3). */
final class LocalWatch implements Watch {
    private static final Logger LOG = LoggerFactory.getLogger(LocalWatch.class);

    private final HintSink sink;
    private final Hints hints;
    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();
    private final Set<String> scopes = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    LocalWatch(HintSink sink, Hints hints) {
        this.sink = sink;
        this.hints = hints;
    }

    @Override
    public void add(String scope) {
        if (!closed && scopes.add(scope)) {
            hints.want(scope, this);
            if (closed && scopes.remove(scope)) {
                hints.release(scope);
            }
        }
    }

    @Override
    public void remove(String scope) {
        if (scopes.remove(scope)) {
            hints.release(scope);
        }
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
        hints.ended(this);
        scopes.forEach(this::remove);
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
