package dev.moitessier.prscd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.handler.codec.http3.Http3ErrorCode;
import io.netty.handler.codec.quic.QuicChannel;

/** A client on WebTransport: each message is one datagram, which may be lost. */
@SuppressWarnings("FutureReturnValueIgnored") // what becomes of a write or a close shows in the pipeline
final class WebTransportLink extends Link {
    private final QuicChannel connection;
    private final long quarterStreamId;
    private final int maxFrame;

    WebTransportLink(
            QuicChannel connection, WriteQueue writes, TransportLimits limits, long quarterStreamId, int maxFrame) {
        super(connection, writes, limits);
        this.connection = connection;
        this.quarterStreamId = quarterStreamId;
        this.maxFrame = maxFrame;
    }

    /** Marks the datagrams of this session (RFC 9297 §2.1). */
    long quarterStreamId() {
        return quarterStreamId;
    }

    @Override
    public Kind kind() {
        return Kind.WEBTRANSPORT;
    }

    @Override
    int maxFrame() {
        return maxFrame;
    }

    @Override
    void write(Channel channel, Frame frame, Encodings encodings) {
        channel.write(encodings.datagram(frame, quarterStreamId), channel.voidPromise());
    }

    @Override
    void stopReading(boolean stop) {
        // Datagrams do not wait: who cannot take them drops them.
    }

    /**
     * Closes the QUIC connection, not the session: Chromium then reports "Connection lost.", and Presencejs comes back after
     * 10 s. A session that is closed properly is a good-bye for ever.
     */
    @Override
    void shut(int code, String reason) {
        Http3ErrorCode error =
                code == CloseCode.TRY_AGAIN_LATER ? Http3ErrorCode.H3_EXCESSIVE_LOAD : Http3ErrorCode.H3_NO_ERROR;
        ByteBuf text = ByteBufUtil.writeUtf8(connection.alloc(), reason);
        connection.close(true, error.code(), text);
    }
}
