package dev.moitessier.prscd;

import dev.moitessier.prscd.RoomStore.Answer;
import dev.moitessier.prscd.RoomStore.Append;
import dev.moitessier.prscd.RoomStore.Appended;
import dev.moitessier.prscd.RoomStore.Attached;
import dev.moitessier.prscd.RoomStore.Attachment;
import dev.moitessier.prscd.RoomStore.LogRecord;
import dev.moitessier.prscd.RoomStore.Reader;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.MalformedMessageException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The scope of the application that a channel is joined to. Each data event is a message there: its sender is the peer, its
 * body the event as psig-core's {@link ChannelEvent} reads it, its headers say where it comes from. Each message that others
 * dispatch there is a data event in the channel; a body that is no event becomes the event {@code message} with the text as
 * JSON. On the node's loop.
 */
final class JoinedScope {
    static final String ORIGIN_LIFE = "prscd-life";
    static final String ORIGIN_SID = PrscdServer.PEER_HEADER;
    static final String ORIGIN_N = "prscd-n";
    private static final long AGAIN = Nanos.millis(200);
    private static final long STALE = Nanos.seconds(5);

    private final Node node;
    private final Room room;
    private final String scope;
    private final boolean ordered;
    private final Outbox outbox;
    private final Map<String, Long> lastN = new HashMap<>();
    private @Nullable Attached attached;
    private boolean opening;
    private boolean closed;
    private @Nullable Append inFlight;
    private @Nullable Datum sending;

    JoinedScope(Node node, Room room, String scope, boolean ordered) {
        this.node = node;
        this.room = room;
        this.scope = scope;
        this.ordered = ordered;
        this.outbox = node.newOutbox(ordered);
    }

    Outbox outbox() {
        return outbox;
    }

    boolean isIdle() {
        return inFlight == null && outbox.isEmpty();
    }

    /** Subscribes once; the store's client subscribes again by itself when its session has ended, and reads on. */
    void open() {
        if (attached != null || opening || closed) {
            return;
        }
        opening = true;
        node.store().attach(new Attachment(scope, node.life(), null, ordered), new Answer<>() {
            @Override
            public void ok(Attached value) {
                opening = false;
                if (closed) {
                    value.detach();
                    return;
                }
                attached = value;
                value.read(OptionalLong.empty(), new Messages());
                flush();
            }

            @Override
            public void failed(Throwable cause) {
                opening = false;
                node.loop().after(node.jitter(AGAIN), JoinedScope.this::open);
            }
        });
    }

    void close() {
        closed = true;
        outbox.clear();
        if (attached != null) {
            attached.detach();
        }
    }

    /** It is dead for so long that nothing of it can be executed again. */
    void forget(String life) {
        lastN.remove(life);
    }

    /** The caller has made sure that there is room if the channel is ordered. */
    void say(Datum datum) {
        if (ordered) {
            outbox.add(datum, node.loop().nanos());
        } else {
            node.counters()
                    .add(
                            Count.RING_DROPPED,
                            outbox.addDroppingOldest(datum, node.loop().nanos()));
        }
        flush();
    }

    private void flush() {
        if (inFlight != null || attached == null || closed) {
            return;
        }
        if (!ordered) {
            node.counters()
                    .add(Count.STALE_DROPPED, outbox.dropBefore(node.loop().nanos() - STALE));
        }
        List<Datum> next = outbox.take(1);
        if (next.isEmpty()) {
            return;
        }
        send(next.get(0));
        room.queueHasRoom();
    }

    private void send(Datum datum) {
        sending = datum;
        Map<String, String> origin =
                Map.of(ORIGIN_LIFE, node.life(), ORIGIN_SID, datum.sid(), ORIGIN_N, Long.toString(node.nextN()));
        Append append = new Append(scope, node.newId(), datum.cid(), datum.payload(), origin);
        inFlight = append;
        append(append);
    }

    private void append(Append append) {
        node.counters().add(Count.APPENDS);
        node.store().append(append, new Answer<>() {
            @Override
            public void ok(Appended appended) {
                Datum sent = sending;
                if (!appended.heard() && !closed && sent != null) {
                    // Our own subscription has ended for a moment: nobody read it, so it is said anew.
                    node.counters().add(Count.APPENDS_UNHEARD);
                    node.loop().after(node.jitter(AGAIN), () -> send(sent));
                    return;
                }
                inFlight = null;
                sending = null;
                flush();
                room.sentToScope();
            }

            @Override
            public void failed(Throwable cause) {
                if (!closed) {
                    node.counters().add(Count.APPENDS_REPEATED);
                    node.loop().after(node.jitter(AGAIN), () -> append(append));
                }
            }
        });
    }

    private final class Messages implements Reader {
        @Override
        public void entries(List<LogRecord> page) {
            if (!closed) {
                page.forEach(JoinedScope.this::read);
            }
        }

        @Override
        public void gap(boolean reset) {
            node.counters().add(Count.GAPS);
        }
    }

    private void read(LogRecord message) {
        String life = message.headers().get(ORIGIN_LIFE);
        String sid = message.headers().get(ORIGIN_SID);
        String n = message.headers().get(ORIGIN_N);
        if (life == null || sid == null || n == null) {
            // The position cannot be anybody's sid, so nobody is left out.
            room.fromScope(new Datum("@" + message.position(), message.sender(), event(message.body())), false);
            return;
        }
        long number = number(n);
        if (number <= lastN.getOrDefault(life, 0L)) {
            node.counters().add(Count.ENTRIES_REPEATED);
            return;
        }
        lastN.put(life, number);
        byte[] payload = event(message.body());
        room.fromScope(new Datum(sid, message.sender(), payload), node.isOwn(life));
    }

    private static long number(String n) {
        try {
            return Long.parseLong(n);
        } catch (NumberFormatException foreign) {
            return 0;
        }
    }

    /** What clients can read: the body if it is an event, else an event that holds it. */
    private static byte[] event(ByteBuffer body) {
        try {
            ChannelEvent.decode(body);
            byte[] payload = Payloads.bytes(body);
            if (Payloads.isMap(payload)) {
                return payload;
            }
        } catch (MalformedMessageException noEvent) {
            // Any message of the application may be anything: it is passed on as text below.
        }
        String text = StandardCharsets.UTF_8.decode(body.duplicate()).toString();
        return new ChannelEvent("message", Json.text(text)).encode();
    }
}
