package dev.moitessier.prscd;

import dev.moitessier.prscd.PeerConnection.Kind;
import dev.moitessier.prscd.PeerConnection.Sent;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One local connection in one channel: what its client has been told, and what is still to be told. On the loop. */
final class Member {
    /** An unmodified client's first subscriber misses what came before it: presence is said again after so long. */
    private static final long[] NUDGES = {Nanos.millis(300), Nanos.millis(1500)};

    /** A nudge after a change this recent would say nothing new. */
    private static final long[] FRESH = {Nanos.millis(100), Nanos.millis(500)};

    /** An acknowledgement in a lost datagram would leave the client's promise hanging. */
    private static final long[] REPEAT_ACK = {
        Nanos.millis(300), Nanos.millis(600), Nanos.millis(1200), Nanos.millis(2400)
    };

    /** A state in a datagram overtaken by this offline would leave a ghost. */
    private static final long[] REPEAT_OFFLINE = {Nanos.millis(500), Nanos.millis(2000), Nanos.millis(6000)};

    private static final long SNAPSHOT_UNASKED = Nanos.seconds(1);

    final Peer peer;
    final String sid;
    private final Audience audience;
    private final Loop loop;
    private boolean acknowledged;
    private boolean heard;
    private boolean asked;
    private boolean left;
    private long snapshotAt;
    /** Clients whose presence is to be told when the connection takes more; true: the client knows them already. */
    private @Nullable Map<String, Boolean> pending;
    /** Of whom the client was told last, and when. */
    private @Nullable String lastTold;

    private long lastToldAt;

    Member(Peer peer, String sid, Audience audience, Loop loop) {
        this.peer = peer;
        this.sid = sid;
        this.audience = audience;
        this.loop = loop;
    }

    String clientId() {
        return peer.clientId();
    }

    boolean isAcknowledged() {
        return acknowledged;
    }

    /** Whether presence is told as it happens, since the snapshot has been asked for. */
    boolean isTold() {
        return asked;
    }

    boolean overDatagrams() {
        return peer.kind() == Kind.WEBTRANSPORT;
    }

    void acknowledge() {
        if (left) {
            return;
        }
        if (acknowledged) {
            send(audience.acknowledgement());
            return;
        }
        acknowledged = true;
        send(audience.acknowledgement());
        loop.after(SNAPSHOT_UNASKED, this::snapshot);
        if (overDatagrams()) {
            for (long delay : REPEAT_ACK) {
                loop.after(delay, () -> {
                    if (!left && !heard) {
                        send(audience.acknowledgement());
                    }
                });
            }
        }
    }

    /** Some frame of this client for this channel has come behind its join. */
    void heard() {
        heard = true;
    }

    /** The client is ready for the roster: it sends {@code peer_online} when it has read the acknowledgement. */
    void snapshot() {
        long now = loop.nanos();
        if (left || !acknowledged || (asked && (!overDatagrams() || now - snapshotAt < SNAPSHOT_UNASKED))) {
            return;
        }
        boolean first = !asked;
        asked = true;
        snapshotAt = now;
        Map<String, Boolean> toTell = pending();
        for (String clientId : audience.shown()) {
            if (!clientId.equals(clientId())) {
                toTell.putIfAbsent(clientId, !first);
            }
        }
        catchUp();
        for (int i = 0; first && i < NUDGES.length; i++) {
            long fresh = FRESH[i];
            loop.after(NUDGES[i], () -> nudge(fresh));
        }
    }

    private void nudge(long fresh) {
        String clientId = lastTold;
        Frame state = clientId == null ? null : audience.stateOf(clientId);
        if (!left && state != null && pending == null && loop.nanos() - lastToldAt >= fresh) {
            send(state);
        }
    }

    /** Tells a change as soon as the connection takes it; {@code known}: whether the client was told of it before. */
    void tell(String clientId, Frame frame, boolean known, boolean offline) {
        if (left || !asked || clientId.equals(clientId())) {
            return;
        }
        if (pending != null || !peer.connection().isWritable()) {
            // The newest word is said when there is room for it; those between are not.
            if (pending().putIfAbsent(clientId, known) != null) {
                peer.node().counters().add(Count.FRAMES_COALESCED);
            }
            return;
        }
        told(clientId, frame, offline);
    }

    private void told(String clientId, Frame frame, boolean offline) {
        lastTold = clientId;
        lastToldAt = loop.nanos();
        send(frame);
        if (offline && overDatagrams()) {
            for (long delay : REPEAT_OFFLINE) {
                loop.after(delay, () -> {
                    if (!left && audience.stateOf(clientId) == null) {
                        send(frame);
                    }
                });
            }
        }
    }

    /** Tells what waits, as far as the connection takes it. */
    void catchUp() {
        while (pending != null && !left) {
            Iterator<Map.Entry<String, Boolean>> next = pending.entrySet().iterator();
            if (!next.hasNext()) {
                pending = null;
                return;
            }
            if (!peer.connection().isWritable()) {
                return;
            }
            Map.Entry<String, Boolean> entry = next.next();
            next.remove();
            String clientId = entry.getKey();
            Frame state = audience.stateOf(clientId);
            if (state != null) {
                told(clientId, state, false);
            } else if (entry.getValue()) {
                told(clientId, audience.offline(clientId), true);
            }
        }
    }

    /** Data is never coalesced: who cannot take it is closed by {@link Peer#tooSlow}. */
    void send(Frame frame) {
        if (left) {
            return;
        }
        Sent sent = peer.connection().send(frame);
        if (sent == Sent.TAKEN) {
            peer.node().counters().add(Count.FRAMES_SENT);
        } else if (sent == Sent.TOO_LARGE) {
            peer.node().counters().add(Count.FRAMES_TOO_LARGE);
        } else {
            peer.tooSlow();
        }
    }

    /** Nothing is said to it any more. */
    void leave() {
        left = true;
        pending = null;
    }

    private Map<String, Boolean> pending() {
        Map<String, Boolean> waiting = pending;
        if (waiting == null) {
            waiting = new LinkedHashMap<>();
            pending = waiting;
        }
        return waiting;
    }
}
