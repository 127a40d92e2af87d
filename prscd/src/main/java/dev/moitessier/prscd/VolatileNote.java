package dev.moitessier.prscd;

import java.nio.ByteBuffer;
import java.util.List;

/** What one node tells the others in one packet of the volatile lane. Nothing in it is needed: the log says it again. */
record VolatileNote(String life, List<Item> items) {
    private static final int VERSION = 1;

    /** A changed state of a known peer, or the newest of a volatile event. */
    sealed interface Item {
        String channel();

        String sid();

        int weight();
    }

    @SuppressWarnings("ArrayRecordComponent") // Never compared, and never changed once it is made.
    record State(String channel, String sid, long version, long stamp, byte[] state) implements Item {
        @Override
        public int weight() {
            return 3 * channel.length() + sid.length() + state.length + 32;
        }
    }

    @SuppressWarnings("ArrayRecordComponent") // Never compared, and never changed once it is made.
    record Event(String channel, String sid, byte[] payload) implements Item {
        @Override
        public int weight() {
            return 3 * channel.length() + sid.length() + payload.length + 16;
        }
    }

    byte[] encode() {
        Pack out = new Pack(512);
        out.array(3).whole(VERSION).text(life).array(items.size());
        for (Item item : items) {
            if (item instanceof State state) {
                out.array(5)
                        .text(state.channel)
                        .text(state.sid)
                        .whole(state.version)
                        .whole(state.stamp)
                        .binary(state.state);
            } else if (item instanceof Event event) {
                out.array(3).text(event.channel).text(event.sid).binary(event.payload);
            }
        }
        return out.bytes();
    }

    static VolatileNote decode(ByteBuffer body) throws Unpack.Foreign {
        Unpack in = new Unpack(body);
        in.array(3);
        if (in.whole() != VERSION) {
            throw new Unpack.Foreign("unknown version");
        }
        String life = in.text();
        List<Item> items = in.list(each -> {
            int fields = each.array();
            if (fields == 5) {
                return new State(each.text(), each.text(), each.whole(), each.whole(), each.binary());
            }
            if (fields == 3) {
                return new Event(each.text(), each.text(), each.binary());
            }
            throw new Unpack.Foreign("an item of " + fields);
        });
        in.end();
        return new VolatileNote(life, items);
    }
}
