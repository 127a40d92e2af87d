package dev.moitessier.prscd;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.handler.codec.http3.DefaultHttp3DataFrame;
import io.netty.handler.codec.http3.DefaultHttp3HeadersFrame;
import io.netty.handler.codec.http3.DefaultHttp3SettingsFrame;
import io.netty.handler.codec.http3.Http3;
import io.netty.handler.codec.http3.Http3DataFrame;
import io.netty.handler.codec.http3.Http3ErrorCode;
import io.netty.handler.codec.http3.Http3Headers;
import io.netty.handler.codec.http3.Http3HeadersFrame;
import io.netty.handler.codec.http3.Http3RequestStreamInboundHandler;
import io.netty.handler.codec.http3.Http3ServerConnectionHandler;
import io.netty.handler.codec.http3.Http3Settings;
import io.netty.handler.codec.quic.Quic;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicCodecDispatcher;
import io.netty.handler.codec.quic.QuicConnectionIdGenerator;
import io.netty.handler.codec.quic.QuicDatagramExtensionEvent;
import io.netty.handler.codec.quic.QuicServerCodecBuilder;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.util.AttributeKey;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * WebTransport over HTTP/3: draft-02 as Chromium speaks it, the settings of newer drafts beside it. One session per
 * connection, datagrams only: Presencejs knows nothing else. Loaded only where Netty's QUIC is on the class path.
 */
@SuppressWarnings("FutureReturnValueIgnored") // what becomes of a write or a close shows in the pipeline
final class WebTransport {
    private static final Logger log = LoggerFactory.getLogger(WebTransport.class);

    // Settings ids: RFC 9220, RFC 9297, draft-02, draft-07, draft-13 of WebTransport over HTTP/3.
    private static final long ENABLE_CONNECT_PROTOCOL = 0x08;
    private static final long H3_DATAGRAM = 0x33;
    private static final long H3_DATAGRAM_DRAFT_04 = 0xffd277;
    private static final long ENABLE_WEBTRANSPORT_DRAFT_02 = 0x2b603742;
    private static final long WEBTRANSPORT_MAX_SESSIONS_DRAFT_07 = 0xc671706aL;
    private static final long WEBTRANSPORT_MAX_SESSIONS_DRAFT_13 = 0x14e9cd29;

    // A session has one request stream each way; HTTP/3 itself needs three streams of one direction.
    private static final int STREAMS = 8;
    private static final int STREAM_WINDOW = 64 << 10;
    private static final int CONNECTION_WINDOW = 256 << 10;

    /** Datagrams that wait in quiche, each way; more are dropped, as datagrams are. */
    private static final int DATAGRAMS_WAITING = 1024;

    /** What a datagram carries when the client has not said how much it takes. */
    private static final int DATAGRAM_BYTES = 1100;

    /** Enough for a packet with the largest id of a stream. */
    private static final int SESSION_ID_BYTES = 8;

    private static final AttributeKey<Connection> CONNECTION = AttributeKey.valueOf(WebTransport.class, "connection");

    private final Gateway gateway;
    private final byte[] tokenSecret = new byte[32];
    private final List<Channel> sockets = new ArrayList<>();
    private volatile QuicSslContext tls;

    private WebTransport(Gateway gateway, TlsKeys keys) {
        this.gateway = gateway;
        new SecureRandom().nextBytes(tokenSecret);
        this.tls = context(keys.present());
        keys.use(identity -> {
            QuicSslContext next = context(identity);
            return () -> tls = next;
        });
    }

    /** Called only where the classes are there; null, and one line in the log, if the native part is not. */
    static @Nullable WebTransport load(Gateway gateway, TlsKeys keys) {
        if (!Quic.isAvailable()) {
            log.info(
                    "WebTransport is off, WebSocket serves: no native QUIC for this platform ({})",
                    Quic.unavailabilityCause().getMessage());
            return null;
        }
        return new WebTransport(gateway, keys);
    }

