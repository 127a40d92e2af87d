package dev.moitessier.prscd;

import dev.moitessier.psig.MalformedMessageException;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A node among others that may be written in Go: what its clients say goes out as prscd in Go publishes it, and the clients of
 * the others become peers of its rooms that have no connection. Their store is not shared, so all that is known of them is
 * what they said: a state makes a peer, a farewell or a long silence ends it.
 *
 * <p>Of the others' clients only those in channels are kept that have a client here. When the first one comes, the others are
 * asked for theirs, by {@code peer_online}, as each client in Go is by each that comes; to later ones nobody need answer.
 *
 * <p>On the node's loop, but for {@link #received} and {@link #connected}.
 */
final class Mesh implements MeshLink.Receiver {
    /** Only between nodes of this kind; those in Go do not observe it. */
    static final int TAG_BETWEEN_NODES = 0x22;

    private static final String OP_BEAT = "mesh_beat";
    private static final long BEAT = Nanos.seconds(2);
    private static final long DEAD_WITHOUT_BEATS = Nanos.seconds(6);
    private static final long SILENT = Nanos.seconds(60);
    private static final long PROBE_AGAIN = Nanos.seconds(30);
    private static final long PROBE_JITTER = Nanos.seconds(5);
    private static final int PROBES = 2;
    private static final int PROBED_ROOM = 100;
    private static final long GATHER_QUESTIONS = Nanos.millis(50);
    private static final int REMEMBER_SIDS = 10_000;
    private static final int CLIENT_ID_BYTES = 200;

    private final Node node;
    private final Loop loop;
    private final RandomGenerator random;
    private final String realm;
    private final String name;
    private final String voice;
    private final Map<String, Hall> halls = new LinkedHashMap<>();
    private final Map<String, Long> beats = new HashMap<>();

