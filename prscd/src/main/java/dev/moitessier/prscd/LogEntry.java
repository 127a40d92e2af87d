package dev.moitessier.prscd;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * One entry of a channel's scope. It says what is, not what happened: the whole roster of one node ({@code full}), in
 * parts if it is large, or what changed in it; and data.
 *
 * @param life the node's life that said it
 * @param n rises with every entry of a life: what is not above the last one read was executed twice
 * @param ask everybody else shall append a {@code full}
 * @param bye the node has left the channel
 * @param part which part of a full roster this is, counted from 0
 * @param parts of how many; 0: not a full roster but changes
 * @param ups peers that are there
 * @param gone sids that are no longer there
 */
record LogEntry(
        String life,
        long n,
        boolean ask,
        boolean bye,
        int part,
        int parts,
        List<Up> ups,
        List<String> gone,
        List<Datum> data) {
    /** The first element of every entry; another one is foreign. */
    private static final int VERSION = 1;

    private static final int ASK = 1;
    private static final int BYE = 2;

    /** A peer as its owner says it is. */
    @SuppressWarnings("ArrayRecordComponent") // Never compared, and never changed once it is made.
    record Up(String sid, String cid, long version, long stamp, byte[] state) {
        int weight() {
            return state.length + sid.length() + 3 * cid.length() + 32;
        }
    }

    boolean isFull() {
        return parts > 0;
    }

    byte[] encode() {
        Pack out = new Pack(256);
        out.array(9).whole(VERSION).text(life).whole(n).whole((ask ? ASK : 0) | (bye ? BYE : 0));
        out.whole(part).whole(parts).array(ups.size());
        for (Up up : ups) {
            out.array(5)
                    .text(up.sid)
                    .text(up.cid)
                    .whole(up.version)
                    .whole(up.stamp)
                    .binary(up.state);
        }
        out.array(gone.size());
        gone.forEach(out::text);
        out.array(data.size());
        for (Datum datum : data) {
            out.array(3).text(datum.sid()).text(datum.cid()).binary(datum.payload());
        }
        return out.bytes();
    }

    static LogEntry decode(ByteBuffer body) throws Unpack.Foreign {
        Unpack in = new Unpack(body);
        in.array(9);
        if (in.whole() != VERSION) {
            throw new Unpack.Foreign("unknown version");
        }
        String life = in.text();
        long n = in.whole();
        long flags = in.whole();
        long part = in.whole();
        long parts = in.whole();
        if (parts > 1 << 16 || (parts > 0 && part >= parts)) {
            throw new Unpack.Foreign("part " + part + " of " + parts);
        }
        List<Up> ups = in.list(each -> {
            each.array(5);
            return new Up(each.text(), each.text(), each.whole(), each.whole(), each.binary());
        });
        List<String> gone = in.list(Unpack::text);
        List<Datum> data = in.list(each -> {
            each.array(3);
            return new Datum(each.text(), each.text(), each.binary());
        });
        in.end();
        return new LogEntry(life, n, (flags & ASK) != 0, (flags & BYE) != 0, (int) part, (int) parts, ups, gone, data);
    }
}