    private static QuicSslContext context(TlsIdentity identity) {
        return QuicSslContextBuilder.forServer(identity.key(), null, identity.chainArray())
                .applicationProtocols(Http3.supportedApplicationProtocols())
                .build();
    }

    /** One UDP socket; where the kernel spreads packets over several with one address, one for each event loop. */
    List<Channel> bind(EventLoopGroup loops, InetSocketAddress address, int threads) throws IOException {
        boolean spread = Epoll.isAvailable() && threads > 1;
        var dispatcher = new Spread();
        var bootstrap = new Bootstrap()
                .group(loops)
                .channel(Epoll.isAvailable() ? EpollDatagramChannel.class : NioDatagramChannel.class)
                .handler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new Plausible(), spread ? dispatcher : codec().build(), new Last());
                    }
                });
        if (spread) {
            bootstrap.option(UnixChannelOption.SO_REUSEPORT, true);
        }
        List<Channel> bound = new ArrayList<>();
        try {
            for (int i = 0; i < (spread ? threads : 1); i++) {
                bound.add(Gateway.bound(bootstrap.bind(address), address, "UDP"));
            }
        } catch (IOException e) {
            bound.forEach(Channel::close);
            throw e;
        }
        sockets.addAll(bound);
        return bound;
    }

    boolean owns(Channel channel) {
        return sockets.contains(channel);
    }

    /**
     * Drops what cannot be QUIC (RFC 9000 §10.3: every packet for an endpoint has at least 21 bytes). Netty's dispatcher would
     * throw at a shorter one, and never release it.
     */
    private static final class Plausible extends ChannelInboundHandlerAdapter {
        private static final int SMALLEST_PACKET = 21;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof DatagramPacket packet && packet.content().readableBytes() < SMALLEST_PACKET) {
                packet.release();
            } else {
                context.fireChannelRead(message);
            }
        }
    }

    /** A packet that breaks the codec is no event for the log of a server. */
    private static final class Last extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            log.debug("odd packet: {}", cause.toString());
        }
    }

    /** Brings each packet to the socket whose loop has its connection, after the client's address has changed. */
    private final class Spread extends QuicCodecDispatcher {
        @Override
        protected void initChannel(Channel channel, int idLength, QuicConnectionIdGenerator ids) {
            channel.pipeline()
                    .addLast(codec().localConnectionIdLength(idLength)
                            .connectionIdAddressGenerator(ids)
                            .build());
        }
    }

    private QuicServerCodecBuilder codec() {
        TransportLimits limits = gateway.limits();
        return Http3.newQuicServerCodecBuilder()
                .sslEngineProvider(channel -> tls.newEngine(channel.alloc()))
                .sslTaskExecutor(gateway.tlsTasks())
                .tokenHandler(new QuicTokens(tokenSecret, InstantSource.system()))
                .maxIdleTimeout(limits.idleTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .initialMaxData(CONNECTION_WINDOW)
                .initialMaxStreamDataBidirectionalLocal(STREAM_WINDOW)
                .initialMaxStreamDataBidirectionalRemote(STREAM_WINDOW)
                .initialMaxStreamDataUnidirectional(STREAM_WINDOW)
                .initialMaxStreamsBidirectional(STREAMS)
                .initialMaxStreamsUnidirectional(STREAMS)
                .datagram(DATAGRAMS_WAITING, DATAGRAMS_WAITING)
                .handler(new ChannelInitializer<QuicChannel>() {
                    @Override
                    protected void initChannel(QuicChannel channel) {
                        accept(channel);
                    }
                });
    }

    private void accept(QuicChannel channel) {
        if (!(channel.remoteSocketAddress() instanceof InetSocketAddress remote)
                || !gateway.admissions().acquire(remote)) {
            channel.close(true, Http3ErrorCode.H3_EXCESSIVE_LOAD.code(), Unpooled.EMPTY_BUFFER);
            return;
        }
        channel.closeFuture().addListener(closed -> gateway.admissions().release(remote));
        var connection = new Connection(channel, remote);
        channel.attr(CONNECTION).set(connection);
        channel.pipeline()
                .addLast(
                        new Deadline(gateway.limits().handshakeTimeout()),
                        new Http3ServerConnectionHandler(
                                new ChannelInitializer<QuicStreamChannel>() {
                                    @Override
                                    protected void initChannel(QuicStreamChannel stream) {
                                        stream.pipeline().addLast(new Request(connection));
                                    }
                                },
                                null,
                                null,
                                settings(),
                                true,
                                (id, value) -> true),
                        connection);
    }

    private DefaultHttp3SettingsFrame settings() {
        Http3Settings settings = new Http3Settings((id, value) -> true)
                .maxFieldSectionSize(gateway.limits().requestBytes());
        settings.put(ENABLE_CONNECT_PROTOCOL, 1L);
        settings.put(H3_DATAGRAM, 1L);
        settings.put(H3_DATAGRAM_DRAFT_04, 1L);
        settings.put(ENABLE_WEBTRANSPORT_DRAFT_02, 1L);
        settings.put(WEBTRANSPORT_MAX_SESSIONS_DRAFT_07, 1L);
        settings.put(WEBTRANSPORT_MAX_SESSIONS_DRAFT_13, 1L);
        return new DefaultHttp3SettingsFrame(settings);
    }

    /** One QUIC connection: its datagrams belong to its one session. */
    private final class Connection extends ChannelInboundHandlerAdapter {
        private final QuicChannel channel;
        private final InetSocketAddress remote;
        private final Allowance allowance;
        private int datagramBytes = DATAGRAM_BYTES;
        private boolean asked;
        private @Nullable WebTransportLink session;

        Connection(QuicChannel channel, InetSocketAddress remote) {
            this.channel = channel;
            this.remote = remote;
            this.allowance = new Allowance(
                    gateway.limits().messagesPerSecond(), gateway.limits().messageBurst(), System.nanoTime());
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (!(message instanceof ByteBuf datagram)) {
                context.fireChannelRead(message);
                return;
            }
            try {
                long of = Varint.read(datagram);
                WebTransportLink present = session;
                // Without content, of another session, too early, too many: dropped, as datagrams may be.
                if (present != null
                        && of == present.quarterStreamId()
                        && datagram.isReadable()
                        && allowance.trySpend(System.nanoTime())) {
                    present.received(ByteBufUtil.getBytes(datagram));
                }
            } finally {
                datagram.release();
            }
        }

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event instanceof QuicDatagramExtensionEvent extension) {
                datagramBytes = extension.maxLength();
            }
            context.fireUserEventTriggered(event);
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            WebTransportLink present = session;
            if (present != null) {
                present.leave(Departure.LOST);
            }
            context.fireChannelInactive();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            log.debug("QUIC connection of {} broke: {}", remote, cause.toString());
            WebTransportLink present = session;
            if (present != null) {
                present.leave(Departure.LOST);
            }
            context.close();
        }
    }

    /** One request stream: the session, or a plain request. */
    private final class Request extends Http3RequestStreamInboundHandler {
        private final Connection connection;
        private final Capsules capsules = new Capsules();
        private @Nullable WebTransportLink session;
        private boolean asked;

        Request(Connection connection) {
            this.connection = connection;
        }

        @Override
        protected void channelRead(ChannelHandlerContext context, Http3HeadersFrame frame) {
            if (asked) {
                return;
            }
            asked = true;
            Http3Headers headers = frame.headers();
            CharSequence protocol = headers.get(Http3Headers.PseudoHeaderName.PROTOCOL.value());
            if (protocol == null) {
                plain(context, headers);
            } else if (!protocol.toString().equals("webtransport")
                    && !protocol.toString().equals("webtransport-h3")) {
                refuse(context, 501);
            } else if (!text(headers.method()).equals("CONNECT")) {
                refuse(context, 400);
            } else if (connection.asked) {
                // We announce one session per connection.
                refuse(context, 429);
            } else {
                connection.asked = true;
                gateway.admissions()
                        .decide(text(headers.path()), nullable(headers.get("origin")), connection.remote)
                        .whenComplete((decision, failure) ->
                                context.executor().execute(() -> decided(context, decision, failure)));
            }
        }

        private void decided(
                ChannelHandlerContext context, Admissions.@Nullable Decision decision, @Nullable Throwable failure) {
            if (decision instanceof Admissions.Entered entered) {
                enter(context, entered);
            } else if (decision instanceof Admissions.Refused refused) {
                refuse(context, refused.status().webTransport());
            } else {
                log.warn("cannot let a client in", failure);
                refuse(context, 500);
            }
        }

        private void enter(ChannelHandlerContext context, Admissions.Entered entered) {
            QuicChannel channel = connection.channel;
            if (!channel.isActive() || !context.channel().isActive()) {
                return;
            }
            long quarterStreamId = ((QuicStreamChannel) context.channel()).streamId() / 4;
            var link = new WebTransportLink(
                    channel,
                    gateway.serving(channel.eventLoop()).writes(),
                    gateway.limits(),
                    quarterStreamId,
                    Math.min(
                            connection.datagramBytes - SESSION_ID_BYTES,
                            gateway.limits().frameBytes()));
            gateway.track(link, channel);
            link.attach(entered.door().connect(entered.target().clientId(), link, entered.access()));
            session = link;
            connection.session = link;
            Deadline.met(channel);
            var response = new DefaultHttp3HeadersFrame();
            response.headers()
                    .status("200")
                    .set("sec-webtransport-http3-draft", "draft02")
                    .set("x-prscd-version", PrscdServer.PROTOCOL_VERSION)
                    .set("x-prscd-meshid", entered.mesh());
            context.writeAndFlush(response);
        }

        private void plain(ChannelHandlerContext context, Http3Headers headers) {
            gateway.routes()
                    .answer(text(headers.method()), text(headers.path()), name -> nullable(headers.get(name)))
                    .whenComplete((answer, failure) -> context.executor()
                            .execute(() -> answer(
                                    context, failure == null ? answer : Routes.Answer.text(500, "internal error"))));
        }

        private void answer(ChannelHandlerContext context, Routes.Answer answer) {
            byte[] body = answer.body();
            var response = new DefaultHttp3HeadersFrame();
            response.headers().status(Integer.toString(answer.status())).set("content-type", answer.contentType());
            answer.headers().forEach(response.headers()::set);
            if (answer.status() != 304) {
                response.headers().set("content-length", Integer.toString(body.length));
            }
            context.write(response);
            context.writeAndFlush(new DefaultHttp3DataFrame(Unpooled.wrappedBuffer(body)))
                    .addListener(QuicStreamChannel.SHUTDOWN_OUTPUT);
        }

        private void refuse(ChannelHandlerContext context, int status) {
            var response = new DefaultHttp3HeadersFrame();
            response.headers().status(Integer.toString(status));
            context.writeAndFlush(response).addListener(QuicStreamChannel.SHUTDOWN_OUTPUT);
        }

        @Override
        protected void channelRead(ChannelHandlerContext context, Http3DataFrame frame) {
            try {
                WebTransportLink present = session;
                if (present != null && capsules.closes(frame.content())) {
                    over(Departure.LEFT);
                }
            } finally {
                frame.release();
            }
        }

        @Override
        protected void channelInputClosed(ChannelHandlerContext context) {
            over(Departure.LEFT);
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) throws Exception {
            over(Departure.LOST);
            super.channelInactive(context);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            log.debug("session of {} broke: {}", connection.remote, cause.toString());
            over(Departure.LOST);
            context.close();
        }

        /** A session that has ended has nothing to do on its connection any more. */
        private void over(Departure departure) {
            WebTransportLink present = session;
            if (present != null && present.leave(departure)) {
                connection.channel.close(true, Http3ErrorCode.H3_NO_ERROR.code(), Unpooled.EMPTY_BUFFER);
            }
        }

        private String text(@Nullable CharSequence value) {
            return value == null ? "" : value.toString();
        }

        private @Nullable String nullable(@Nullable CharSequence value) {
            return value == null ? null : value.toString();
        }
    }
}
