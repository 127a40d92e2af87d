package dev.moitessier.prscd;

import dev.moitessier.prscd.RoomStore.Answer;
import dev.moitessier.prscd.RoomStore.Append;
import dev.moitessier.prscd.RoomStore.Appended;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one append of a room that is under way: frozen, and repeated under its id until one attempt is answered. On the loop. */
final class InFlight {
    private static final Logger LOG = LoggerFactory.getLogger(InFlight.class);
    private static final long AGAIN_FIRST = Nanos.millis(50);
    private static final long AGAIN_LAST = Nanos.seconds(1);
    private static final int TELL_AFTER = 10;

    private final Node node;
    private final Room room;
    private final Append append;
    private final List<Datum> data;
    private final boolean bye;
    private int tries;
    private boolean over;

    /**
     * @param data what of the append is not presence: said again if nobody can have heard it
     * @param bye whether it says that the node leaves the room
     */
    InFlight(Node node, Room room, Append append, List<Datum> data, boolean bye) {
        this.node = node;
        this.room = room;
        this.append = append;
        this.data = data;
        this.bye = bye;
    }

    List<Datum> data() {
        return data;
    }

    boolean isBye() {
        return bye;
    }

    void send() {
        node.counters().add(tries++ == 0 ? Count.APPENDS : Count.APPENDS_REPEATED);
        node.store().append(append, new Answer<>() {
            @Override
            public void ok(Appended appended) {
                if (!over) {
                    over = true;
                    room.appended(InFlight.this, appended);
                }
            }

            @Override
            public void failed(Throwable cause) {
                if (over) {
                    return;
                }
                if (tries == TELL_AFTER) {
                    LOG.warn("Channel {}: nothing can be written for a while; trying on", room.channel, cause);
                }
                room.uncertain(InFlight.this);
            }
        });
    }

    void sendAgain() {
        long delay = Math.min(AGAIN_LAST, AGAIN_FIRST << Math.min(tries, 5));
        node.loop().after(node.jitter(delay), () -> {
            if (over || node.isEnded()) {
                return;
            }
            if (room.isOpen() && node.maySpeak()) {
                send();
            } else {
                sendAgain();
            }
        });
    }

    /** Whatever is answered from now on counts for nothing. */
    void abandon() {
        over = true;
    }
}
