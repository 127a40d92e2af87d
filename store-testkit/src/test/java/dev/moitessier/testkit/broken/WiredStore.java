package dev.moitessier.testkit.broken;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Beat;
import dev.moitessier.store.Broadcaster;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Durability;
import dev.moitessier.store.HintSink;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Members;
import dev.moitessier.store.Page;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.Subscribers;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import dev.moitessier.store.Unregistered;
import dev.moitessier.store.Watch;
import java.io.DataOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** A client of a memory store behind a {@link Wire}: sound, and able to fail as a client of a server can. */
final class WiredStore implements MailboxStore {
    private static final int PATIENCE_MILLIS = 700;

    private final MailboxStore memory;
    private final Wire wire;
    private final int port;
    private final ConcurrentLinkedDeque<Wire.Line> idle = new ConcurrentLinkedDeque<>();
    private final Set<AutoCloseable> open = ConcurrentHashMap.newKeySet();
    private final Lane lane;
    private volatile boolean closed;

    WiredStore(MailboxStore memory, Wire wire, int port) {
        this.memory = memory;
        this.wire = wire;
        this.port = port;
        this.lane = new Lane(memory.broadcaster().orElseThrow());
    }

    @Override
    public Capabilities capabilities() {
        Capabilities c = memory.capabilities();
        return new Capabilities(
                "memory behind a wire",
                Durability.DURABLE,
                true,
                true,
                Optional.of(Duration.ofSeconds(2)),
                c.storeClock(),
                c.maxBody(),
                c.maxAppend(),
                c.maxTexts(),
                c.maxMetadata(),
                c.maxBatch(),
                c.maxRemember(),
                c.callLimit());
    }

    @Override
    public List<Appended> append(List<Append> batch) {
        try {
            return call(() -> memory.append(batch));
        } catch (StoreException.Closed e) {
            throw e;
        } catch (StoreException e) {
            return batch.stream().<Appended>map(each -> new Appended.Failed(e)).toList();
        }
    }

    @Override
    public Members members(String scope, Set<ListenerRef> only) {
        return call(() -> memory.members(scope, only));
    }

    @Override
    public void open(UUID session, Duration lease) {
        call(() -> {
            memory.open(session, lease);
            return session;
        });
    }

    @Override
    public Beat heartbeat(UUID session, Duration lease) {
        return call(() -> memory.heartbeat(session, lease));
    }

    @Override
    public Registered register(Registration registration) {
        return call(() -> memory.register(registration));
    }

    @Override
    public Unregistered unregister(ListenerRef listener, String subscriber, UUID registration) {
        return call(() -> memory.unregister(listener, subscriber, registration));
    }

    @Override
    public Subscribers subscribers(ListenerRef listener, String after, int limit) {
        return call(() -> memory.subscribers(listener, after, limit));
    }

    @Override
    public void acknowledge(List<Acknowledgement> acknowledgements) {
        call(() -> {
            memory.acknowledge(acknowledgements);
            return acknowledgements;
        });
    }

    @Override
    public List<String> scopes(String prefix, String after, int limit) {
        return call(() -> memory.scopes(prefix, after, limit));
    }

    @Override
    public List<Page> read(List<ReadRequest> requests, int maxBytes) {
        return call(() -> memory.read(requests, maxBytes));
    }

    @Override
    public long position(String scope, Instant at) {
        return call(() -> memory.position(scope, at));
    }

    @Override
    public Swept sweep(SweepPolicy policy) {
        return call(() -> memory.sweep(policy));
    }

    @Override
    public Watch watch(HintSink sink) {
        ensureOpen();
        WiredWatch watch = new WiredWatch(sink);
        open.add(watch);
        Wire.thread("hints", watch);
        return watch;
    }

    @Override
    public Optional<Broadcaster> broadcaster() {
        return Optional.of(lane);
    }

    @Override
    public void close() {
        closed = true;
        for (AutoCloseable each : open) {
            closeQuietly(each);
        }
        lane.threads.shutdownNow();
        memory.close();
    }

    private <T> T call(Supplier<T> what) {
        ensureOpen();
        if (Thread.currentThread().isInterrupted()) {
            throw new StoreException.Interrupted("interrupted before the call", false);
        }
        FutureTask<T> done = new FutureTask<>(what::get);
        long number = wire.leave(out -> done.run());
        Wire.Line line = null;
        boolean sent = false;
        try {
            line = line();
            sent = true;
            line.ask(number);
            line.in.readLong();
            idle.push(line);
            return done.get();
        } catch (IOException e) {
            if (line != null) {
                open.remove(line);
                line.close();
            }
            throw closed ? new StoreException.Closed(sent) : new StoreException.Unavailable("the wire is cut", e, sent);
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException.Interrupted("interrupted after the answer", true);
        } finally {
            wire.takeBack(number);
        }
    }

