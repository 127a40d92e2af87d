package dev.moitessier.psig;

import static dev.moitessier.psig.SignallingCodec.KEY_APP;
import static dev.moitessier.psig.SignallingCodec.KEY_C;
import static dev.moitessier.psig.SignallingCodec.KEY_MESH;
import static dev.moitessier.psig.SignallingCodec.KEY_OP;
import static dev.moitessier.psig.SignallingCodec.KEY_P;
import static dev.moitessier.psig.SignallingCodec.KEY_PL;
import static dev.moitessier.psig.SignallingCodec.KEY_SID;
import static dev.moitessier.psig.SignallingCodec.KEY_T;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.msgpack.core.MessagePack.Code;

/**
 * Changes {@code p}, {@code sid}, {@code app} and {@code mesh} of encoded signallings without decoding the rest, for
 * servers that pass messages on.
 *
 * {@snippet :
 * var inbound = SignallingRewriter.unchanged().withSid("7f3a").withCid("ada").withAppId("shop").withMeshId("fra-1");
 * byte[] stamped = inbound.rewrite(received);
 * }
 *
 * <p>The one rule: {@code rewrite(m)} returns, byte for byte, what {@code decode(m)}, then {@code with…}, then
 * {@code encode()} returns, and throws when that throws. So unknown keys do not pass, and what leaves is in Go's order and
 * forms. Messages that are already in these forms, as those of Presencejs, prscd and psig are, are copied around the
 * changed fields; any other is decoded and encoded.
 *
 * <p>Immutable and safe for use by several threads. Keep one per peer: its fields are encoded once.
 */
public final class SignallingRewriter {
    private static final byte[] EMPTY_CID = SignallingCodec.entry(KEY_P, "");
    private static final int NOT_PLAIN = -1;

    private static final SignallingRewriter UNCHANGED = new SignallingRewriter(null, null, null, null);

    /** Null: as it is in the message. */
    private final @Nullable String sid;

    private final @Nullable String cid;
    private final @Nullable String appId;
    private final @Nullable String meshId;

    /** Key and value as they are to stand in the message; empty to leave out. */
    private final byte @Nullable [] sidEntry;

    private final byte @Nullable [] cidEntry;
    private final byte @Nullable [] appIdEntry;
    private final byte @Nullable [] meshIdEntry;

    private SignallingRewriter(
            @Nullable String sid, @Nullable String cid, @Nullable String appId, @Nullable String meshId) {
        this.sid = sid;
        this.cid = cid;
        this.appId = appId;
        this.meshId = meshId;
        this.sidEntry = sid == null ? null : SignallingCodec.entryUnlessEmpty(KEY_SID, sid);
        this.cidEntry = cid == null ? null : SignallingCodec.entry(KEY_P, cid);
        this.appIdEntry = appId == null ? null : SignallingCodec.entryUnlessEmpty(KEY_APP, appId);
        this.meshIdEntry = meshId == null ? null : SignallingCodec.entryUnlessEmpty(KEY_MESH, meshId);
    }

    /** One that changes no field, to start from. */
    public static SignallingRewriter unchanged() {
        return UNCHANGED;
    }

    /** A copy that also sets {@code sid}; "" takes it out. {@link IllegalArgumentException} for an unpaired surrogate. */
    public SignallingRewriter withSid(String sid) {
        return new SignallingRewriter(sid, cid, appId, meshId);
    }

    /** A copy that also sets {@code p}. {@link IllegalArgumentException} for an unpaired surrogate. */
    public SignallingRewriter withCid(String cid) {
        return new SignallingRewriter(sid, cid, appId, meshId);
    }

    /** A copy that also sets {@code app}; "" takes it out. {@link IllegalArgumentException} for an unpaired surrogate. */
    public SignallingRewriter withAppId(String appId) {
        return new SignallingRewriter(sid, cid, appId, meshId);
    }

    /** A copy that also sets {@code mesh}; "" takes it out. {@link IllegalArgumentException} for an unpaired surrogate. */
    public SignallingRewriter withMeshId(String meshId) {
        return new SignallingRewriter(sid, cid, appId, meshId);
    }

    /**
     * Rewrites the message that fills the array, which stays as it is. The result is new and the caller's.
     *
     * @throws MalformedMessageException if it is no signalling; nothing else is thrown
     */
    public byte[] rewrite(byte[] message) {
        byte[] rewritten = copyAround(message, 0, message.length);
        return rewritten != null
                ? rewritten
                : change(Signalling.decode(message)).encode();
    }

    /**
     * Rewrites the message between position and limit, which do not move. A buffer without an accessible array, such as
     * a direct one, costs one temporary array.
     *
     * @throws MalformedMessageException if it is no signalling; nothing else is thrown
     */
    public byte[] rewrite(ByteBuffer message) {
        if (!message.hasArray()) {
            byte[] copy = new byte[message.remaining()];
            message.get(message.position(), copy);
            return rewrite(copy);
        }
        int start = message.arrayOffset() + message.position();
        byte[] rewritten = copyAround(message.array(), start, start + message.remaining());
        return rewritten != null
                ? rewritten
                : change(Signalling.decode(message)).encode();
    }

    private Signalling change(Signalling message) {
        return new Signalling(
                message.type(),
                message.opCode(),
                message.channel(),
                sid == null ? message.sid() : sid,
                message.payloadView(),
                cid == null ? message.cid() : cid,
                appId == null ? message.appId() : appId,
                meshId == null ? message.meshId() : meshId);
    }

