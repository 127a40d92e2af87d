package dev.moitessier.psig;

import static dev.moitessier.psig.MessageReader.name;
import static dev.moitessier.psig.MessageWriter.bytesSize;
import static dev.moitessier.psig.MessageWriter.textLength;
import static dev.moitessier.psig.MessageWriter.textSize;

import java.nio.ByteBuffer;

/**
 * The wire form of a {@link Signalling}: a map with the keys t, op, c, sid, pl, p, app, mesh, written in this order; t, c
 * and p always, the others unless empty; the payload as bin. That is Go's struct with {@code omitempty}, encoded by
 * vmihailenco/msgpack.
 *
 * <p>Read is what that decoder reads: keys in any order, the last of equal ones counts, unknown ones are skipped, nil is
 * absent, text and bytes may be str or bin of any width, the map may be of any width or an array of all eight fields.
 * Stricter than Go: text must be UTF-8, nothing may follow, unknown values nest no deeper than
 * {@link MessageReader#MAX_DEPTH}. More liberal: an unknown key may be of any type.
 */
final class SignallingCodec {
    private static final int FIELDS = 8;

    private static final long T = name("t");
    private static final long OP = name("op");
    private static final long C = name("c");
    private static final long SID = name("sid");
    private static final long PL = name("pl");
    private static final long P = name("p");
    private static final long APP = name("app");
    private static final long MESH = name("mesh");

    static final byte[] KEY_T = key("t");
    static final byte[] KEY_OP = key("op");
    static final byte[] KEY_C = key("c");
    static final byte[] KEY_SID = key("sid");
    static final byte[] KEY_PL = key("pl");
    static final byte[] KEY_P = key("p");
    static final byte[] KEY_APP = key("app");
    static final byte[] KEY_MESH = key("mesh");

    /** These come in nearly every message, and need no string of their own. */
    private static final String[] TYPES = {Psig.SIG_DATA, Psig.SIG_CONTROL};

    private static final String[] OP_CODES = {
        Psig.OP_STATE, Psig.OP_PEER_ONLINE, Psig.OP_PEER_OFFLINE, Psig.OP_CHANNEL_JOIN
    };

    private SignallingCodec() {}

    static Signalling decode(MessageReader in) {
        String type = "";
        String opCode = "";
        String channel = "";
        String sid = "";
        ByteBuffer payload = Signalling.NO_PAYLOAD;
        String cid = "";
        String appId = "";
        String meshId = "";

        int pairs = in.enterStruct(FIELDS);
        if (pairs < 0) {
            type = in.text(TYPES);
            opCode = in.text(OP_CODES);
            channel = in.text();
            sid = in.text();
            payload = in.bytes();
            cid = in.text();
            appId = in.text();
            meshId = in.text();
        }
        for (int i = 0; i < pairs; i++) {
            long key = in.key();
            if (key == T) {
                type = in.text(TYPES);
            } else if (key == OP) {
                opCode = in.text(OP_CODES);
            } else if (key == C) {
                channel = in.text();
            } else if (key == SID) {
                sid = in.text();
            } else if (key == PL) {
                payload = in.bytes();
            } else if (key == P) {
                cid = in.text();
            } else if (key == APP) {
                appId = in.text();
            } else if (key == MESH) {
                meshId = in.text();
            } else {
                in.skip();
            }
        }
        in.end();
        return new Signalling(type, opCode, channel, sid, payload, cid, appId, meshId);
    }

    static int encodedLength(Signalling s) {
        long length = 1
                + sizeAlways(KEY_T, s.type())
                + sizeUnlessEmpty(KEY_OP, s.opCode())
                + sizeAlways(KEY_C, s.channel())
                + sizeUnlessEmpty(KEY_SID, s.sid())
                + (s.hasPayload() ? KEY_PL.length + bytesSize(s.payloadView().remaining()) : 0)
                + sizeAlways(KEY_P, s.cid())
                + sizeUnlessEmpty(KEY_APP, s.appId())
                + sizeUnlessEmpty(KEY_MESH, s.meshId());
        return MessageWriter.arraySize(length);
    }

    private static long sizeAlways(byte[] key, String text) {
        return key.length + textSize(textLength(text));
    }

    private static long sizeUnlessEmpty(byte[] key, String text) {
        return text.isEmpty() ? 0 : sizeAlways(key, text);
    }

    /** Writes exactly {@link #encodedLength} bytes. */
    static void encode(Signalling s, byte[] target, int from) {
        int pairs = 3
                + (s.opCode().isEmpty() ? 0 : 1)
                + (s.sid().isEmpty() ? 0 : 1)
                + (s.hasPayload() ? 1 : 0)
                + (s.appId().isEmpty() ? 0 : 1)
                + (s.meshId().isEmpty() ? 0 : 1);
        MessageWriter out = new MessageWriter(target, from).map(pairs);
        always(out, KEY_T, s.type());
        unlessEmpty(out, KEY_OP, s.opCode());
        always(out, KEY_C, s.channel());
        unlessEmpty(out, KEY_SID, s.sid());
        if (s.hasPayload()) {
            out.raw(KEY_PL).bytes(s.payloadView());
        }
        always(out, KEY_P, s.cid());
        unlessEmpty(out, KEY_APP, s.appId());
        unlessEmpty(out, KEY_MESH, s.meshId());
    }

    private static void always(MessageWriter out, byte[] key, String text) {
        out.raw(key).text(text, textLength(text));
    }

    private static void unlessEmpty(MessageWriter out, byte[] key, String text) {
        if (!text.isEmpty()) {
            always(out, key, text);
        }
    }

    /** Key and value of a field, as {@link #encode} writes them. */
    static byte[] entry(byte[] key, String text) {
        byte[] entry = new byte[MessageWriter.arraySize(sizeAlways(key, text))];
        always(new MessageWriter(entry, 0), key, text);
        return entry;
    }

    /** The same, or nothing. */
    static byte[] entryUnlessEmpty(byte[] key, String text) {
        return text.isEmpty() ? new byte[0] : entry(key, text);
    }

    private static byte[] key(String name) {
        byte[] encoded = new byte[1 + name.length()];
        new MessageWriter(encoded, 0).text(name, name.length());
        return encoded;
    }
}
