package dev.moitessier.prscd;

import dev.moitessier.prscd.PeerConnection.Kind;
import dev.moitessier.prscd.Roster.Presence;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.MalformedMessageException;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One connection of a client: what it says is checked here and handed to the rooms that it is in. The transport calls
 * {@link #received}, {@link #writable} and {@link #closed} from any thread; all else is on the node's loop.
 *
 * <p>A client speaks only for itself: {@code p}, {@code sid}, {@code app} and {@code mesh} of what it sends count for
 * nothing, and a message that names another client is not handled at all.
 */
final class Peer {
    /** WebSocket's "try again later": the client comes back after its usual pause. */
    private static final int TRY_AGAIN_LATER = 1013;

    private static final long STALLED_TOO_LONG = Nanos.seconds(30);
    private static final int STOP_READING = 256;
    private static final int READ_AGAIN = 32;
    /**
     * Each first join of a room asks the store three times: at once twice as many as a connection may have joined, then so many
     * a second.
     */
    private static final int JOINS_PER_SECOND = 20;

    /** Messages of a channel that wait for the authorizer's answer to the join. */
    private static final int WAITING_FOR_JOIN = 32;
    /** Messages that were on their way when the socket was told to stop. */
    private static final int STALLED_MOST = 1024;

    private final Node node;
    private final String clientId;
    private final PeerConnection connection;
    private final Access access;
    private final AtomicInteger unhandled = new AtomicInteger();
    private final Allowance joins;
    private final Map<String, Joined> joined = new LinkedHashMap<>();
    private final Map<String, Joining> joining = new LinkedHashMap<>();
    private final Deque<Signalling> stalled = new ArrayDeque<>();
    private @Nullable Room stalledBy;
    private long stalls;
    private boolean closed;
    private boolean paused;

    private record Joined(Room room, Member member) {}

    /** One attempt to join that the authorizer has not decided yet. */
    private static final class Joining {
        final Deque<Signalling> waiting = new ArrayDeque<>();
    }

    Peer(Node node, String clientId, PeerConnection connection, Access access) {
        this.node = node;
        this.clientId = clientId;
        this.connection = connection;
        this.access = access;
        this.joins = new Allowance(
                JOINS_PER_SECOND,
                2 * node.limits().channelsPerPeer(),
                node.loop().nanos());
    }

    String clientId() {
        return clientId;
    }

    Kind kind() {
        return connection.kind();
    }

    PeerConnection connection() {
        return connection;
    }

    Node node() {
        return node;
    }

    /** One whole message; the array belongs to the node from now on. Never throws for what it holds. */
    void received(byte[] message) {
        node.counters().add(Count.MESSAGES_RECEIVED);
        Signalling signalling;
        try {
            signalling = Signalling.decode(message);
        } catch (MalformedMessageException malformed) {
            node.counters().add(Count.MESSAGES_MALFORMED);
            return;
        }
        unhandled.incrementAndGet();
        node.loop().execute(() -> {
            int left = unhandled.decrementAndGet();
            pace(left);
            if (!closed) {
                handle(signalling);
            }
        });
    }

    /** The connection takes more again. */
    void writable() {
        node.loop().execute(() -> joined.values().forEach(each -> each.member.catchUp()));
    }

    /** The connection has ended. Exactly once; nothing is sent from then on. */
    void closed(Departure how) {
        node.loop().execute(() -> end(how));
    }

    /** Reads no faster than the loop handles. */
    private void pace(int left) {
        if (!paused && left > STOP_READING) {
            paused = true;
            connection.reading(false);
        } else if (paused && left < READ_AGAIN && stalledBy == null) {
            paused = false;
            connection.reading(true);
        }
    }

    private void handle(Signalling message) {
        if (stalledBy != null) {
            if (stalled.size() < STALLED_MOST) {
                stalled.add(message);
            } else {
                tooSlow();
            }
            return;
        }
        if (!message.cid().isEmpty() && !message.cid().equals(clientId)) {
            refuse();
            return;
        }
        Joining undecided = joining.get(message.channel());
        if (undecided != null) {
            if (undecided.waiting.size() < WAITING_FOR_JOIN) {
                undecided.waiting.add(message);
            } else {
                refuse();
            }
            return;
        }
        if (message.isControl() && message.opCode().equals(Psig.OP_CHANNEL_JOIN)) {
            join(message);
            return;
        }
        Joined in = joined.get(message.channel());
        if (in == null) {
            node.counters().add(Count.MESSAGES_NOT_JOINED);
            return;
        }
        in.member.heard();
        if (message.isData()) {
            data(in, message);
        } else if (message.isControl()) {
            control(in, message);
        } else {
            node.counters().add(Count.MESSAGES_UNKNOWN);
        }
    }

    private void control(Joined in, Signalling message) {
        switch (message.opCode()) {
            case Psig.OP_PEER_ONLINE -> {
                view(in, message);
                in.room.online(in.member);
                tellState(in);
            }
            case Psig.OP_STATE -> state(in, message);
            case Psig.OP_PEER_OFFLINE -> {
                joined.remove(message.channel());
                node.counters().add(Count.LEAVES);
                view(in, message);
                node.elsewhere().left(message.channel(), in.member.sid);
                in.room.leave(in.member);
            }
            default -> node.counters().add(Count.MESSAGES_UNKNOWN);
        }
    }

    // ---- joining

    private void join(Signalling message) {
        String channel = message.channel();
        Joined already = joined.get(channel);
        if (already != null) {
            // The acknowledgement was lost; the client's promise still waits.
            if (already.member.isAcknowledged()) {
                already.member.acknowledge();
            }
            return;
        }
        byte[] state = Payloads.bytes(message.payload());
        boolean fits = node.isChannelName(channel)
                && joined.size() + joining.size() < node.limits().channelsPerPeer()
                && (state.length == 0 || isState(state));
        if (!fits || !joins.trySpend(node.loop().nanos())) {
            node.counters().add(Count.JOINS_REFUSED);
            return;
        }
        Joining mine = new Joining();
        joining.put(channel, mine);
        access.join(channel).whenComplete((allowed, failure) -> node.loop().execute(() -> {
            if (closed || joining.get(channel) != mine) {
                return;
            }
            joining.remove(channel);
            if (failure == null && allowed) {
                joined(channel, state);
                mine.waiting.forEach(this::handle);
            } else {
                node.counters().add(Count.JOINS_REFUSED);
            }
        }));
    }

    private void joined(String channel, byte[] state) {
        node.counters().add(Count.JOINS);
        Room room = node.room(channel);
        Joined in = new Joined(room, room.join(this, state.length == 0 ? null : own(room, state)));
        joined.put(channel, in);
        node.elsewhere().joined(channel, in.member.sid, clientId);
        tellState(in);
    }

    private void tellState(Joined in) {
        Presence presence = in.room.roster.get(in.member.sid);
        if (presence != null && presence.state != null) {
            node.elsewhere().state(in.room.channel, in.member.sid, presence.state);
        }
    }

    private boolean isState(byte[] state) {
        return state.length <= node.limits().stateBytes() && Payloads.isMap(state);
    }

    private byte[] own(Room room, byte[] state) {
        return room.settings.enforceStateId() ? Payloads.withOwnId(state, clientId) : state;
    }

    // ---- speaking

    private void state(Joined in, Signalling message) {
        byte[] state = Payloads.bytes(message.payload());
        if (!isState(state) || !access.publish(message.channel())) {
            refuse();
            return;
        }
        view(in, message);
        in.room.state(in.member, own(in.room, state));
        tellState(in);
    }

    private void data(Joined in, Signalling message) {
        byte[] payload = Payloads.bytes(message.payload());
        if (!Payloads.isMap(payload) || !access.publish(message.channel())) {
            refuse();
            return;
        }
        if (in.room.data(in.member, payload, volatileEvent(in.room, message))) {
            node.elsewhere().data(message.channel(), in.member.sid, clientId, payload);
            if (in.room.settings.order() == ChannelSettings.Order.IMMEDIATE) {
                view(in, message);
            }
        } else if (kind() == Kind.WEBSOCKET) {
            stall(in.room, message);
        }
    }

    private static @Nullable String volatileEvent(Room room, Signalling message) {
        Set<String> names = room.settings.volatileEvents();
        if (names.isEmpty()) {
            return null;
        }
        try {
            ChannelEvent event = message.event();
            return names.contains(event.event()) ? event.event() : null;
        } catch (MalformedMessageException noEvent) {
            return null;
        }
    }

    /** What an ordered channel cannot take yet stays in the socket; nothing that was accepted is ever dropped. */
    private void stall(Room room, Signalling message) {
        stalledBy = room;
        stalled.addFirst(message);
        if (!paused) {
            paused = true;
            connection.reading(false);
        }
        room.stall(this);
        long stall = ++stalls;
        node.loop().after(STALLED_TOO_LONG, () -> {
            if (stalledBy != null && stall == stalls) {
                tooSlow();
            }
        });
    }

    void resume() {
        stalledBy = null;
        while (stalledBy == null && !closed) {
            Signalling next = stalled.poll();
            if (next == null) {
                pace(unhandled.get());
                return;
            }
            handle(next);
        }
    }

    // ---- ending

    /** It does not take what it must not miss, or says more than can be kept. */
    void tooSlow() {
        if (!closed) {
            node.counters().add(Count.PEERS_TOO_SLOW);
            connection.close(TRY_AGAIN_LATER, "too slow");
            // Not now: the caller may be telling something to all members of a room.
            node.loop().execute(() -> end(Departure.LOST));
        }
    }

    private void end(Departure how) {
        if (closed) {
            return;
        }
        closed = true;
        stalled.clear();
        joining.clear();
        List<Map.Entry<String, Joined>> rooms = List.copyOf(joined.entrySet());
        joined.clear();
        node.left(this);
        if (node.isEnded()) {
            return;
        }
        for (Map.Entry<String, Joined> each : rooms) {
            Joined in = each.getValue();
            view(in, Signalling.control(Psig.OP_PEER_OFFLINE, each.getKey()));
            node.elsewhere().left(each.getKey(), in.member.sid);
            node.counters().add(Count.LEAVES);
            if (how == Departure.LEFT) {
                in.room.leave(in.member);
            } else {
                in.room.lose(in.member, node.lingerOnLossNanos());
            }
        }
    }

    private void view(Joined in, Signalling message) {
        node.functions().view(in.room, in.member.sid, clientId, message);
    }

    private void refuse() {
        node.counters().add(Count.MESSAGES_REFUSED);
    }
}
