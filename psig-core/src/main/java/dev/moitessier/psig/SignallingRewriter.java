package dev.moitessier.psig;

import static dev.moitessier.psig.SignallingCodec.KEY_APP;
import static dev.moitessier.psig.SignallingCodec.KEY_C;
import static dev.moitessier.psig.SignallingCodec.KEY_MESH;
import static dev.moitessier.psig.SignallingCodec.KEY_OP;
import static dev.moitessier.psig.SignallingCodec.KEY_P;
import static dev.moitessier.psig.SignallingCodec.KEY_PL;
import static dev.moitessier.psig.SignallingCodec.KEY_SID;
import static dev.moitessier.psig.SignallingCodec.KEY_T;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;
import org.msgpack.core.MessagePack.Code;

/**
 * Changes {@code p}, {@code sid}, {@code app} and {@code mesh} of encoded signallings without decoding the rest, for
 * servers that pass messages on.
 *
 * <pre>{@code
 * SignallingRewriter inbound = SignallingRewriter.unchanged().withSid("7f3a").withCid("ada").withAppId("shop");
 * byte[] stamped = inbound.rewrite(received);
 * }</pre>
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
    private static final int STR8 = Code.STR8 & 0xff;

    private static final Key T = Key.of(KEY_T);
    private static final Key OP = Key.of(KEY_OP);
    private static final Key C = Key.of(KEY_C);
    private static final Key SID = Key.of(KEY_SID);
    private static final Key PL = Key.of(KEY_PL);
    private static final Key P = Key.of(KEY_P);
    private static final Key APP = Key.of(KEY_APP);
    private static final Key MESH = Key.of(KEY_MESH);

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final long NOT_ASCII = 0x8080_8080_8080_8080L;

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
        int t = textEnd(m, header, end, T, true);
        int op = textEnd(m, t, end, OP, false);
        int c = textEnd(m, op, end, C, true);
        int s = textEnd(m, c, end, SID, false);
        int pl = payloadEnd(m, s, end);
        int p = textEnd(m, pl, end, P, true);
        int app = textEnd(m, p, end, APP, false);
        int mesh = textEnd(m, app, end, MESH, false);
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

        // What stays is copied in as few runs as there are changes.
        int at = 1;
        int kept = header;
        if (sidEntry != null) {
            at = copy(m, kept, c, out, at);
            at = copy(sidEntry, 0, sidLength, out, at);
            kept = s;
        }
        if (cid != null) {
            at = copy(m, kept, pl, out, at);
            at = copy(cid, 0, cidLength, out, at);
            kept = p;
        }
        if (appIdEntry != null) {
            at = copy(m, kept, p, out, at);
            at = copy(appIdEntry, 0, appLength, out, at);
            kept = app;
        }
        if (meshIdEntry != null) {
            at = copy(m, kept, app, out, at);
            at = copy(meshIdEntry, 0, meshLength, out, at);
            kept = mesh;
        }
        copy(m, kept, mesh, out, at);
        return out;
    }

    private static int present(int from, int to) {
        return from == to ? 0 : 1;
    }

    private static int length(byte @Nullable [] entry, int from, int to) {
        return entry == null ? to - from : entry.length;
    }

    private static int copy(byte[] source, int from, int to, byte[] out, int at) {
        if (from != to) {
            System.arraycopy(source, from, out, at, to - from);
        }
        return at + to - from;
    }

    /**
     * Where the field ends that has this key: {@code at} if the key is not here, {@link #NOT_PLAIN} if its value is not
     * plain, or if {@code at} is that already.
     */
    private static int textEnd(byte[] m, int at, int end, Key key, boolean mayBeEmpty) {
        int value = at + key.length;
        if (at < 0 || value >= end) {
            return at;
        }
        long word = word(m, at, end);
        if (word >>> key.shift != key.bits) {
            return at;
        }
        int header = (int) (word >>> (key.shift - 8)) & 0xff;
        int from = value + 1;
        int length = header & 0x1f;
        if ((header & 0xe0) == 0xa0) {
            if (length == 0) {
                return mayBeEmpty ? from : NOT_PLAIN;
            }
        } else if (header == STR8 && from < end) {
            length = m[from++] & 0xff;
            if (length < 32) {
                return NOT_PLAIN;
            }
        } else {
            return NOT_PLAIN;
        }
        int to = from + length;
        return to <= end && ascii(m, from, to) ? to : NOT_PLAIN;
    }

    private static int payloadEnd(byte[] m, int at, int end) {
        int value = at + PL.length;
        if (at < 0 || value >= end) {
            return at;
        }
        long word = word(m, at, end);
        if (word >>> PL.shift != PL.bits) {
            return at;
        }
        int left = end - value;
        int length;
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
            length = m[value + 1] << 24
                    | (m[value + 2] & 0xff) << 16
                    | (m[value + 3] & 0xff) << 8
                    | (m[value + 4] & 0xff);
            if (length < 0x1_0000) { // also one from 2^31 on
                return NOT_PLAIN;
            }
        } else {
            return NOT_PLAIN;
        }
        return length <= end - from ? from + length : NOT_PLAIN;
    }

    private static boolean ascii(byte[] m, int from, int to) {
        int at = from;
        for (; at <= to - 8; at += 8) {
            if (((long) LONGS.get(m, at) & NOT_ASCII) != 0) {
                return false;
            }
        }
        long inside = -1L << (8 * (8 - (to - at)));
        return at == to || (word(m, at, to) & NOT_ASCII & inside) == 0;
    }

    /** The eight bytes from here on, the first in front; what they hold from the end on has no meaning. */
    private static long word(byte[] m, int at, int end) {
        if (at <= m.length - 8) {
            return (long) LONGS.get(m, at);
        }
        long word = 0;
        for (int i = 0; i < 8; i++) {
            word = word << 8 | (at + i < end ? m[at + i] & 0xff : 0);
        }
        return word;
    }

    /** A key as it stands in the message, to compare with the front of a {@link #word}. */
    private record Key(long bits, int length, int shift) {
        static Key of(byte[] encoded) {
            long bits = 0;
            for (byte b : encoded) {
                bits = bits << 8 | (b & 0xff);
            }
            return new Key(bits, encoded.length, 64 - 8 * encoded.length);
        }
    }
}
