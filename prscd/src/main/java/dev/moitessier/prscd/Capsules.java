package dev.moitessier.prscd;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * Reads the capsules of a session's stream (RFC 9297 §3.2) as they come in pieces, keeping nothing but an unfinished header.
 * Only one kind matters: the client ends the session. Others are skipped, whatever their length.
 */
final class Capsules {
    static final long CLOSE_WEBTRANSPORT_SESSION = 0x2843;

    /** Two integers of at most 8 bytes. */
    private static final int HEADER_BYTES = 16;

    private final ByteBuf header = Unpooled.buffer(HEADER_BYTES, HEADER_BYTES);
    private long toSkip;

    /** True once the client has ended the session. Reads the buffer to its end, or to that capsule. */
    boolean closes(ByteBuf in) {
        while (in.isReadable()) {
            if (toSkip > 0) {
                int skipped = (int) Math.min(toSkip, in.readableBytes());
                in.skipBytes(skipped);
                toSkip -= skipped;
                continue;
            }
            header.writeByte(in.readByte());
            long type = Varint.read(header);
            long length = type < 0 ? -1 : Varint.read(header);
            if (length < 0) {
                header.readerIndex(0);
                continue;
            }
            header.clear();
            if (type == CLOSE_WEBTRANSPORT_SESSION) {
                return true;
            }
            toSkip = length;
        }
        return false;
    }
}
