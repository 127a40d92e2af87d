package dev.moitessier.store.datastore;

import dev.moitessier.store.HintSink;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** A transport between stores of one JVM that stand for processes; like Pub/Sub it delivers on threads of its own. */
final class LocalTransport implements HintTransport {
    /** What all transports of one topic share. */
    static final class Topic implements AutoCloseable {
        private final Set<LocalTransport> transports = ConcurrentHashMap.newKeySet();
        private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "local-transport");
            thread.setDaemon(true);
            return thread;
        });

        LocalTransport transport() {
            return new LocalTransport(this);
        }

        /** As after a broken connection: whatever was said meanwhile is lost. */
        void reconnect() {
            transports.forEach(transport -> transport.deliver(HintSink::allDirty));
        }

        @Override
        public void close() {
            threads.shutdownNow();
        }
    }

    private final Topic topic;
    private volatile @Nullable HintSink receiver;

    private LocalTransport(Topic topic) {
        this.topic = topic;
    }

    @Override
    public void publish(String scope) {
        topic.transports.forEach(transport -> transport.deliver(sink -> sink.dirty(scope)));
    }

    private void deliver(java.util.function.Consumer<HintSink> hint) {
        topic.threads.execute(() -> {
            HintSink sink = receiver;
            if (sink != null) {
                hint.accept(sink);
            }
        });
    }

    @Override
    public void subscribe(HintSink sink) {
        receiver = sink;
        topic.transports.add(this);
        deliver(HintSink::allDirty);
    }

    @Override
    public Optional<Duration> bound() {
        return Optional.of(Duration.ofSeconds(5));
    }

    @Override
    public void close() {
        receiver = null;
        topic.transports.remove(this);
    }
}
