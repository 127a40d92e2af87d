package dev.moitessier.prscd;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sockets and event loops: one port number for WebSocket over TCP and WebTransport over UDP. */
@SuppressWarnings("FutureReturnValueIgnored") // what becomes of a write or a close shows in the pipeline
final class Gateway implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Gateway.class);
    private static final int BACKLOG = 4096;
    private static final int BODY_BYTES = 8 << 10;

    /** One of each library that {@link WebTransport} needs. */
    private static final List<String> OPTIONAL_CLASSES = List.of(
            "io.netty.handler.codec.quic.QuicChannel", "io.netty.handler.codec.http3.Http3ServerConnectionHandler");

    /** How often a free TCP port may turn out to be taken on another address or for UDP. */
    private static final int PORT_TRIES = 10;

    private final TransportLimits limits;
    private final Admissions admissions;
    private final Routes routes;
    private final MultiThreadIoEventLoopGroup loops;
    private final Map<EventLoop, Serving> servings = new HashMap<>();
    private final ExecutorService tlsTasks;
    private final Set<Link> links = ConcurrentHashMap.newKeySet();
    private final List<Channel> listening = new ArrayList<>();
    private volatile @Nullable SslContext tls;
    private @Nullable WebTransport webTransport;
    private int port;

    /** What the connections of one event loop share. */
    record Serving(WriteQueue writes, Heartbeats heartbeats) {}

    private Gateway(TransportLimits limits, Admissions admissions, Routes routes, int threads) {
        this.limits = limits;
        this.admissions = admissions;
        this.routes = routes;
        IoHandlerFactory io = Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        this.loops = new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory("prscd-io", true), io);
        for (EventExecutor executor : loops) {
            EventLoop loop = (EventLoop) executor;
            servings.put(loop, new Serving(new WriteQueue(loop), new Heartbeats(loop, limits.pingInterval())));
        }
        // Handshakes with the JDK's TLS take milliseconds each: not on the loops that serve everybody.
        this.tlsTasks = Executors.newFixedThreadPool(threads, new DefaultThreadFactory("prscd-tls", true));
    }

    /**
     * Binds and serves; {@link IOException} that names the address if that cannot be.
     *
     * @param hosts each gets a socket for TCP and one for UDP with the same port
     * @param keys null: no TLS here, since something in front of this server does it; then no WebTransport
     */
    static Gateway start(
            List<InetAddress> hosts,
            int port,
            int threads,
            @Nullable TlsKeys keys,
            boolean withWebTransport,
            TransportLimits limits,
            Admissions admissions,
            Routes routes)
            throws IOException {
        var gateway = new Gateway(limits, admissions, routes, threads);
        try {
            if (keys != null) {
                keys.use(gateway::useTls);
                if (withWebTransport) {
                    gateway.webTransport = loadWebTransport(gateway, keys);
                }
            }
            gateway.bind(hosts, port);
            return gateway;
        } catch (IOException | RuntimeException e) {
            gateway.close();
            throw e;
        }
    }

    private static @Nullable WebTransport loadWebTransport(Gateway gateway, TlsKeys keys) {
        for (String needed : OPTIONAL_CLASSES) {
            try {
                Class.forName(needed, false, Gateway.class.getClassLoader());
            } catch (ClassNotFoundException e) {
                log.info("WebTransport is off, WebSocket serves: {} is not on the class path", needed);
                return null;
            }
        }
        return WebTransport.load(gateway, keys);
    }

    private Runnable useTls(TlsIdentity identity) {
        try {
            SslContext next = SslContextBuilder.forServer(identity.key(), identity.chainArray())
                    .protocols("TLSv1.3", "TLSv1.2")
                    .build();
            return () -> tls = next;
        } catch (SSLException e) {
            throw new IllegalArgumentException("TLS cannot use this key and certificate: " + e.getMessage(), e);
        }
    }

    private void bind(List<InetAddress> hosts, int wanted) throws IOException {
        for (int attempt = 1; ; attempt++) {
            try {
                int chosen = wanted;
                for (InetAddress host : hosts) {
                    Channel tcp = listen(new InetSocketAddress(host, chosen));
                    listening.add(tcp);
                    chosen = ((InetSocketAddress) tcp.localAddress()).getPort();
                    WebTransport present = webTransport;
                    if (present != null) {
                        listening.addAll(present.bind(loops, new InetSocketAddress(host, chosen), servings.size()));
                    }
                }
                port = chosen;
                return;
            } catch (IOException e) {
                stopListening();
                if (wanted != 0 || attempt == PORT_TRIES) {
                    throw e;
                }
            }
        }
    }

    private Channel listen(InetSocketAddress address) throws IOException {
        var bootstrap = new ServerBootstrap()
                .group(loops)
                .channel(Epoll.isAvailable() ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .option(ChannelOption.SO_BACKLOG, BACKLOG)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true)
                .childOption(
                        ChannelOption.WRITE_BUFFER_WATER_MARK,
                        new WriteBufferWaterMark(limits.writableBytes() / 2, limits.writableBytes()))
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accept(channel);
                    }
                });
        return bound(bootstrap.bind(address), address, "TCP");
    }

    /** The channel once it is bound. */
    static Channel bound(io.netty.channel.ChannelFuture binding, InetSocketAddress address, String protocol)
            throws IOException {
        if (!binding.awaitUninterruptibly(10, TimeUnit.SECONDS) || !binding.isSuccess()) {
            throw new IOException("cannot listen on " + protocol + " " + address, binding.cause());
        }
        return binding.channel();
    }

    private void accept(Channel channel) {
        if (!(channel.remoteAddress() instanceof InetSocketAddress remote) || !admissions.acquire(remote)) {
            channel.close();
            return;
        }
        channel.closeFuture().addListener(closed -> admissions.release(remote));
        ChannelPipeline pipeline = channel.pipeline();
        pipeline.addLast(new Deadline(limits.handshakeTimeout()));
        SslContext present = tls;
        if (present != null) {
            SslHandler handler = present.newHandler(channel.alloc(), tlsTasks);
            handler.setHandshakeTimeoutMillis(limits.handshakeTimeout().toMillis());
            pipeline.addLast(handler);
        }
        pipeline.addLast(
                new HttpServerCodec(new HttpDecoderConfig()
                        .setMaxInitialLineLength(limits.requestBytes())
                        .setMaxHeaderSize(limits.requestBytes())),
                new HttpObjectAggregator(BODY_BYTES),
                new HttpEntrance(this));
    }

    /** A connection has become a client on WebSocket. */
    WebSocketLink webSocket(Channel channel) {
        Serving serving = serving(channel.eventLoop());
        return track(new WebSocketLink(channel, serving.writes(), serving.heartbeats(), limits), channel);
    }

    <L extends Link> L track(L link, Channel channel) {
        links.add(link);
        channel.closeFuture().addListener(closed -> links.remove(link));
        return link;
    }

    Serving serving(EventLoop loop) {
        Serving serving = servings.get(loop);
        if (serving == null) {
            throw new IllegalStateException("not a loop of this gateway");
        }
        return serving;
    }

    TransportLimits limits() {
        return limits;
    }

    Admissions admissions() {
        return admissions;
    }

    Routes routes() {
        return routes;
    }

    ExecutorService tlsTasks() {
        return tlsTasks;
    }

    int port() {
        return port;
    }

    boolean servesWebTransport() {
        return webTransport != null;
    }

    /** Clients connected now. */
    int clients() {
        return links.size();
    }

    /** Nobody new gets in; who is in stays. */
    void stopAccepting() {
        admissions.close();
        WebTransport present = webTransport;
        for (Channel channel : listening) {
            // The socket that carries QUIC connections has to stay until they have ended.
            if (present == null || !present.owns(channel)) {
                channel.close();
            }
        }
    }

    /** Sends everybody to look for another node, spread over this time so that they do not all come at once. */
    void sendAway(Duration spread) {
        List<Link> present = List.copyOf(links);
        for (int i = 0; i < present.size(); i++) {
            Link link = present.get(i);
            long delay = spread.toNanos() / present.size() * i;
            link.channel()
                    .eventLoop()
                    .schedule(
                            () -> link.end(Departure.LOST, CloseCode.SERVICE_RESTART, "restart"),
                            delay,
                            TimeUnit.NANOSECONDS);
        }
    }

    /** True if all clients have gone within this time. */
    boolean awaitNobody(Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        for (Link link : List.copyOf(links)) {
            if (!link.channel().closeFuture().await(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS)) {
                return false;
            }
        }
        return true;
    }

    private void stopListening() {
        for (Channel channel : listening) {
            channel.close().awaitUninterruptibly(5, TimeUnit.SECONDS);
        }
        listening.clear();
    }

    /** Closes what is open, without good-byes. */
    @Override
    public void close() {
        admissions.close();
        for (Link link : links) {
            link.channel().close();
        }
        stopListening();
        if (!loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly(10, TimeUnit.SECONDS)) {
            log.warn("event loops still run 10 s after they were told to end");
        }
        tlsTasks.shutdown();
    }
}
