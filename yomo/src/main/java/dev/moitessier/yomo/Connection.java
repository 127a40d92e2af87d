package dev.moitessier.yomo;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicClientCodecBuilder;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicConnectionPathStats;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One attempt to reach a zipper, and what comes of it: a QUIC connection with one stream that carries every frame. All on one
 * event loop. Whatever happens, {@link Owner#ended} is called once, last.
 */
final class Connection {
    /** How the zipper and its clients close. */
    private static final int YOMO_CLOSE = 0x13;

    /** Go's client has 40 s, and the zipper's 5 s and its pings decide (RFC 9000 §10.1: the lower counts). */
    private static final long IDLE_SECONDS = 40;

    private static final int CONNECTION_WINDOW = 16 << 20;
    private static final int STREAM_WINDOW = 8 << 20;
    private static final int BATCH_BYTES = 64 << 10;

    private final ZipperSettings settings;
    private final ZipperAddress zipper;
    private final EventLoop loop;
    private final Outgoing outgoing;
    private final Owner owner;
    private final Answers answers;

    private @Nullable Channel socket;
    private @Nullable QuicChannel quic;
    private @Nullable QuicStreamChannel stream;
    private @Nullable ScheduledFuture<?> deadline;
    private boolean accepted;
    private boolean over;

    /** Told on the event loop. */
    interface Owner {
        void accepted();

        void data(Frame.Data data);

        /** For good; nothing follows. */
        void ended(End end);
    }

    /** How a connection ended. */
    sealed interface End {
        record Rejected(String reason) implements End {}

        record Moved(String endpoint) implements End {}

        /** {@code accepted}: it had been a connection. */
        record Lost(ZipperException why, boolean accepted) implements End {}
    }

    Connection(ZipperSettings settings, ZipperAddress zipper, EventLoop loop, Outgoing outgoing, Owner owner) {
        this.settings = settings;
        this.zipper = zipper;
        this.loop = loop;
        this.outgoing = outgoing;
        this.owner = owner;
        this.answers = new Answers(outgoing);
    }

    boolean isAccepted() {
        return accepted && !over;
    }

    // ---- making it

    void open(InetSocketAddress address, QuicSslContext tls, String id) {
        deadline = loop.schedule(
                () -> lost("did not answer within " + settings.answerTimeout().toMillis() + " ms", null),
                settings.answerTimeout().toNanos(),
                TimeUnit.NANOSECONDS);
        var codec = new QuicClientCodecBuilder()
                .sslEngineProvider(channel -> tls.newEngine(channel.alloc(), zipper.host(), zipper.port()))
                .maxIdleTimeout(IDLE_SECONDS, TimeUnit.SECONDS)
                .initialMaxData(CONNECTION_WINDOW)
                .initialMaxStreamDataBidirectionalLocal(STREAM_WINDOW)
                .build();
        new Bootstrap()
                .group(loop)
                .channel(NioDatagramChannel.class)
                .handler(codec)
                .bind(0)
                .addListener((ChannelFuture bound) -> {
                    socket = bound.channel();
                    if (over) {
                        closeSocket();
                    } else if (bound.isSuccess()) {
                        connect(socket, address, id);
                    } else {
                        lost("cannot be reached: no socket", bound.cause());
                    }
                });
    }

    private void connect(Channel socket, InetSocketAddress address, String id) {
        QuicChannel.newBootstrap(socket)
                .handler(new QuicEvents())
                .streamHandler(new ChannelInboundHandlerAdapter())
                .remoteAddress(address)
                .connect()
                .addListener((Future<QuicChannel> connected) -> {
                    if (!connected.isSuccess()) {
                        lost("cannot be reached: " + reason(connected.cause()), connected.cause());
                    } else if (over) {
                        quic = connected.getNow();
                        closeAll("closed");
                    } else {
                        quic = connected.getNow();
                        openStream(quic, id);
                    }
                });
    }

    private void openStream(QuicChannel quic, String id) {
        var frames = new ChannelInitializer<QuicStreamChannel>() {
            @Override
            protected void initChannel(QuicStreamChannel stream) {
                stream.pipeline().addLast(new FrameReader(settings.mostFrameBytes()), new Frames());
            }
        };
        quic.createStream(QuicStreamType.BIDIRECTIONAL, frames).addListener((Future<QuicStreamChannel> opened) -> {
            if (!opened.isSuccess()) {
                lost("cannot be reached: no stream", opened.cause());
            } else if (!over) {
                stream = opened.getNow();
                // At once: until the first byte a zipper waits inside its accept loop, and accepts nobody else.
                stream.writeAndFlush(Unpooled.wrappedBuffer(FrameCodec.encode(settings.handshake(id))))
                        .addListener(this::written);
            }
        });
    }

    // ---- reading

    private final class Frames extends ChannelInboundHandlerAdapter {
        private int handedOver;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (over) {
                return;
            }
            if (message instanceof Frame.Data data && accepted) {
                handedOver++;
                owner.data(data);
            } else if (message instanceof Frame.HandshakeAck && !accepted) {
                accept();
            } else if (message instanceof Frame.Rejected rejected) {
                end(new End.Rejected(rejected.message()), "rejected");
            } else if (message instanceof Frame.ConnectTo connectTo) {
                end(new End.Moved(connectTo.endpoint()), "connect to " + connectTo.endpoint());
            } else if (message instanceof Frame.Goaway goaway) {
                lost("sent the client away: " + goaway.message(), null);
            } else {
                exceptionCaught(
                        context,
                        new ZipperException.MalformedFrame(
                                "a " + message.getClass().getSimpleName() + " frame "
                                        + (accepted ? "in the middle of a connection" : "as answer to the handshake")));
            }
        }

        /** Of many frames the answers go better together. */
        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            if (handedOver == 1) {
                answers.await();
                send();
            }
            handedOver = 0;
            context.fireChannelReadComplete();
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            send();
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof ChannelInputShutdownEvent) {
                lost("closed the stream", null);
            }
            context.fireUserEventTriggered(event);
        }

        /** Later: if it is the connection that went, that knows why. */
        @Override
        public void channelInactive(ChannelHandlerContext context) {
            loop.execute(() -> lost("closed the stream", null));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (cause instanceof ZipperException why) {
                end(new End.Lost(why, accepted), "malformed frame");
            } else {
                lost("broke the connection: " + reason(cause), cause);
            }
        }
    }

    private final class QuicEvents extends ChannelInboundHandlerAdapter {
        private String closing = "sent nothing for too long";

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof QuicConnectionCloseEvent close) {
                String said = said(close);
                closing = "closed the connection, code 0x" + Integer.toHexString(close.error())
                        + (said.isEmpty() ? "" : ": " + said);
            }
            context.fireUserEventTriggered(event);
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            lost(closing, null);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            lost("broke the connection: " + reason(cause), cause);
        }
    }

    private static String said(QuicConnectionCloseEvent close) {
        try {
            return new String(close.reason(), StandardCharsets.UTF_8);
        } catch (NullPointerException nothing) {
            // So Netty 4.2.18 has it where the reason is empty.
            return "";
        }
    }

    private void accept() {
        cancelDeadline();
        accepted = true;
        owner.accepted();
        send();
    }

    // ---- writing

    /** Sends what waits, as far as the stream takes it now; called again when it takes more. */
    void send() {
        QuicStreamChannel stream = this.stream;
        if (stream == null || !isAccepted()) {
            return;
        }
        boolean wrote = false;
        while (stream.isWritable()) {
            ByteBuf batch = batch(stream);
            if (batch == null) {
                break;
            }
            stream.write(batch).addListener(this::written);
            wrote = true;
        }
        if (wrote) {
            stream.flush();
        }
    }

    private void written(Future<? super Void> written) {
        if (!written.isSuccess() && written.cause() != null) {
            loop.execute(() -> lost("takes nothing: " + reason(written.cause()), written.cause()));
        }
    }

    /** Several frames in one: each write crosses into native code. Null if nothing waits. */
    private @Nullable ByteBuf batch(QuicStreamChannel stream) {
        byte[] frame = outgoing.poll();
        if (frame == null) {
            return null;
        }
        if (frame.length >= BATCH_BYTES) {
            return Unpooled.wrappedBuffer(frame);
        }
        ByteBuf batch = stream.alloc().directBuffer(Math.max(1024, frame.length));
        while (frame != null) {
            batch.writeBytes(frame);
            frame = batch.readableBytes() < BATCH_BYTES ? outgoing.poll() : null;
        }
        return batch;
    }

    // ---- ending it

    /**
     * Sends what waits, says that nothing follows, and waits until all has arrived, as far as one can tell: closing a QUIC
     * connection throws away what is under way or was lost.
     */
    void drain(long nanos, Runnable done) {
        QuicStreamChannel stream = this.stream;
        QuicChannel quic = this.quic;
        if (stream == null || quic == null || !isAccepted()) {
            done.run();
            return;
        }
        long until = System.nanoTime() + nanos;
        send();
        if (!outgoing.isEmpty() && nanos > 0) {
            later(TimeUnit.MILLISECONDS.toNanos(1), () -> drain(until - System.nanoTime(), done));
            return;
        }
        AtomicBoolean once = new AtomicBoolean();
        Runnable end = () -> {
            if (once.compareAndSet(false, true)) {
                done.run();
            }
        };
        // A zipper that reads nothing lets no write end.
        later(Math.max(nanos, 0), end);
        stream.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(written -> {
            var unused = stream.shutdownOutput();
            settle(quic, new Settling(), end);
        });
    }

    private void settle(QuicChannel quic, Settling settling, Runnable end) {
        if (over) {
            end.run();
            return;
        }
        quic.collectPathStats(0).addListener((Future<QuicConnectionPathStats> stats) -> {
            if (!stats.isSuccess() || stats.getNow() == null || settling.settled(stats.getNow())) {
                end.run();
            } else {
                later(Settling.LOOK_NANOS, () -> settle(quic, settling, end));
            }
        });
    }

    void close(String reason) {
        end(null, reason);
    }

    private void lost(String what, @Nullable Throwable cause) {
        end(new End.Lost(new ZipperException.Unreachable("zipper " + zipper + " " + what, cause), accepted), what);
    }

    private void end(@Nullable End end, String reason) {
        if (over) {
            return;
        }
        over = true;
        cancelDeadline();
        closeAll(reason);
        if (end != null) {
            owner.ended(end);
        }
    }

    private void closeAll(String reason) {
        if (quic != null && quic.isActive()) {
            quic.close(true, YOMO_CLOSE, Unpooled.copiedBuffer(reason, StandardCharsets.UTF_8))
                    .addListener(closed -> closeSocket());
        } else {
            closeSocket();
        }
    }

    private void closeSocket() {
        if (socket != null) {
            var unused = socket.close();
        }
    }

    private void later(long nanos, Runnable what) {
        var unused = loop.schedule(what, nanos, TimeUnit.NANOSECONDS);
    }

    private void cancelDeadline() {
        if (deadline != null) {
            deadline.cancel(false);
        }
    }

    private static String reason(Throwable cause) {
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }
}