    private Wire.Line line() throws IOException {
        Wire.Line line = idle.poll();
        if (line == null) {
            line = new Wire.Line(port, PATIENCE_MILLIS);
            open.add(line);
            if (closed) {
                line.close();
            }
        }
        return line;
    }

    private void ensureOpen() {
        if (closed) {
            throw new StoreException.Closed(false);
        }
    }

    private static void closeQuietly(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Hints over a connection of their own, opened again whenever it is cut. */
    private final class WiredWatch implements Watch, Runnable {
        private static final String STOP = "";

        private final HintSink sink;
        private final Set<String> scopes = ConcurrentHashMap.newKeySet();
        private final ReentrantLock calling = new ReentrantLock();
        private volatile Watch remote;
        private volatile Wire.Line line;
        private volatile boolean ended;

        WiredWatch(HintSink sink) {
            this.sink = sink;
        }

        @Override
        public void run() {
            boolean before = false;
            while (!ended && !wire.isClosed()) {
                before |= listen(before);
                LockSupport.parkNanos(20_000_000);
            }
        }

        /** Listens until the connection is cut; whether there was one. */
        private boolean listen(boolean again) {
            BlockingQueue<String> hints = new LinkedBlockingQueue<>();
            long number = wire.leave(out -> send(hints, out));
            try (Wire.Line connected = new Wire.Line(port, 0)) {
                line = connected;
                if (ended) {
                    return again;
                }
                connected.ask(number);
                if (!connected.in.readUTF().isEmpty()) {
                    throw new IllegalStateException("a hint before the watch is open");
                }
                if (again) {
                    hint(sink::allDirty);
                }
                while (true) {
                    String scope = connected.in.readUTF();
                    hint(() -> sink.dirty(scope));
                }
            } catch (IOException e) {
                return true; // cut: opened again
            } finally {
                wire.takeBack(number);
                hints.add(STOP);
            }
        }

        /** On the server's side. */
        private void send(BlockingQueue<String> hints, DataOutputStream out) throws IOException {
            HintSink queue = new HintSink() {
                @Override
                public void dirty(String scope) {
                    hints.add(scope);
                }

                @Override
                public void allDirty() {
                    throw new IllegalStateException("memory does not reconnect");
                }
            };
            try (Watch own = memory.watch(queue)) {
                remote = own;
                out.writeUTF(STOP);
                out.flush();
                scopes.forEach(own::add);
                for (String scope = hints.take(); !scope.equals(STOP); scope = hints.take()) {
                    out.writeUTF(scope);
                    out.flush();
                }
            } catch (StoreException.Closed e) {
                throw new IOException(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private void hint(Runnable hint) {
            calling.lock();
            try {
                if (!ended) {
                    hint.run();
                }
            } finally {
                calling.unlock();
            }
        }

        @Override
        public void add(String scope) {
            scopes.add(scope);
            Watch present = remote;
            if (present != null) {
                present.add(scope);
            }
        }

        @Override
        public void remove(String scope) {
            scopes.remove(scope);
            Watch present = remote;
            if (present != null) {
                present.remove(scope);
            }
        }

        @Override
        public void close() {
            calling.lock();
            try {
                ended = true;
            } finally {
                calling.unlock();
            }
            Wire.Line present = line;
            if (present != null) {
                present.close();
            }
            open.remove(this);
        }
    }

    /** Publishes over the wire, on a thread of its own; hears directly. */
    private final class Lane implements Broadcaster {
        private final Broadcaster memoryLane;
        private final LongAdder dropped = new LongAdder();
        private final ThreadPoolExecutor threads =
                new ThreadPoolExecutor(1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(1_024), task -> {
                    Thread thread = new Thread(task, "wire publishes");
                    thread.setDaemon(true);
                    return thread;
                });

        Lane(Broadcaster memoryLane) {
            this.memoryLane = memoryLane;
            threads.allowCoreThreadTimeOut(true);
        }

        @Override
        public int maxBytes() {
            return memoryLane.maxBytes();
        }

        @Override
        public boolean publish(String topic, Payload payload) {
            if (payload.size() > maxBytes()) {
                throw new StoreException.Rejected(
                        "payload of " + payload.size() + " bytes; the limit is " + maxBytes());
            }
            try {
                threads.execute(() -> send(topic, payload));
                return true;
            } catch (RejectedExecutionException e) {
                dropped.increment();
                return false;
            }
        }

        private void send(String topic, Payload payload) {
            try {
                call(() -> memoryLane.publish(topic, payload));
            } catch (StoreException e) {
                dropped.increment(); // X5: an outage drops
            }
        }

        @Override
        public AutoCloseable subscribe(String topic, Consumer<Payload> sink) {
            return memoryLane.subscribe(topic, sink);
        }

        @Override
        public long dropped() {
            return dropped.sum() + memoryLane.dropped();
        }
    }
}
