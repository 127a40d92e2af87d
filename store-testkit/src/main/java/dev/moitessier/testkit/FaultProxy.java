package dev.moitessier.testkit;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Stands between a client and its server on TCP, and spoils the connection on demand. Knows nothing of what is spoken: good for
 * SQL databases, key-value servers and HTTP alike. Listens on the loopback interface only.
 *
 * <p>Faults set on the proxy hold for all connections, present and coming; those set on a {@link Connection} for that one as
 * well. {@link #heal} takes all of the proxy's back. Thread-safe.
 */
public final class FaultProxy implements AutoCloseable {
    /** Which way bytes go. */
    public enum Direction {
        /** From client to server: requests. */
        TO_SERVER,
        /** From server to client: answers. */
        TO_CLIENT
    }

    private final InetSocketAddress server;
    private final int port;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Faults everywhere = new Faults();
    private final List<Connection> connections = new CopyOnWriteArrayList<>();
    private final AtomicInteger accepted = new AtomicInteger();
    private @Nullable ServerSocket listening;
    private Thread acceptor;
    private boolean closed;

    private FaultProxy(InetSocketAddress server) throws IOException {
        this.server = server;
        ServerSocket socket = listen(0);
        this.port = socket.getLocalPort();
        this.listening = socket;
        this.acceptor = accept(socket);
    }

    /** A proxy to this server, on a free port of the loopback interface. */
    public static FaultProxy to(String host, int port) {
        try {
            return new FaultProxy(new InetSocketAddress(host, port));
        } catch (IOException e) {
            throw new UncheckedIOException("no proxy to " + host + ":" + port, e);
        }
    }

    /** Where clients connect instead; the host is the loopback address. */
    public InetSocketAddress address() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    /** The port of {@link #address}. */
    public int port() {
        return port;
    }

    /** How many connections were accepted so far. */
    public int accepted() {
        return accepted.get();
    }

    /** Connections that are open now, oldest first. */
    public List<Connection> connections() {
        return List.copyOf(connections);
    }

    /** Bytes arrive so much later, each way; they still stream, only late. */
    public void delay(Duration each) {
        change(() -> everywhere.delay = each.toNanos());
    }

    /** At most so many bytes a second per connection and direction; 0: no limit. */
    public void throttle(long bytesPerSecond) {
        change(() -> everywhere.rate = checkedRate(bytesPerSecond));
    }

    /** Nothing arrives any more in either direction and nobody is told; new connections are accepted, and silent. */
    public void blackHole() {
        blackHole(Direction.TO_SERVER);
        blackHole(Direction.TO_CLIENT);
    }

    /** Nothing arrives any more in this direction. What was sent meanwhile arrives after {@link #heal}, as TCP would. */
    public void blackHole(Direction direction) {
        change(() -> everywhere.holes.add(direction));
    }

    /** Resets every connection (RST); new ones are welcome. */
    public void cut() {
        connections.forEach(Connection::cut);
    }

    /** Closes every connection in good order (FIN); new ones are welcome. */
    public void end() {
        connections.forEach(Connection::end);
    }

    /** New connections are refused by the operating system; present ones live on. */
    public void refuse() {
        Thread accepting;
        lock.lock();
        try {
            if (listening == null) {
                return;
            }
            closeQuietly(listening);
            listening = null;
            accepting = acceptor;
        } finally {
            lock.unlock();
        }
        // The port is free when accept has returned, not when close has.
        joinQuietly(accepting);
    }

    /** Refuses and cuts: what a dead server looks like. */
    public void down() {
        refuse();
        cut();
    }

    /** Takes back every fault set on the proxy; connections that were cut stay cut. */
    public void heal() {
        change(() -> {
            everywhere.clear();
            if (listening == null && !closed) {
                ServerSocket socket = relisten();
                listening = socket;
                acceptor = accept(socket);
            }
        });
    }

    /**
     * Cuts the connection that brings the next request, before the server gets it: the client cannot know that nothing
     * happened.
     */
    public Trap cutNextRequest() {
        return cutNextRequest(bytes -> true);
    }

    /** The same for the next request whose bytes (one TCP read of them) match. */
    public Trap cutNextRequest(Predicate<byte[]> matching) {
        Trap trap = new Trap(matching, false);
        change(() -> everywhere.trap = trap);
        return trap;
    }

    /**
     * Lets the next request through and cuts its connection when the server answers: it was done, and the client cannot know.
     */
    public Trap cutNextAnswer() {
        return cutNextAnswer(bytes -> true);
    }

    /** The same for the answer to the next request whose bytes (one TCP read of them) match. */
    public Trap cutNextAnswer(Predicate<byte[]> matching) {
        Trap trap = new Trap(matching, true);
        change(() -> everywhere.trap = trap);
        return trap;
    }

    /** Cuts everything and frees the port; idempotent. */
    @Override
    public void close() {
        change(() -> closed = true);
        down();
    }

    /** A cut that waits for its moment; it happens once. */
    public static final class Trap {
        private final Predicate<byte[]> matching;
        private final boolean afterAnswer;
        private @Nullable Connection caught;
        private volatile boolean sprung;

        private Trap(Predicate<byte[]> matching, boolean afterAnswer) {
            this.matching = matching;
            this.afterAnswer = afterAnswer;
        }

        /** Whether it has happened; what else a store says meanwhile, over another connection, may be what it happens to. */
        public boolean sprung() {
            return sprung;
        }
    }

    /** One connection through the proxy. */
    public final class Connection {
        private final Socket client;
        private final Socket upstream;
        private final Faults here = new Faults();
        private final Map<Direction, Long> bytes = new EnumMap<>(Direction.class);
        private int finished;
        private boolean over;

        private Connection(Socket client, Socket upstream) {
            this.client = client;
            this.upstream = upstream;
        }

        /** Bytes that went through this way. */
        public long bytes(Direction direction) {
            lock.lock();
            try {
                return bytes.getOrDefault(direction, 0L);
            } finally {
                lock.unlock();
            }
        }

        /** Like {@link FaultProxy#delay}, for this connection; the longer of both holds. */
        public void delay(Duration each) {
            change(() -> here.delay = each.toNanos());
        }

        /** Like {@link FaultProxy#throttle}, for this connection; the lower of both holds. */
        public void throttle(long bytesPerSecond) {
            change(() -> here.rate = checkedRate(bytesPerSecond));
        }

        /** Like {@link FaultProxy#blackHole(Direction)}, for this connection. */
        public void blackHole(Direction direction) {
            change(() -> here.holes.add(direction));
        }

        /** Takes back what was set on this connection. */
        public void heal() {
            change(here::clear);
        }

        /** Resets both ends (RST). */
        public void cut() {
            lingerless(client);
            lingerless(upstream);
            end();
        }

        /** Closes both ends in good order (FIN). */
        public void end() {
            change(() -> {
                over = true;
                Trap trap = everywhere.trap;
                if (trap != null && trap.caught == this) {
                    trap.caught = null;
                }
            });
            connections.remove(this);
            closeQuietly(client);
            closeQuietly(upstream);
        }

        private void start() throws IOException {
            client.setTcpNoDelay(true);
            upstream.setTcpNoDelay(true);
            pump(Direction.TO_SERVER, client.getInputStream(), upstream);
            pump(Direction.TO_CLIENT, upstream.getInputStream(), client);
        }

        // A reader and a writer each, with a queue between: a delay then moves the stream back in time without thinning
        // it.
        private void pump(Direction direction, InputStream in, Socket to) throws IOException {
            BlockingQueue<Chunk> under = new ArrayBlockingQueue<>(256);
            OutputStream out = to.getOutputStream();
            thread("reads " + direction, () -> {
                try {
                    byte[] buffer = new byte[16 * 1024];
                    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                        put(under, new Chunk(System.nanoTime(), Arrays.copyOf(buffer, n)));
                    }
                    put(under, new Chunk(System.nanoTime(), null));
                } catch (IOException | InterruptedException e) {
                    end();
                }
            });
            thread("writes " + direction, () -> {
                try {
                    forward(direction, under, out, to);
                } catch (IOException | InterruptedException e) {
                    end();
                }
            });
        }

        /** Each direction ends on its own (FIN); after both the connection is over. */
        private void finished() {
            lock.lock();
            try {
                finished++;
                if (finished < Direction.values().length) {
                    return;
                }
            } finally {
                lock.unlock();
            }
            end();
        }

        private void put(BlockingQueue<Chunk> under, Chunk chunk) throws IOException, InterruptedException {
            while (!under.offer(chunk, 100, TimeUnit.MILLISECONDS)) {
                if (isOver()) {
                    throw new IOException("cut");
                }
            }
        }

        private void forward(Direction direction, BlockingQueue<Chunk> under, OutputStream out, Socket to)
                throws IOException, InterruptedException {
            long free = System.nanoTime();
            while (!isOver()) {
                Chunk chunk = under.poll(100, TimeUnit.MILLISECONDS);
                if (chunk == null) {
                    continue;
                }
                if (chunk.bytes == null) {
                    pass(direction, chunk.arrived, free);
                    to.shutdownOutput();
                    finished();
                    return;
                }
                for (int from = 0; from < chunk.bytes.length; ) {
                    long rate = pass(direction, chunk.arrived, free);
                    int n = chunk.bytes.length - from;
                    if (rate > 0) {
                        n = (int) Math.min(n, Math.max(1, rate / 50));
                        free = System.nanoTime() + n * TimeUnit.SECONDS.toNanos(1) / rate;
                    }
                    byte[] part = Arrays.copyOfRange(chunk.bytes, from, from + n);
                    if (springs(direction, part)) {
                        cut();
                        return;
                    }
                    out.write(part);
                    out.flush();
                    count(direction, n);
                    from += n;
                }
            }
        }

        /** Waits until a chunk that arrived then may go on; returns the present rate. */
        private long pass(Direction direction, long arrived, long free) throws InterruptedException, IOException {
            lock.lock();
            try {
                while (true) {
                    if (over) {
                        throw new IOException("cut");
                    }
                    long rate = lower(everywhere.rate, here.rate);
                    long due = Math.max(
                            arrived + Math.max(everywhere.delay, here.delay), rate > 0 ? free : Long.MIN_VALUE);
                    long left = due - System.nanoTime();
                    if (everywhere.holes.contains(direction) || here.holes.contains(direction)) {
                        changed.await();
                    } else if (left > 0) {
                        changed.awaitNanos(left);
                    } else {
                        return rate;
                    }
                }
            } finally {
                lock.unlock();
            }
        }

        private boolean springs(Direction direction, byte[] part) {
            lock.lock();
            try {
                Trap trap = everywhere.trap;
                if (trap == null) {
                    return false;
                }
                if (direction == Direction.TO_SERVER && trap.caught == null && trap.matching.test(part)) {
                    trap.caught = this;
                    if (!trap.afterAnswer) {
                        return sprung(trap);
                    }
                }
                return direction == Direction.TO_CLIENT && trap.afterAnswer && trap.caught == this && sprung(trap);
            } finally {
                lock.unlock();
            }
        }

        private boolean sprung(Trap trap) {
            trap.sprung = true;
            everywhere.trap = null;
            return true;
        }

        private void count(Direction direction, int n) {
            lock.lock();
            try {
                bytes.merge(direction, (long) n, Long::sum);
            } finally {
                lock.unlock();
            }
        }

        private boolean isOver() {
            lock.lock();
            try {
                return over;
            } finally {
                lock.unlock();
            }
        }
    }

    private Thread accept(ServerSocket socket) {
        return thread("accepts", () -> {
            while (!socket.isClosed()) {
                try {
                    Socket client = socket.accept();
                    accepted.incrementAndGet();
                    thread("connects", () -> connect(client, socket));
                } catch (IOException e) {
                    closeQuietly(socket);
                }
            }
        });
    }

    private void connect(Socket client, ServerSocket accepting) {
        Socket upstream = new Socket();
        try {
            upstream.connect(server, 5_000);
            Connection connection = new Connection(client, upstream);
            connections.add(connection);
            // Accepted while the port was being closed: nothing of it may reach the server.
            if (accepting.isClosed()) {
                connection.cut();
            } else {
                connection.start();
            }
        } catch (IOException e) {
            // The server is away: the client sees a connection that ends at once.
            closeQuietly(client);
            closeQuietly(upstream);
        }
    }

    private ServerSocket relisten() {
        try {
            return listen(port);
        } catch (IOException e) {
            throw new UncheckedIOException("the proxy's port " + port + " was taken while it refused connections", e);
        }
    }

    private static ServerSocket listen(int port) throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 128);
        return socket;
    }

    private void change(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private Thread thread(String does, Runnable body) {
        Thread thread = new Thread(body, "fault-proxy-" + port + " " + does);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    private static void joinQuietly(Thread thread) {
        try {
            thread.join(5_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static long checkedRate(long bytesPerSecond) {
        if (bytesPerSecond < 0) {
            throw new IllegalArgumentException("a rate is 0 (no limit) or more bytes a second, not " + bytesPerSecond);
        }
        return bytesPerSecond;
    }

    private static long lower(long one, long other) {
        return one == 0 ? other : other == 0 ? one : Math.min(one, other);
    }

    private static void lingerless(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
        } catch (IOException e) {
            // Closed already, by the other side or by us: that is what a cut is for.
            closeQuietly(socket);
        }
    }

    private static void closeQuietly(AutoCloseable socket) {
        try {
            socket.close();
        } catch (Exception e) {
            // A socket that fails to close is as gone as it can be; Thread.interrupt cannot happen here.
            throw new IllegalStateException("a socket would not close", e);
        }
    }

    private static final class Chunk {
        private final long arrived;
        private final byte @Nullable [] bytes;

        /** What was read at this nano time; without bytes: the end of the stream. */
        Chunk(long arrived, byte @Nullable [] bytes) {
            this.arrived = arrived;
            this.bytes = bytes;
        }
    }

    private static final class Faults {
        private long delay;
        private long rate;
        private final Set<Direction> holes = EnumSet.noneOf(Direction.class);
        private @Nullable Trap trap;

        private void clear() {
            delay = 0;
            rate = 0;
            holes.clear();
            trap = null;
        }
    }
}
