package dev.moitessier.store.datastore;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.Watch;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Wake-ups: direct within the process, between processes by a transport if there is one. */
final class Hints implements AutoCloseable, HintSink {
    private static final Logger LOG = LoggerFactory.getLogger(Hints.class);

    private final @Nullable HintTransport transport;
    private final Set<LocalWatch> watches = ConcurrentHashMap.newKeySet();
    private final AtomicBoolean subscribed = new AtomicBoolean();
    /** For hints that nobody's append gives: it is there only while needed. */
    private final ThreadPoolExecutor later;

    private volatile boolean closed;

    Hints(@Nullable HintTransport transport) {
        this.transport = transport;
        later = new ThreadPoolExecutor(1, 1, 5, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, "moitessier-datastore-hints");
            thread.setDaemon(true);
            return thread;
        });
        later.allowCoreThreadTimeOut(true);
        later.setRejectedExecutionHandler((task, ended) -> LOG.debug("a scope was added after the store was closed"));
    }

    Watch watch(HintSink sink) {
        LocalWatch watch = new LocalWatch(sink, watches::remove, later::execute);
        watches.add(watch);
        if (closed) {
            watch.close();
            throw new StoreException.Closed(false);
        }
        if (transport != null && subscribed.compareAndSet(false, true)) {
            try {
                transport.subscribe(this);
            } catch (RuntimeException failure) {
                LOG.warn("hints of other processes are not heard; entries are found by polling", failure);
            }
        }
        return watch;
    }

    /** Entries of this scope are readable. */
    void readable(String scope) {
        dirty(scope);
        if (transport != null && !closed) {
            try {
                transport.publish(scope);
            } catch (RuntimeException failure) {
                LOG.warn("a hint was not sent; the entry is found by polling", failure);
            }
        }
    }

    @Override
    public void dirty(String scope) {
        watches.forEach(watch -> watch.hint(scope));
    }

    @Override
    public void allDirty() {
        watches.forEach(LocalWatch::hintAll);
    }

    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        later.shutdownNow();
        if (transport != null) {
            try {
                transport.close();
            } catch (RuntimeException failure) {
                LOG.warn("the transport of hints did not close", failure);
            }
        }
        watches.forEach(LocalWatch::close);
    }
}
