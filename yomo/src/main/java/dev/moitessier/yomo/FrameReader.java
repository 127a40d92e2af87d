package dev.moitessier.yomo;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import java.util.List;

/** Bytes of the stream to frames. Holds what has arrived, never what a length promises. */
final class FrameReader extends ByteToMessageDecoder {
    private final int mostBytes;
    private boolean ended;

    FrameReader(int mostBytes) {
        this.mostBytes = mostBytes;
    }

    @Override
    protected void decode(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        if (ended) {
            in.skipBytes(in.readableBytes());
            return;
        }
        try {
            int length = FrameCodec.packetLength(in, mostBytes);
            if (length != FrameCodec.UNKNOWN_YET && length <= in.readableBytes()) {
                out.add(FrameCodec.decode(in, length));
            }
        } catch (ZipperException.MalformedFrame malformed) {
            ended = true;
            in.skipBytes(in.readableBytes());
            context.fireExceptionCaught(malformed);
        }
    }

    @Override
    protected void decodeLast(ChannelHandlerContext context, ByteBuf in, List<Object> out) {
        int before;
        do {
            before = in.readableBytes();
            decode(context, in, out);
        } while (in.isReadable() && in.readableBytes() < before);
        if (in.isReadable()) {
            int there = in.readableBytes();
            ended = true;
            in.skipBytes(there);
            context.fireExceptionCaught(new ZipperException.MalformedFrame(
                    "the stream ended inside a frame of which " + there + " bytes had come"));
        }
    }
}