    /**
     * The message with changed fields, or null if it is not plain: a fixmap of known keys in Go's order, each value of the
     * right type, in its shortest form and not one that Go leaves out, all text short and ASCII. A plain message is
     * well-formed, so nothing is accepted here that {@link SignallingCodec} would refuse or read otherwise.
     */
    private byte @Nullable [] copyAround(byte[] m, int start, int end) {
        if (start == end || (m[start] & 0xf0) != 0x80) {
            return null;
        }
        int pairs = m[start] & 0x0f;

        // Where each field ends; one that is absent ends where the one before it does.
        int header = start + 1;
        int t = textEnd(m, header, end, KEY_T, true);
        int op = textEnd(m, t, end, KEY_OP, false);
        int c = textEnd(m, op, end, KEY_C, true);
        int s = textEnd(m, c, end, KEY_SID, false);
        int pl = payloadEnd(m, s, end);
        int p = textEnd(m, pl, end, KEY_P, true);
        int app = textEnd(m, p, end, KEY_APP, false);
        int mesh = textEnd(m, app, end, KEY_MESH, false);
        if (mesh != end || t == header || c == op) {
            return null;
        }
        int others = 2 + present(t, op) + present(s, pl);
        if (pairs != others + present(c, s) + present(pl, p) + present(p, app) + present(app, mesh)) {
            return null;
        }

        byte[] cid = cidEntry == null && pl == p ? EMPTY_CID : cidEntry;
        int sidLength = length(sidEntry, c, s);
        int cidLength = length(cid, pl, p);
        int appLength = length(appIdEntry, p, app);
        int meshLength = length(meshIdEntry, app, mesh);
        byte[] out = new byte[1 + (c - header) + sidLength + (pl - s) + cidLength + appLength + meshLength];
        out[0] = (byte) (0x80 | (others + 1 + present(0, sidLength) + present(0, appLength) + present(0, meshLength)));
        System.arraycopy(m, header, out, 1, c - header);
        int at = copy(sidEntry, m, c, sidLength, out, 1 + c - header);
        System.arraycopy(m, s, out, at, pl - s);
        at = copy(cid, m, pl, cidLength, out, at + pl - s);
        at = copy(appIdEntry, m, p, appLength, out, at);
        copy(meshIdEntry, m, app, meshLength, out, at);
        return out;
    }

    private static int present(int from, int to) {
        return from == to ? 0 : 1;
    }

    private static int length(byte @Nullable [] entry, int from, int to) {
        return entry == null ? to - from : entry.length;
    }

    private static int copy(byte @Nullable [] entry, byte[] m, int from, int length, byte[] out, int at) {
        if (entry == null) {
            System.arraycopy(m, from, out, at, length);
        } else {
            System.arraycopy(entry, 0, out, at, length);
        }
        return at + length;
    }

    /** Where the field ends that has this key: {@code at} if the key is not here, {@link #NOT_PLAIN} if its value is not. */
    private static int textEnd(byte[] m, int at, int end, byte[] key, boolean mayBeEmpty) {
        int value = valueAt(m, at, end, key);
        if (value <= at) {
            return value;
        }
        int header = m[value] & 0xff;
        int from = value + 1;
        int length = header & 0x1f;
        if ((header & 0xe0) == 0xa0) {
            if (length == 0 && !mayBeEmpty) {
                return NOT_PLAIN;
            }
        } else if (m[value] == Code.STR8 && from < end) {
            length = m[from++] & 0xff;
            if (length < 32) {
                return NOT_PLAIN;
            }
        } else {
            return NOT_PLAIN;
        }
        return length <= end - from && ascii(m, from, from + length) ? from + length : NOT_PLAIN;
    }

    private static int payloadEnd(byte[] m, int at, int end) {
        int value = valueAt(m, at, end, KEY_PL);
        if (value <= at) {
            return value;
        }
        int left = end - value;
        long length = NOT_PLAIN;
        int from = value + 2;
        if (m[value] == Code.BIN8 && left > 1) {
            length = m[value + 1] & 0xff;
            if (length == 0) {
                return NOT_PLAIN;
            }
        } else if (m[value] == Code.BIN16 && left > 2) {
            from = value + 3;
            length = (m[value + 1] & 0xff) << 8 | (m[value + 2] & 0xff);
            if (length < 0x100) {
                return NOT_PLAIN;
            }
        } else if (m[value] == Code.BIN32 && left > 4) {
            from = value + 5;
            length = (m[value + 1] & 0xffL) << 24
                    | (m[value + 2] & 0xff) << 16
                    | (m[value + 3] & 0xff) << 8
                    | (m[value + 4] & 0xff);
            if (length < 0x1_0000) {
                return NOT_PLAIN;
            }
        } else {
            return NOT_PLAIN;
        }
        return length <= end - from ? from + (int) length : NOT_PLAIN;
    }

    /** Where the value of this key starts: {@code at} if the key is not here. {@link #NOT_PLAIN} stays what it is. */
    private static int valueAt(byte[] m, int at, int end, byte[] key) {
        int value = at + key.length;
        if (at < 0 || value >= end) {
            return at;
        }
        for (int i = 0; i < key.length; i++) {
            if (m[at + i] != key[i]) {
                return at;
            }
        }
        return value;
    }

    private static boolean ascii(byte[] m, int from, int to) {
        int all = 0;
        for (int i = from; i < to; i++) {
            all |= m[i];
        }
        return all >= 0;
    }
}
