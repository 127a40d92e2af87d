package dev.moitessier.prscd;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One request per TCP connection: it becomes a WebSocket, or it is answered and the connection closed. */
@SuppressWarnings("FutureReturnValueIgnored") // what becomes of a write or a close shows in the pipeline
final class HttpEntrance extends SimpleChannelInboundHandler<FullHttpRequest> {
    private static final Logger log = LoggerFactory.getLogger(HttpEntrance.class);

    /** Its length would be that of what it does not have. */
    private static final int NOT_MODIFIED = 304;

    private final Gateway gateway;
    private boolean asked;

    HttpEntrance(Gateway gateway) {
        this.gateway = gateway;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
        if (asked) {
            return;
        }
        asked = true;
        // Whatever the client sends before it has an answer waits in its socket.
        context.channel().config().setAutoRead(false);
        if (request.decoderResult().isFailure()) {
            answer(context, Routes.Answer.text(400, "bad request"));
        } else if (request.method().equals(HttpMethod.GET)
                && request.headers().containsValue(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true)) {
            // Without its buffer: whoever decides may take for ever, and must not keep it from the pool.
            upgrade(context, request.replace(Unpooled.EMPTY_BUFFER));
        } else {
            plain(context, request);
        }
    }

    private void plain(ChannelHandlerContext context, FullHttpRequest request) {
        gateway.routes()
                .answer(request.method().name(), request.uri(), name -> request.headers()
                        .get(name))
                .whenComplete((answer, failure) -> context.executor()
                        .execute(() ->
                                answer(context, failure == null ? answer : Routes.Answer.text(500, "internal error"))));
    }

    private void upgrade(ChannelHandlerContext context, FullHttpRequest request) {
        String version = request.headers().get(HttpHeaderNames.SEC_WEBSOCKET_VERSION);
        WebSocketServerHandshaker handshaker = "13".equals(version)
                ? new WebSocketServerHandshakerFactory(null, null, frames()).newHandshaker(request)
                : null;
        if (handshaker == null) {
            WebSocketServerHandshakerFactory.sendUnsupportedVersionResponse(context.channel())
                    .addListener(ChannelFutureListener.CLOSE);
            return;
        }
        var remote = (InetSocketAddress) context.channel().remoteAddress();
        gateway.admissions()
                .decide(request.uri(), request.headers().get(HttpHeaderNames.ORIGIN), remote)
                .whenComplete((decision, failure) ->
                        context.executor().execute(() -> decided(context, request, handshaker, decision, failure)));
    }

    private WebSocketDecoderConfig frames() {
        return WebSocketDecoderConfig.newBuilder()
                .maxFramePayloadLength(gateway.limits().frameBytes())
                .allowExtensions(false)
                .withUTF8Validator(false)
                .build();
    }

    private void decided(
            ChannelHandlerContext context,
            FullHttpRequest request,
            WebSocketServerHandshaker handshaker,
            Admissions.@Nullable Decision decision,
            @Nullable Throwable failure) {
        if (decision instanceof Admissions.Entered entered) {
            enter(context, request, handshaker, entered);
        } else if (decision instanceof Admissions.Refused refused) {
            int status = refused.status().webSocket();
            answer(
                    context,
                    Routes.Answer.text(
                            status, HttpResponseStatus.valueOf(status).reasonPhrase()));
        } else {
            log.warn("cannot let a client in", failure);
            answer(context, Routes.Answer.text(500, "internal error"));
        }
    }

    private void enter(
            ChannelHandlerContext context,
            FullHttpRequest request,
            WebSocketServerHandshaker handshaker,
            Admissions.Entered entered) {
        Channel channel = context.channel();
        if (!channel.isActive()) {
            return;
        }
        WebSocketLink link = gateway.webSocket(channel);
        ChannelPipeline pipeline = channel.pipeline();
        // Before the handshake: the first frame may follow its answer at once.
        pipeline.replace(this, "pace", link.pace());
        pipeline.addLast("whole", new WebSocketFrameAggregator(gateway.limits().frameBytes()));
        pipeline.addLast("messages", link.messages());
        link.attach(entered.door().connect(entered.target().clientId(), link, entered.access()));
        HttpHeaders headers = new DefaultHttpHeaders()
                .add("X-Prscd-Version", PrscdServer.PROTOCOL_VERSION)
                .add("X-Prscd-MESHID", entered.mesh());
        handshaker.handshake(channel, request, headers, channel.newPromise()).addListener(shaken -> {
            if (shaken.isSuccess()) {
                Deadline.met(channel);
                channel.config().setAutoRead(true);
            } else {
                channel.close();
            }
        });
    }

    private static void answer(ChannelHandlerContext context, Routes.Answer answer) {
        var response = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(answer.status()),
                Unpooled.wrappedBuffer(answer.body()));
        answer.headers().forEach(response.headers()::set);
        response.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, answer.contentType())
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        if (answer.status() != NOT_MODIFIED) {
            response.headers()
                    .set(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
        }
        if (answer.status() == 503) {
            response.headers().set(HttpHeaderNames.RETRY_AFTER, 10);
        }
        context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        // No TLS, a broken header, a connection that went away: of interest to nobody but who looks for it.
        log.debug("no request from {}: {}", context.channel().remoteAddress(), cause.toString());
        context.close();
    }
}
