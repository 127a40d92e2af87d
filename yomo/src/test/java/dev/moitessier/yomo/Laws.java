package dev.moitessier.yomo;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.Map;

/** What holds for every input. */
final class Laws {
    private static final int MOST = 1 << 16;

    private Laws() {}

    /** A frame, or one typed error, or a wish for more; and what was read is read again from what is written for it. */
    static void holdForStream(byte[] bytes) {
        ByteBuf in = Unpooled.wrappedBuffer(bytes);
        try {
            while (true) {
                int length = FrameCodec.packetLength(in, MOST);
                if (length == FrameCodec.UNKNOWN_YET || length > in.readableBytes()) {
                    return;
                }
                int end = in.readerIndex() + length;
                Frame frame = FrameCodec.decode(in, length);
                require(in.readerIndex() == end, "a frame's end");
                byte[] once = FrameCodec.encode(frame);
                ByteBuf again = Unpooled.wrappedBuffer(once);
                int lengthAgain = FrameCodec.packetLength(again, Integer.MAX_VALUE);
                require(lengthAgain == once.length, "the length of what was written");
                byte[] twice = FrameCodec.encode(FrameCodec.decode(again, lengthAgain));
                require(Arrays.equals(once, twice), "the same frame again");
            }
        } catch (ZipperException.MalformedFrame malformed) {
            require(malformed.getMessage().length() < 200, "a short message");
        }
    }

    static void holdForMetadata(byte[] bytes) {
        Map<String, String> metadata;
        try {
            metadata = Metadata.decode(bytes);
        } catch (ZipperException.MalformedFrame malformed) {
            return;
        }
        require(Metadata.decode(Metadata.encode(metadata)).equals(metadata), "the same metadata again");
    }

    private static void require(boolean holds, String law) {
        if (!holds) {
            throw new AssertionError(law);
        }
    }
}
