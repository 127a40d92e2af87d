package dev.moitessier.prscd;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.http3.DefaultHttp3DataFrame;
import io.netty.handler.codec.http3.DefaultHttp3HeadersFrame;
import io.netty.handler.codec.http3.DefaultHttp3SettingsFrame;
import io.netty.handler.codec.http3.Http3;
import io.netty.handler.codec.http3.Http3ClientConnectionHandler;
import io.netty.handler.codec.http3.Http3DataFrame;
import io.netty.handler.codec.http3.Http3HeadersFrame;
import io.netty.handler.codec.http3.Http3RequestStreamInboundHandler;
import io.netty.handler.codec.http3.Http3Settings;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamType;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A WebTransport client that does exactly what it is told, be it legal or not. */
final class QuicClient implements AutoCloseable {
    private final EventLoopGroup group = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private Channel socket;
    final QuicChannel connection;
    final BlockingQueue<byte[]> datagrams = new LinkedBlockingQueue<>();
    final List<QuicConnectionCloseEvent> closed = new CopyOnWriteArrayList<>();

    /** A response so far. */
    static final class Exchange {
        final CompletableFuture<Http3HeadersFrame> headers = new CompletableFuture<>();
        final StringBuffer body = new StringBuffer();
        final CompletableFuture<Void> ended = new CompletableFuture<>();
        QuicStreamChannel stream;

        String status() throws Exception {
            return headers.get(10, TimeUnit.SECONDS).headers().status().toString();
        }
    }

    QuicClient(int port) throws Exception {
        try {
            socket = new Bootstrap()
                    .group(group)
                    .channel(NioDatagramChannel.class)
                    .handler(Http3.newQuicClientCodecBuilder()
                            .sslContext(QuicSslContextBuilder.forClient()
                                    .trustManager(InsecureTrustManagerFactory.INSTANCE)
                                    .applicationProtocols(Http3.supportedApplicationProtocols())
                                    .build())
                            .maxIdleTimeout(20, TimeUnit.SECONDS)
                            .initialMaxData(1 << 20)
                            .initialMaxStreamDataBidirectionalLocal(1 << 20)
                            .initialMaxStreamDataUnidirectional(1 << 20)
                            .initialMaxStreamsUnidirectional(16)
                            .datagram(1000, 1000)
                            .build())
                    .bind(0)
                    .sync()
                    .channel();
            Http3Settings settings = new Http3Settings((id, value) -> true);
            settings.put(0x2b603742L, 1L);
            settings.put(0x33L, 1L);
            connection = QuicChannel.newBootstrap(socket)
                    .handler(new io.netty.channel.ChannelInitializer<QuicChannel>() {
                        @Override
                        protected void initChannel(QuicChannel channel) {
                            channel.pipeline()
                                    .addLast(
                                            new Http3ClientConnectionHandler(
                                                    null,
                                                    null,
                                                    null,
                                                    new DefaultHttp3SettingsFrame(settings),
                                                    true,
                                                    (id, value) -> true),
                                            new Datagrams());
                        }
                    })
                    .remoteAddress(new InetSocketAddress("127.0.0.1", port))
                    .connect()
                    .get(10, TimeUnit.SECONDS);
        } catch (Exception e) {
            end();
            throw e;
        }
    }

    private final class Datagrams extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof ByteBuf datagram) {
                datagrams.add(ByteBufUtil.getBytes(datagram));
                datagram.release();
            } else {
                context.fireChannelRead(message);
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof QuicConnectionCloseEvent close) {
                closed.add(close);
            }
            context.fireUserEventTriggered(event);
        }
    }

    /** A session of this client id with the key that {@link TestGateway} takes. */
    static QuicClient open(int port, String clientId) throws Exception {
        return open(port, clientId, "k");
    }

    static QuicClient open(int port, String clientId, String publicKey) throws Exception {
        var client = new QuicClient(port);
        Exchange session = client.connect("/v1?publickey=" + publicKey + "&id=" + clientId);
        if (!session.status().equals("200")) {
            client.close();
            throw new IllegalStateException("no session: " + session.status());
        }
        return client;
    }

    /** Asks for a session, as Chromium does. */
    Exchange connect(String path, String... headers) throws Exception {
        var request = new DefaultHttp3HeadersFrame();
        request.headers()
                .method("CONNECT")
                .scheme("https")
                .authority("localhost")
                .path(path)
                .set(":protocol", "webtransport")
                .set("sec-webtransport-http3-draft02", "1");
        return send(request, headers);
    }

    Exchange get(String path, String... headers) throws Exception {
        var request = new DefaultHttp3HeadersFrame();
        request.headers().method("GET").scheme("https").authority("localhost").path(path);
        Exchange exchange = send(request, headers);
        exchange.stream.shutdownOutput().sync();
        return exchange;
    }

    private Exchange send(DefaultHttp3HeadersFrame request, String... headers) throws Exception {
        for (int i = 0; i < headers.length; i += 2) {
            request.headers().set(headers[i], headers[i + 1]);
        }
        var exchange = new Exchange();
        exchange.stream = Http3.newRequestStream(connection, new Http3RequestStreamInboundHandler() {
                    @Override
                    protected void channelRead(ChannelHandlerContext context, Http3HeadersFrame frame) {
                        exchange.headers.complete(frame);
                    }

                    @Override
                    protected void channelRead(ChannelHandlerContext context, Http3DataFrame frame) {
                        exchange.body.append(frame.content().toString(StandardCharsets.UTF_8));
                        frame.release();
                    }

                    @Override
                    protected void channelInputClosed(ChannelHandlerContext context) {
                        exchange.ended.complete(null);
                    }
                })
                .get(10, TimeUnit.SECONDS);
        exchange.stream.writeAndFlush(request).sync();
        return exchange;
    }

    /** Bytes on the stream of a session, in one DATA frame. */
    static void data(Exchange session, byte[] bytes) throws Exception {
        session.stream
                .writeAndFlush(new DefaultHttp3DataFrame(Unpooled.wrappedBuffer(bytes)))
                .sync();
    }

    /** Any stream that the client opens, without HTTP/3 on it. */
    void rawStream(QuicStreamType type, byte[] bytes) throws Exception {
        QuicStreamChannel stream = connection
                .createStream(type, new ChannelInboundHandlerAdapter())
                .get(10, TimeUnit.SECONDS);
        stream.writeAndFlush(Unpooled.copiedBuffer(bytes));
    }

    /** Exactly these bytes as a datagram. */
    void datagram(byte[] bytes) {
        connection.writeAndFlush(
                Unpooled.directBuffer(Math.max(1, bytes.length)).writeBytes(bytes));
    }

    /** A message of session 0. */
    void message(byte[] message) {
        byte[] datagram = new byte[message.length + 1];
        System.arraycopy(message, 0, datagram, 1, message.length);
        datagram(datagram);
    }

    byte[] nextDatagram() throws InterruptedException {
        return datagrams.poll(10, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        connection.close().awaitUninterruptibly(5, TimeUnit.SECONDS);
        end();
    }

    private void end() {
        if (socket != null) {
            socket.close().awaitUninterruptibly(5, TimeUnit.SECONDS);
        }
        group.shutdownGracefully(0, 2, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }
}
