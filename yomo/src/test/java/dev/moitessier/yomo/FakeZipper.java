package dev.moitessier.yomo;

import dev.moitessier.testkit.TestCertificate;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.quic.InsecureQuicTokenHandler;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicServerCodecBuilder;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.codec.quic.QuicStreamChannel;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * A zipper that does what a test tells it, also what no zipper would. On the loopback interface; closes all connections when
 * it is closed.
 */
final class FakeZipper implements AutoCloseable {
    /** What it answers to a handshake: a frame, or bytes that are none, or nothing. */
    static final byte[] NOTHING = {};

    private final MultiThreadIoEventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Channel socket;
    private final Queue<QuicChannel> connections = new ConcurrentLinkedQueue<>();
    private final LinkedBlockingQueue<Client> clients = new LinkedBlockingQueue<>();
    private volatile Function<Frame.Handshake, byte[]> answer =
            handshake -> FrameCodec.encode(new Frame.HandshakeAck());

    private FakeZipper(TestCertificate identity, int port) {
        var tls = QuicSslContextBuilder.forServer(
                        identity.key().toFile(), null, identity.pem().toFile())
                .applicationProtocols("yomo")
                .build();
        var codec = new QuicServerCodecBuilder()
                .sslContext(tls)
                .maxIdleTimeout(5, TimeUnit.SECONDS)
                .initialMaxData(2 << 20)
                .initialMaxStreamDataBidirectionalRemote(2 << 20)
                .initialMaxStreamsBidirectional(1000)
                .tokenHandler(InsecureQuicTokenHandler.INSTANCE)
                .handler(new ChannelInitializer<QuicChannel>() {
                    @Override
                    protected void initChannel(QuicChannel connection) {
                        connections.add(connection);
                    }
                })
                .streamHandler(new ChannelInitializer<QuicStreamChannel>() {
                    @Override
                    protected void initChannel(QuicStreamChannel stream) {
                        stream.pipeline().addLast(new FrameReader(64 << 20), new Client(stream));
                    }
                })
                .build();
        socket = new Bootstrap()
                .group(group)
                .channel(NioDatagramChannel.class)
                .handler(codec)
                .bind(new InetSocketAddress("127.0.0.1", port))
                .syncUninterruptibly()
                .channel();
    }

    static FakeZipper start(TestCertificate identity) {
        return new FakeZipper(identity, 0);
    }

    /** On a port that one had before. */
    static FakeZipper startOn(TestCertificate identity, int port) {
        return new FakeZipper(identity, port);
    }

    int port() {
        return ((InetSocketAddress) socket.localAddress()).getPort();
    }

    String address() {
        return "127.0.0.1:" + port();
    }

    FakeZipper answering(Frame frame) {
        return answering(handshake -> FrameCodec.encode(frame));
    }

    FakeZipper answering(Function<Frame.Handshake, byte[]> answer) {
        this.answer = answer;
        return this;
    }

    /** The next client that has shaken hands, within 20 s. */
    Client next() {
        Client client = poll(20_000);
        if (client == null) {
            throw new AssertionError("no client came in 20 s");
        }
        return client;
    }

    @org.jspecify.annotations.Nullable
    Client poll(long millis) {
        try {
            return clients.poll(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    /** As a zipper that is shut down: code 0, no reason. Idempotent. */
    @Override
    public void close() {
        if (group.isShuttingDown()) {
            return;
        }
        for (QuicChannel connection : connections) {
            connection.close(true, 0, Unpooled.EMPTY_BUFFER).awaitUninterruptibly();
        }
        socket.close().syncUninterruptibly();
        group.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    /** One connection, seen from the zipper. */
    final class Client extends ChannelInboundHandlerAdapter {
        private final QuicStreamChannel stream;
        private final LinkedBlockingQueue<Frame.Data> data = new LinkedBlockingQueue<>();
        private volatile Frame.@org.jspecify.annotations.Nullable Handshake handshake;

        Client(QuicStreamChannel stream) {
            this.stream = stream;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object frame) {
            if (frame instanceof Frame.Handshake said) {
                handshake = said;
                byte[] bytes = answer.apply(said);
                if (bytes.length > 0) {
                    send(bytes);
                }
                clients.add(this);
            } else if (frame instanceof Frame.Data said) {
                data.add(said);
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            // Connections that a test breaks; what matters is what the client makes of it.
            context.close();
        }

        Frame.Handshake handshake() {
            return java.util.Objects.requireNonNull(handshake);
        }

        Client send(Frame frame) {
            return send(FrameCodec.encode(frame));
        }

        Client send(byte[] bytes) {
            stream.writeAndFlush(Unpooled.wrappedBuffer(bytes));
            return this;
        }

        void finish() {
            stream.shutdownOutput().syncUninterruptibly();
        }

        void disconnect(int code, String reason) {
            stream.parent().close(true, code, Unpooled.copiedBuffer(reason, StandardCharsets.UTF_8));
        }

        /** Stops taking what the client sends. */
        void stopReading() {
            stream.config().setAutoRead(false);
        }

        /** The next data frame, within 20 s. */
        Frame.Data nextData() {
            try {
                Frame.Data next = data.poll(20, TimeUnit.SECONDS);
                if (next == null) {
                    throw new AssertionError("no data came in 20 s");
                }
                return next;
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new AssertionError(interrupted);
            }
        }

        int waitingData() {
            return data.size();
        }
    }
}
