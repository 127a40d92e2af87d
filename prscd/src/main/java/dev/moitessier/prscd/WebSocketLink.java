package dev.moitessier.prscd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A client on WebSocket: frames of RFC 6455 become messages, and silence becomes an end. */
@SuppressWarnings("FutureReturnValueIgnored") // what becomes of a write or a close shows in the pipeline
final class WebSocketLink extends Link implements Heartbeats.Beating {
    private static final Logger log = LoggerFactory.getLogger(WebSocketLink.class);

    /** RFC 6455 §7.1.1: the peer's close frame, then the TCP connection; a peer that sends none is not waited for longer. */
    private static final long CLOSE_SECONDS = 2;

    private final Heartbeats heartbeats;
    private final int beat;
    private final Allowance allowance;
    private boolean paced;
    private int silentBeats;
    /** Of any worth while the channel is not writable. */
    private long unwritableSince;

    private long roundTripMillis = -1;

    WebSocketLink(Channel channel, WriteQueue writes, Heartbeats heartbeats, TransportLimits limits) {
        super(channel, writes, limits);
        this.heartbeats = heartbeats;
        this.beat = heartbeats.add(this);
        this.allowance = new Allowance(limits.messagesPerSecond(), limits.messageBurst(), System.nanoTime());
    }

    @Override
    public Kind kind() {
        return Kind.WEBSOCKET;
    }

    @Override
    int maxFrame() {
        return limits().waitingBytes();
    }

    @Override
    void write(Channel channel, Frame frame, Encodings encodings) {
        // A buffer passes by the encoder of frames, which it has no need of.
        channel.write(encodings.webSocket(frame), channel.voidPromise());
    }

    @Override
    void stopReading(boolean stop) {
        channel().config().setAutoRead(!stop);
    }

    @Override
    void shut(int code, String reason) {
        Channel channel = channel();
        channel.config().setAutoRead(true);
        channel.writeAndFlush(new CloseWebSocketFrame(new WebSocketCloseStatus(code, reason)));
        closeLater(channel);
    }

    /** Past TLS, whose good-bye cannot be written either where the peer does not read. */
    private static void closeLater(Channel channel) {
        channel.eventLoop()
                .schedule(
                        () -> {
                            ChannelHandlerContext tls = channel.pipeline().context(SslHandler.class);
                            if (tls == null) {
                                channel.close();
                            } else {
                                tls.close();
                            }
                        },
                        CLOSE_SECONDS,
                        TimeUnit.SECONDS);
    }

    @Override
    public void beat(long nanos) {
        if (isOver()) {
            return;
        }
        if (silentBeats >= limits().missedPings()) {
            end(Departure.LOST, CloseCode.GOING_AWAY, "no answer to pings");
            return;
        }
        if (!channel().isWritable()
                && nanos - unwritableSince > limits().slowTimeout().toNanos()) {
            end(Departure.LOST, CloseCode.TRY_AGAIN_LATER, "too slow");
            return;
        }
        silentBeats++;
        ByteBuf payload = channel().alloc().buffer(Long.BYTES).writeLong(System.currentTimeMillis());
        channel().writeAndFlush(new PingWebSocketFrame(payload));
    }

    /** Milliseconds between the last answered ping and its answer, -1 before. */
    long roundTripMillis() {
        return roundTripMillis;
    }

    /** Before fragments are put together: so that each of them counts. */
    final class Pace extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
            silentBeats = 0;
            allowance.spend(System.nanoTime());
            if (!paced) {
                pace(context);
            }
            super.channelRead(context, message);
        }

        /** What has been read already is handled; the next read waits until it is paid for. */
        private void pace(ChannelHandlerContext context) {
            long debt = allowance.debt(System.nanoTime());
            paced = debt > 0;
            if (!isOver()) {
                pause(PAUSED_BY_PACE, paced);
            }
            if (paced) {
                context.executor().schedule(() -> pace(context), debt, TimeUnit.NANOSECONDS);
            }
        }
    }

    /** Whole messages and control frames. */
    final class Messages extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            try {
                if (message instanceof CloseWebSocketFrame close) {
                    farewell(context, close);
                } else if (isOver()) {
                    return;
                } else if (message instanceof BinaryWebSocketFrame binary) {
                    received(ByteBufUtil.getBytes(binary.content()));
                } else if (message instanceof PingWebSocketFrame ping) {
                    context.writeAndFlush(new PongWebSocketFrame(ping.content().retain()));
                } else if (message instanceof PongWebSocketFrame pong) {
                    answered(pong.content());
                } else if (message instanceof TextWebSocketFrame) {
                    end(Departure.LOST, CloseCode.UNSUPPORTED_DATA, "binary messages only");
                } else if (message instanceof WebSocketFrame) {
                    end(Departure.LOST, CloseCode.PROTOCOL_ERROR, "unexpected frame");
                }
            } finally {
                ReferenceCountUtil.release(message);
            }
        }

        @Override
        public void channelWritabilityChanged(ChannelHandlerContext context) {
            unwritableSince = System.nanoTime();
            tellWritable();
        }

        @Override
        public void channelInactive(ChannelHandlerContext context) {
            heartbeats.remove(beat, WebSocketLink.this);
            leave(Departure.LOST);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            if (cause instanceof CorruptedWebSocketFrameException corrupted) {
                // The decoder has sent the close frame already.
                leave(Departure.LOST);
                log.debug("broken frame from {}: {}", context.channel().remoteAddress(), corrupted.getMessage());
                closeLater(context.channel());
            } else if (cause instanceof TooLongFrameException) {
                end(Departure.LOST, CloseCode.TOO_BIG, "at most " + limits().frameBytes() + " bytes");
            } else {
                log.debug("connection of {} broke: {}", context.channel().remoteAddress(), cause.toString());
                leave(Departure.LOST);
                context.close();
            }
        }

        private void farewell(ChannelHandlerContext context, CloseWebSocketFrame close) {
            // -1: a close frame without a code, as WebSocket.close() sends it.
            int code = close.statusCode();
            if (leave(code == -1 || code == 1000 || code == CloseCode.GOING_AWAY ? Departure.LEFT : Departure.LOST)) {
                context.writeAndFlush(close.retain()).addListener(ChannelFutureListener.CLOSE);
            } else {
                context.close();
            }
        }

        /** A pong may come unasked and with any payload (RFC 6455 §5.5.3); only ours tells the time. */
        private void answered(ByteBuf payload) {
            if (payload.readableBytes() == Long.BYTES) {
                long took = System.currentTimeMillis() - payload.getLong(payload.readerIndex());
                if (took >= 0 && took < limits().pingInterval().toMillis() * (limits().missedPings() + 1L)) {
                    roundTripMillis = took;
                }
            }
        }
    }

    /** The handlers, to be put behind the decoder of frames and behind the aggregator of fragments. */
    Pace pace() {
        return new Pace();
    }

    Messages messages() {
        return new Messages();
    }
}
