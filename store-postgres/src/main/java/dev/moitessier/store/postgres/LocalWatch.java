package dev.moitessier.store.postgres;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.Watch;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One watch: its scopes by hash, and a gate that is shut when it closes (W3). */
final class LocalWatch implements Watch {
    private static final Logger LOG = LoggerFactory.getLogger(LocalWatch.class);

    private final HintSink sink;
    private final Consumer<LocalWatch> ended;
    private final Consumer<Runnable> later;
    private final ReentrantReadWriteLock gate = new ReentrantReadWriteLock();
    /** Almost always one name for a hash; a list of names where hashes meet. */
    private final ConcurrentHashMap<Long, Object> scopes = new ConcurrentHashMap<>();
    private volatile boolean closed;

    LocalWatch(HintSink sink, Consumer<LocalWatch> ended, Consumer<Runnable> later) {
        this.sink = sink;
        this.ended = ended;
        this.later = later;
    }

    @Override
    public void add(String scope) {
        scopes.merge(ScopeHash.of(scope), scope, LocalWatch::both);
        later.accept(() -> hint(ScopeHash.of(scope)));
    }

    @Override
    public void remove(String scope) {
        scopes.computeIfPresent(ScopeHash.of(scope), (hash, names) -> without(names, scope));
    }

    void hint(long hash) {
        Object names = scopes.get(hash);
        if (names instanceof String name) {
            call(() -> sink.dirty(name));
        } else if (names != null) {
            names(names).forEach(name -> call(() -> sink.dirty(name)));
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

    private static Object both(Object there, Object added) {
        if (names(there).contains((String) added)) {
            return there;
        }
        return Stream.concat(names(there).stream(), names(added).stream()).toList();
    }

    private static @Nullable Object without(Object names, String scope) {
        List<String> left = names(names).stream().filter(name -> !name.equals(scope)).toList();
        return left.isEmpty() ? null : left.size() == 1 ? left.get(0) : left;
    }

    private static List<String> names(Object names) {
        return names instanceof String name ? List.of(name) : ((List<?>) names).stream().map(String.class::cast).toList();
    }
}
