package dev.moitessier.prscd;

import io.netty.buffer.ByteBuf;

/** QUIC's integers of variable length (RFC 9000 §16). */
final class Varint {
    private Varint() {}

    static void write(ByteBuf out, long value) {
        if (value < 1L << 6) {
            out.writeByte((int) value);
        } else if (value < 1L << 14) {
            out.writeShort((int) value | 0x4000);
        } else if (value < 1L << 30) {
            out.writeInt((int) value | 0x8000_0000);
        } else {
            out.writeLong(value | 0xc000_0000_0000_0000L);
        }
    }

    /** -1, and nothing read, if the buffer ends too early. */
    static long read(ByteBuf in) {
        if (!in.isReadable()) {
            return -1;
        }
        int length = 1 << (in.getUnsignedByte(in.readerIndex()) >>> 6);
        if (in.readableBytes() < length) {
            return -1;
        }
        return switch (length) {
            case 1 -> in.readByte();
            case 2 -> in.readUnsignedShort() & 0x3fff;
            case 4 -> in.readInt() & 0x3fff_ffff;
            default -> in.readLong() & 0x3fff_ffff_ffff_ffffL;
        };
    }
}
