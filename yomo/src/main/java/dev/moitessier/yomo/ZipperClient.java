package dev.moitessier.yomo;

import dev.moitessier.yomo.Connection.End;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.handler.codec.quic.QuicSslContext;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A client of a zipper: keeps a connection to it, makes another when one is lost, and ends when it is rejected or closed.
 * One event loop, on which everything happens that has no word about threads.
 */
final class ZipperClient {
    private static final Logger LOG = LoggerFactory.getLogger(ZipperClient.class);
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String ID_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-";
    private static final int ID_LENGTH = 21;

    /** Tags that zippers keep for themselves: a newer one closes the connection of whoever writes them. */
    private static final int RESERVED_FROM = 0xF000;

    private static final int RESERVED_TO = 0xFFFF;

    /** A zipper that sends to another, which sends on, and so round. */
    private static final int MOST_MOVES = 8;

    private final ZipperSettings settings;
    private final Consumer<Frame.Data> sink;
    private final Runnable whenConnected;
    private final QuicSslContext tls;
    private final Outgoing outgoing;
    private final EventLoopGroup group;
    private final EventLoop loop;
    private final String id = randomId();
    private final CompletableFuture<Void> firstAnswer = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final AtomicBoolean sendScheduled = new AtomicBoolean();
    private final LongAdder connections = new LongAdder();
    private final LongAdder received = new LongAdder();
    private final LongAdder malformed = new LongAdder();
    private volatile boolean connected;

    private ZipperAddress zipper;
    private @Nullable Connection connection;
    private int handshakes;
    private int attempts;
    private int moves;
    private int lostInARow;
    private boolean patient;
    private boolean over;

    ZipperClient(ZipperSettings settings, Consumer<Frame.Data> sink) {
        this(settings, sink, () -> {});
    }

    /** @param whenConnected called on the event loop, for the first time and after each loss */
    ZipperClient(ZipperSettings settings, Consumer<Frame.Data> sink, Runnable whenConnected) {
        NativeQuic.require();
        this.whenConnected = whenConnected;
        this.settings = settings;
        this.sink = sink;
        this.zipper = settings.zipper();
        this.tls = settings.tls().context();
        this.outgoing = new Outgoing(settings.queueFrames(), settings.queueBytes(), settings.overflow());
        this.group = new MultiThreadIoEventLoopGroup(
                1, Threads.daemons("yomo-" + settings.name() + "-io"), NioIoHandler.newFactory());
        this.loop = group.next();
    }

    // ---- from any thread