    /** Own sids, those of the departed too: what we have said comes back. */
    private final Map<String, Boolean> ownSids = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > REMEMBER_SIDS;
        }
    };

    private @Nullable MeshLink link;
    private boolean ended;

    /** A channel with clients here. */
    private static final class Hall {
        final Map<String, Local> locals = new LinkedHashMap<>();
        final Map<Remote.Id, Remote> remotes = new LinkedHashMap<>();
        boolean asked;
        long probedAt;
    }

    private static final class Local {
        final String clientId;
        byte[] state = {};

        Local(String clientId) {
            this.clientId = clientId;
        }
    }

    private static final class Remote {
        final Peer peer;
        long heardAt;
        int probes;

        Remote(Peer peer, long heardAt) {
            this.peer = peer;
            this.heardAt = heardAt;
        }

        /** A client id counts once for each node. */
        record Id(String mesh, String clientId) {}
    }

    Mesh(Node node, RandomGenerator random) {
        this.node = node;
        this.loop = node.loop();
        this.random = random;
        this.realm = node.settings().realm();
        this.name = node.settings().mesh();
        this.voice = node.newSid();
    }

    void start(MeshLink link) {
        loop.execute(() -> {
            this.link = link;
            beat();
            probe();
        });
    }

    void end() {
        ended = true;
        if (link != null) {
            link.close();
        }
    }

    // ---- what clients of this node say

    void said(String sid, String clientId, Signalling message) {
        ownSids.put(sid, true);
        if (message.isData()) {
            publish(sid, clientId, message);
            return;
        }
        Hall hall = halls.computeIfAbsent(message.channel(), channel -> new Hall());
        switch (message.opCode()) {
            case Psig.OP_PEER_ONLINE -> here(hall, message.channel(), sid, clientId);
            case Psig.OP_STATE -> {
                Local local = here(hall, message.channel(), sid, clientId);
                byte[] state = Payloads.bytes(message.payload());
                if (!Arrays.equals(state, local.state)) {
                    local.state = state;
                    publish(sid, clientId, message);
                }
            }
            case Psig.OP_PEER_OFFLINE -> {
                hall.locals.remove(sid);
                publish(sid, clientId, message);
                if (hall.locals.isEmpty()) {
                    halls.remove(message.channel());
                    List.copyOf(hall.remotes.keySet()).forEach(id -> gone(hall, id, Departure.LEFT));
                }
            }
            default -> node.counters().add(Count.MESSAGES_UNKNOWN);
        }
    }

    private Local here(Hall hall, String channel, String sid, String clientId) {
        if (hall.locals.isEmpty()) {
            hall.probedAt = loop.nanos();
            publish(sid, clientId, Signalling.control(Psig.OP_PEER_ONLINE, channel));
        }
        return hall.locals.computeIfAbsent(sid, absent -> new Local(clientId));
    }

    /** What a function or the application says to a channel. */
    void told(String channel, String from, byte[] payload) {
        ownSids.put(voice, true);
        send(Psig.TAG_FROM_BACKEND, Signalling.of(Psig.SIG_DATA, "", channel).withPayload(payload), voice, from);
    }

    private void publish(String sid, String clientId, Signalling message) {
        send(Psig.TAG_FROM_PRSCD, message, sid, clientId);
    }

    private void send(int tag, Signalling message, String sid, String clientId) {
        if (link != null && !ended) {
            link.publish(
                    tag,
                    message.withSid(sid)
                            .withCid(clientId)
                            .withAppId(realm)
                            .withMeshId(name)
                            .encode());
        }
    }

    // ---- what comes from the others

    @Override
    public void connected() {
        loop.execute(() -> halls.forEach((channel, hall) -> {
            ask(hall, channel);
            answer(hall, channel);
        }));
    }

    @Override
    public void received(int tag, byte[] bytes) {
        Signalling message;
        try {
            message = Signalling.decode(bytes);
        } catch (MalformedMessageException malformed) {
            node.counters().add(Count.MESSAGES_MALFORMED);
            return;
        }
        if (message.appId().equals(realm)) {
            loop.execute(() -> {
                if (!ended && !ownSids.containsKey(message.sid())) {
                    heard(tag, message);
                }
            });
        }
    }

    private void heard(int tag, Signalling message) {
        if (tag == TAG_BETWEEN_NODES) {
            if (message.opCode().equals(OP_BEAT)) {
                beats.put(message.meshId(), loop.nanos());
            }
            return;
        }
        Hall hall = halls.get(message.channel());
        if (hall == null || hall.locals.isEmpty()) {
            return;
        }
        if (tag == Psig.TAG_FROM_BACKEND) {
            byte[] payload = Payloads.bytes(message.payload());
            if (message.isData() && Payloads.isMap(payload)) {
                node.heard(message.channel(), message.cid(), payload);
            }
            return;
        }
        Remote.Id id = new Remote.Id(message.meshId(), message.cid());
        Remote known = hall.remotes.get(id);
        if (known != null) {
            known.heardAt = loop.nanos();
            known.probes = 0;
        }
        if (message.isData()) {
            Remote speaker = known != null ? known : come(hall, message.channel(), id, new byte[0]);
            if (speaker != null) {
                speaker.peer.received(plain(message).encode());
            }
        } else {
            switch (message.opCode()) {
                case Psig.OP_PEER_ONLINE -> asked(hall, message.channel());
                case Psig.OP_STATE -> {
                    if (known == null) {
                        come(hall, message.channel(), id, Payloads.bytes(message.payload()));
                    } else {
                        known.peer.received(plain(message).encode());
                    }
                }
                case Psig.OP_PEER_OFFLINE -> gone(hall, id, Departure.LEFT);
                default -> node.counters().add(Count.MESSAGES_UNKNOWN);
            }
        }
    }

    /** As a client sends it. */
    private static Signalling plain(Signalling message) {
        return message.withSid("").withCid("").withAppId("").withMeshId("");
    }

    private @Nullable Remote come(Hall hall, String channel, Remote.Id id, byte[] state) {
        if (id.clientId().isEmpty() || Node.utf8(id.clientId()) > CLIENT_ID_BYTES) {
            node.counters().add(Count.MESSAGES_REFUSED);
            return null;
        }
        Remote remote = new Remote(node.connect(id.clientId(), new Nowhere(), EVERYTHING), loop.nanos());
        hall.remotes.put(id, remote);
        remote.peer.received(Signalling.control(Psig.OP_CHANNEL_JOIN, channel)
                .withPayload(state)
                .encode());
        return remote;
    }

    private void gone(Hall hall, Remote.Id id, Departure how) {
        Remote remote = hall.remotes.remove(id);
        if (remote != null) {
            remote.peer.closed(how);
        }
    }

    /** Somebody has come elsewhere and wants our clients' states; several at once get one answer. */
    private void asked(Hall hall, String channel) {
        hall.probedAt = loop.nanos();
        if (!hall.asked) {
            hall.asked = true;
            loop.after(GATHER_QUESTIONS, () -> {
                hall.asked = false;
                answer(hall, channel);
            });
        }
    }

    private void answer(Hall hall, String channel) {
        hall.locals.forEach((sid, local) -> {
            if (local.state.length > 0) {
                publish(
                        sid,
                        local.clientId,
                        Signalling.control(Psig.OP_STATE, channel).withPayload(local.state));
            }
        });
    }

    private void ask(Hall hall, String channel) {
        Map.Entry<String, Local> first = hall.locals.entrySet().iterator().next();
        publish(first.getKey(), first.getValue().clientId, Signalling.control(Psig.OP_PEER_ONLINE, channel));
    }

    // ---- the dead

    private void beat() {
        if (ended) {
            return;
        }
        send(TAG_BETWEEN_NODES, Signalling.control(OP_BEAT, ""), voice, "");
        ownSids.put(voice, true);
        List<String> dead = new ArrayList<>();
        beats.forEach((mesh, at) -> {
            if (loop.nanos() - at > DEAD_WITHOUT_BEATS) {
                dead.add(mesh);
            }
        });
        dead.forEach(this::died);
        loop.after(BEAT, this::beat);
    }

    private void died(String mesh) {
        beats.remove(mesh);
        for (Hall hall : halls.values()) {
            for (Remote.Id id : List.copyOf(hall.remotes.keySet())) {
                if (id.mesh().equals(mesh)) {
                    gone(hall, id, Departure.LOST);
                }
            }
        }
    }

    /** Clients in Go answer {@code peer_online}; one that is silent for long is asked so, and is gone if it stays silent. */
    private void probe() {
        if (ended) {
            return;
        }
        List.copyOf(halls.entrySet()).forEach(each -> probe(each.getKey(), each.getValue()));
        loop.after(PROBE_JITTER + random.nextLong(PROBE_JITTER), this::probe);
    }

    private void probe(String channel, Hall hall) {
        long now = loop.nanos();
        if (now - hall.probedAt < PROBE_AGAIN || hall.locals.size() + hall.remotes.size() > PROBED_ROOM) {
            return;
        }
        List<Remote.Id> silent = new ArrayList<>();
        hall.remotes.forEach((id, remote) -> {
            if (!beats.containsKey(id.mesh()) && now - remote.heardAt > SILENT) {
                silent.add(id);
            }
        });
        boolean asks = false;
        for (Remote.Id id : silent) {
            Remote remote = hall.remotes.get(id);
            if (remote != null && remote.probes++ >= PROBES) {
                gone(hall, id, Departure.LOST);
            } else {
                asks = true;
            }
        }
        if (asks) {
            hall.probedAt = now;
            ask(hall, channel);
        }
    }

    private static final Access EVERYTHING = new Access() {
        @Override
        public CompletionStage<Boolean> join(String channel) {
            return CompletableFuture.completedStage(true);
        }

        @Override
        public boolean publish(String channel) {
            return true;
        }
    };

    /** Where what a client of another node would be sent goes: its own node tells it. */
    private static final class Nowhere implements PeerConnection {
        @Override
        public Kind kind() {
            return Kind.WEBSOCKET;
        }

        @Override
        public boolean isRemote() {
            return true;
        }

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public Sent send(Frame frame) {
            return Sent.TAKEN;
        }

        @Override
        public void reading(boolean on) {
            // There is no socket: a mesh has immediate channels only, which never stall.
        }

        @Override
        public void close(int code, String reason) {
            // Nothing to close; the peer ends itself.
        }
    }
}
