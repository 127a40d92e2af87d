package dev.moitessier.prscd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import org.jspecify.annotations.Nullable;

/**
 * The newest frame as it stands on the wire, made once and shared by all clients that it goes to in a row. Frames from a
 * server are unmasked, so they are the same for everybody (RFC 6455 §5.1).
 */
final class Encodings implements AutoCloseable {
    private static final int FINAL_BINARY = 0x82;

    private @Nullable Frame webSocketFrame;
    private @Nullable ByteBuf webSocket;
    private @Nullable Frame datagramFrame;
    private @Nullable ByteBuf datagram;
    private long datagramSession;

    /** The message as a WebSocket frame; the caller owns a reference. */
    ByteBuf webSocket(Frame frame) {
        ByteBuf present = webSocket;
        if (present == null || webSocketFrame != frame) {
            release(present);
            present = encodeWebSocket(frame.bytes());
            webSocket = present;
            webSocketFrame = frame;
        }
        return present.retainedDuplicate();
    }

    /** The message as an HTTP datagram (RFC 9297 §2.1); the caller owns a reference. */
    ByteBuf datagram(Frame frame, long quarterStreamId) {
        ByteBuf present = datagram;
        if (present == null || datagramFrame != frame || datagramSession != quarterStreamId) {
            release(present);
            present = PooledByteBufAllocator.DEFAULT.directBuffer(frame.length() + 8);
            Varint.write(present, quarterStreamId);
            present.writeBytes(frame.bytes());
            datagram = present;
            datagramFrame = frame;
            datagramSession = quarterStreamId;
        }
        return present.retainedDuplicate();
    }

    /** RFC 6455 §5.2, without a mask. */
    private static ByteBuf encodeWebSocket(byte[] message) {
        ByteBuf out = PooledByteBufAllocator.DEFAULT.directBuffer(message.length + 10);
        out.writeByte(FINAL_BINARY);
        if (message.length < 126) {
            out.writeByte(message.length);
        } else if (message.length < 1 << 16) {
            out.writeByte(126).writeShort(message.length);
        } else {
            out.writeByte(127).writeLong(message.length);
        }
        return out.writeBytes(message);
    }

    @Override
    public void close() {
        release(webSocket);
        release(datagram);
        webSocket = null;
        datagram = null;
        webSocketFrame = null;
        datagramFrame = null;
    }

    private static void release(@Nullable ByteBuf buffer) {
        if (buffer != null) {
            buffer.release();
        }
    }
}