    /** Tries each address once, and waits; what it throws has closed this client. */
    void connect() {
        loop.execute(this::attempt);
        try {
            firstAnswer.get();
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof ZipperException why) {
                throw why;
            }
            throw new IllegalStateException(failed.getCause());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            end(new ZipperException.Interrupted("interrupted while connecting to " + settings.zipper()));
            throw new ZipperException.Interrupted("interrupted while connecting to " + settings.zipper());
        }
    }

    /** Returns at once, and tries for ever. */
    void start() {
        loop.execute(() -> {
            patient = true;
            attempt();
        });
    }

    void write(int tag, byte[] metadata, byte[] payload) {
        if (Integer.compareUnsigned(tag, RESERVED_FROM) >= 0 && Integer.compareUnsigned(tag, RESERVED_TO) <= 0) {
            throw new IllegalArgumentException(
                    "tags 0xF000 to 0xFFFF are the zipper's own, 0x" + Integer.toHexString(tag) + " is one");
        }
        byte[] frame = FrameCodec.encode(new Frame.Data(tag, metadata, payload));
        if (frame.length > settings.mostFrameBytes()) {
            throw new IllegalArgumentException("a frame of " + frame.length + " bytes, and no more than "
                    + settings.mostFrameBytes() + " are written (mostFrameBytes)");
        }
        outgoing.add(frame);
        if (sendScheduled.compareAndSet(false, true)) {
            try {
                loop.execute(this::send);
            } catch (RejectedExecutionException closed) {
                throw new ZipperException.NotWritten("the client is closed");
            }
        }
    }

    /** The client's part of the ids under which it connects. */
    String id() {
        return id;
    }

    static String randomId() {
        StringBuilder id = new StringBuilder(ID_LENGTH);
        for (int i = 0; i < ID_LENGTH; i++) {
            id.append(ID_ALPHABET.charAt(RANDOM.nextInt(ID_ALPHABET.length())));
        }
        return id.toString();
    }

    boolean connected() {
        return connected;
    }

    /** Ends normally when closed, with {@link ZipperException.Rejected} when rejected. */
    CompletionStage<Void> ended() {
        return ended.minimalCompletionStage();
    }

    Traffic traffic(long droppedIncoming, long failures, long malformedMetadata) {
        return new Traffic(
                connections.sum(),
                outgoing.taken(),
                received.sum(),
                outgoing.dropped(),
                droppedIncoming,
                failures,
                malformed.sum() + malformedMetadata);
    }

    /** Sends what was written, as long as there is a connection and the time suffices; then closes. Again: does nothing. */
    void close(Duration atMost) {
        long nanos = Math.max(0, atMost.toNanos());
        outgoing.close("the client is closed");
        if (ended.isDone()) {
            return;
        }
        try {
            loop.execute(() -> {
                if (connection != null && !over) {
                    connection.drain(nanos, () -> end(null));
                } else {
                    end(null);
                }
            });
        } catch (RejectedExecutionException alreadyClosed) {
            return;
        }
        if (loop.inEventLoop()) {
            return;
        }
        try {
            ended.handle((ok, failure) -> true).get(nanos + TimeUnit.SECONDS.toNanos(2), TimeUnit.NANOSECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException late) {
            LOG.warn("{} did not close within {}", settings, atMost, late);
        }
    }

    // ---- connecting

    private void attempt() {
        if (over) {
            return;
        }
        int attempt = attempts++;
        ZipperAddress next = zipper;
        Runnable lookUp = () -> {
            InetAddress[] addresses = resolve(next);
            try {
                loop.execute(() -> resolved(addresses, attempt));
            } catch (RejectedExecutionException closed) {
                LOG.debug("{}: closed while {} was looked up", settings.name(), next);
            }
        };
        // Looking up a name blocks.
        Threads.daemons("yomo-resolve").newThread(lookUp).start();
    }

    private void resolved(InetAddress[] addresses, int attempt) {
        if (over) {
            return;
        }
        if (addresses.length == 0) {
            lost(new ZipperException.Unreachable("zipper " + zipper + " cannot be resolved", null), 1);
        } else {
            InetAddress address = addresses[attempt % addresses.length];
            dial(new InetSocketAddress(address, zipper.port()), addresses.length);
        }
    }

    private static InetAddress[] resolve(ZipperAddress zipper) {
        try {
            return InetAddress.getAllByName(zipper.host());
        } catch (UnknownHostException unknown) {
            return new InetAddress[0];
        }
    }

    private void dial(InetSocketAddress address, int addresses) {
        Connection mine = new Connection(settings, zipper, loop, outgoing, new Connection.Owner() {
            @Override
            public void accepted() {
                ZipperClient.this.accepted();
            }

            @Override
            public void data(Frame.Data data) {
                received.increment();
                sink.accept(data);
            }

            @Override
            public void ended(End end) {
                ZipperClient.this.ended(end, addresses);
            }
        });
        connection = mine;
        mine.open(address, tls, id + "-" + handshakes++);
    }

    private void accepted() {
        connections.increment();
        connected = true;
        moves = 0;
        patient = true;
        LOG.info("{}: connected to zipper {}", settings.name(), zipper);
        long mine = connections.sum();
        // A zipper that accepts and gives up at once is still one that does not work.
        later(settings.mostPause().toNanos(), () -> {
            if (connected && connections.sum() == mine) {
                lostInARow = 0;
            }
        });
        firstAnswer.complete(null);
        whenConnected.run();
    }

    private void send() {
        sendScheduled.set(false);
        if (connection != null) {
            connection.send();
        }
    }

    // ---- losing

    private void ended(End end, int addresses) {
        connected = false;
        connection = null;
        if (over) {
            return;
        }
        if (end instanceof End.Rejected rejected) {
            end(new ZipperException.Rejected(zipper.toString(), settings.withoutCredential(rejected.reason())));
        } else if (end instanceof End.Moved moved) {
            move(moved.endpoint());
        } else if (end instanceof End.Lost lost) {
            if (lost.why() instanceof ZipperException.MalformedFrame) {
                malformed.increment();
            }
            lost(lost.why(), addresses);
        }
    }

    private void move(String endpoint) {
        ZipperAddress next;
        try {
            next = ZipperAddress.parse(endpoint);
        } catch (IllegalArgumentException noAddress) {
            lost(
                    new ZipperException.Unreachable(
                            "zipper " + zipper + " sends to " + endpoint + ", which is no address", noAddress),
                    1);
            return;
        }
        if (++moves > MOST_MOVES) {
            moves = 0;
            lost(
                    new ZipperException.Unreachable(
                            "zipper " + zipper + " is one of " + MOST_MOVES + " that send to another", null),
                    1);
            return;
        }
        LOG.info("{}: zipper {} sends to {}", settings.name(), zipper, next);
        zipper = next;
        attempts = 0;
        attempt();
    }

    private void lost(ZipperException why, int addresses) {
        lostInARow++;
        if (!patient && attempts >= addresses) {
            end(why);
            return;
        }
        // Where a zipper sent us may have gone for good; the one that was configured knows.
        zipper = settings.zipper();
        long pause = patient ? pause() : 0;
        if (lostInARow == 1 || why instanceof ZipperException.MalformedFrame) {
            LOG.warn("{}: {}; trying again for as long as it takes", settings.name(), why.getMessage());
        } else {
            LOG.debug("{}: {}; next attempt in {} ms", settings.name(), why.getMessage(), pause / 1_000_000);
        }
        later(pause, this::attempt);
    }

    private void later(long nanos, Runnable what) {
        var unused = loop.schedule(what, nanos, TimeUnit.NANOSECONDS);
    }

    private long pause() {
        long doubled = settings.leastPause().toNanos() << Math.min(lostInARow - 1, 20);
        long most = doubled < 0
                ? settings.mostPause().toNanos()
                : Math.min(doubled, settings.mostPause().toNanos());
        return most / 2 + ThreadLocalRandom.current().nextLong(most / 2 + 1);
    }

    // ---- ending

    /** From any thread; null: closed by its user. */
    private void end(@Nullable ZipperException why) {
        if (!loop.inEventLoop()) {
            loop.execute(() -> end(why));
            return;
        }
        if (over) {
            return;
        }
        over = true;
        connected = false;
        if (connection != null) {
            connection.close("closed");
            connection = null;
        }
        outgoing.close(why == null ? "the client is closed" : String.valueOf(why.getMessage()));
        outgoing.abandon();
        if (why instanceof ZipperException.Rejected) {
            LOG.error("{}: {}", settings.name(), why.getMessage());
        }
        var unused = group.shutdownGracefully(100, 2_000, TimeUnit.MILLISECONDS);
        if (why == null) {
            firstAnswer.completeExceptionally(new ZipperException.NotWritten("the client is closed"));
            ended.complete(null);
        } else {
            firstAnswer.completeExceptionally(why);
            ended.completeExceptionally(why);
        }
    }
}
