package dev.moitessier.benchmarks.psig;

import dev.moitessier.psig.Signalling;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.msgpack.core.MessageBufferPacker;
import org.msgpack.core.MessagePack;
import org.msgpack.core.MessageUnpacker;

/** The same message written by hand with msgpack-core's packer and unpacker, as its own readme shows. */
final class PlainMsgpack {
    record Message(
            String type,
            String opCode,
            String channel,
            String sid,
            byte[] payload,
            String cid,
            String appId,
            String meshId) {}

    private static final byte[] NONE = {};

    private PlainMsgpack() {}

    static byte[] encode(Signalling s) throws IOException {
        try (MessageBufferPacker out = MessagePack.newDefaultBufferPacker()) {
            ByteBuffer payload = s.payload();
            out.packMapHeader(3
                    + (s.opCode().isEmpty() ? 0 : 1)
                    + (s.sid().isEmpty() ? 0 : 1)
                    + (payload.hasRemaining() ? 1 : 0)
                    + (s.appId().isEmpty() ? 0 : 1)
                    + (s.meshId().isEmpty() ? 0 : 1));
            out.packString("t").packString(s.type());
            pack(out, "op", s.opCode());
            out.packString("c").packString(s.channel());
            pack(out, "sid", s.sid());
            if (payload.hasRemaining()) {
                byte[] bytes = new byte[payload.remaining()];
                payload.get(bytes);
                out.packString("pl").packBinaryHeader(bytes.length).writePayload(bytes);
            }
            out.packString("p").packString(s.cid());
            pack(out, "app", s.appId());
            pack(out, "mesh", s.meshId());
            return out.toByteArray();
        }
    }

    private static void pack(MessageBufferPacker out, String key, String value) throws IOException {
        if (!value.isEmpty()) {
            out.packString(key).packString(value);
        }
    }

    static Message decode(byte[] message) throws IOException {
        try (MessageUnpacker in = MessagePack.newDefaultUnpacker(message)) {
            String type = "";
            String opCode = "";
            String channel = "";
            String sid = "";
            byte[] payload = NONE;
            String cid = "";
            String appId = "";
            String meshId = "";
            int pairs = in.unpackMapHeader();
            for (int i = 0; i < pairs; i++) {
                switch (in.unpackString()) {
                    case "t" -> type = in.unpackString();
                    case "op" -> opCode = in.unpackString();
                    case "c" -> channel = in.unpackString();
                    case "sid" -> sid = in.unpackString();
                    case "pl" -> payload = in.readPayload(in.unpackBinaryHeader());
                    case "p" -> cid = in.unpackString();
                    case "app" -> appId = in.unpackString();
                    case "mesh" -> meshId = in.unpackString();
                    default -> in.skipValue();
                }
            }
            return new Message(type, opCode, channel, sid, payload, cid, appId, meshId);
        }
    }
}
