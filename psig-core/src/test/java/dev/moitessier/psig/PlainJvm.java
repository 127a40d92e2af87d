package dev.moitessier.psig;

import java.nio.ByteBuffer;

/** What a user's program does with buffers of every kind; run in a JVM without flags. */
final class PlainJvm {
    private PlainJvm() {}

    public static void main(String[] args) {
        Signalling sent = Signalling.data("room", new ChannelEvent("e", "d")).withSid("sid");
        ByteBuffer direct = ByteBuffer.allocateDirect(sent.encodedLength());
        sent.encodeTo(direct);
        direct.flip();
        ByteBuffer heap = ByteBuffer.wrap(sent.encode());
        for (ByteBuffer buffer : new ByteBuffer[] {direct, direct.asReadOnlyBuffer(), heap, heap.asReadOnlyBuffer()}) {
            Signalling received = Signalling.decode(buffer);
            if (!received.equals(sent) || !received.event().data().equals("d")) {
                throw new AssertionError(received);
            }
            SignallingRewriter.unchanged().withCid("ada").rewrite(buffer);
        }
        byte[] unknown = {(byte) 0x81, (byte) 0xa1, 'x', (byte) 0x92, (byte) 0xc0, (byte) 0xd4, 1, 2};
        Signalling.decode(ByteBuffer.allocateDirect(unknown.length).put(unknown).flip());
        System.out.println("ok");
    }
}
