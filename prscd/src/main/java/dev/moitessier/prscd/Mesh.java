package dev.moitessier.prscd;

import dev.moitessier.prscd.Roster.Presence;
import dev.moitessier.psig.MalformedMessageException;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A node among others that may be written in Go: what its clients say goes out as prscd in Go publishes it, and the clients of
 * the others are shown in its rooms. They share no store, so all that is known of them is what they said: a state makes a
 * client, a farewell or a long silence ends it.
 *
 * <p>Of the others' clients only those in channels are kept that have a client here. When the first one comes, the others are
 * asked for theirs, by {@code peer_online}, as each client in Go is by each that comes; to later ones nobody need answer.
 *
 * <p>Nodes of this kind know each other by their sids, <em>node~sid</em>, which no node in Go makes. Among themselves they beat,
 * and say now and then who is there: a node that falls silent has died, and a client that nobody names any more has left
 * without being heard. Clients of nodes in Go are asked when they have been silent for long. Nobody is judged by a time in
 * which this node does not hear itself: then it is the link that is away.
 *
 * <p>On the node's loop, but for {@link #received} and {@link #connected}. What others send is bounded in size, in what waits
 * and in what is kept, and names none of this node's own clients.
 */
final class Mesh implements MeshLink.Receiver, Elsewhere {
    /** Only between nodes of this kind; those in Go do not observe it. */
    static final int TAG_BETWEEN_NODES = 0x22;

    private static final String OP_BEAT = "mesh_beat";
    private static final String OP_HERE = "mesh_here";
    private static final String OP_ASK = "mesh_ask";

    private static final long BEAT = Nanos.seconds(2);
    private static final long DEAD_WITHOUT_BEATS = Nanos.seconds(6);

    /** Between two beats of its own that come back; after more, the link may have been away. */
    private static final long HEARS_ITSELF = Nanos.seconds(3);

    /** All have found the link again: longer than the longest pause between two attempts. */
    private static final long GRACE = Nanos.seconds(15);

    private static final int BEATS_BETWEEN_ROLLS = 15;

    /** Two and a half rolls. */
    private static final long UNNAMED = Nanos.seconds(75);

    private static final long SILENT = Nanos.seconds(60);
    private static final long PROBE_AGAIN = Nanos.seconds(30);
    private static final long PROBE_JITTER = Nanos.seconds(5);
    private static final int PROBES = 2;
    private static final long ANSWERED = Nanos.seconds(10);
    private static final int PROBED_ROOM = 100;
    private static final long ASK_AGAIN = Nanos.seconds(5);
    private static final long GATHER = Nanos.millis(50);
    private static final int SAID_AT_ONCE = 500;
    private static final int ROLL_BYTES = 32 << 10;
    private static final int ROLL_SIDS = 1_000;

    // ---- what others can make this node hold
    private static final int NODES = 1_000;
    private static final int CLIENTS = 100_000;
    private static final long STATE_BYTES = 128L << 20;
    private static final int MESSAGE_BYTES = 1 << 20;
    private static final long WAITING_BYTES = 64L << 20;
    private static final int MESSAGE_OVERHEAD = 256;
    private static final int NAME_BYTES = 200;
    private static final int FAREWELLS = 10_000;

    private static final char OF_NODE = '~';

    private final Node node;
    private final Loop loop;
    private final RandomGenerator random;
    private final String realm;
    private final String name;

    /** Who this node is to others of its kind. */
    private final String voice;

    private final Map<String, Hall> halls = new LinkedHashMap<>();
    private final AtomicLong waiting = new AtomicLong();

    /** Nodes of this kind, and when they were heard last. */
    private final Map<String, Long> nodes = new HashMap<>();

    /** Who left while the link was away: nodes in Go hear of it in no other way. */
    private final Deque<Signalling> farewells = new ArrayDeque<>();

    private int clients;
    private long stateBytes;
    private int beats;
    private long selfHeardAt;
    private long healthySince;
    private @Nullable MeshLink link;
    private boolean ended;

    /** A channel with clients here. */
    private static final class Hall {
        final String channel;
        final Map<String, Local> locals = new LinkedHashMap<>();
        final Map<String, Remote> remotes = new LinkedHashMap<>();
        boolean answers;
        boolean answersAll;
        /** When all were asked last, whoever asked; when that counted for the silent; when nodes of this kind were. */
        long askedAt;

        long countedAt;
        long askedNodesAt;

        Hall(String channel, long now) {
            this.channel = channel;
            this.askedAt = now;
            this.countedAt = now;
            this.askedNodesAt = now;
        }
    }

    private static final class Local {
        final String clientId;
        byte[] state = {};

        Local(String clientId) {
            this.clientId = clientId;
        }
    }

    private static final class Remote {
        /** Empty: one in Go. */
        final String node;

        final String clientId;
        int stateBytes;
        long heardAt;
        int probes;

        Remote(String node, String clientId) {
            this.node = node;
            this.clientId = clientId;
        }

        void heard(long now) {
            heardAt = now;
            probes = 0;
        }
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
            healthySince = loop.nanos();
            selfHeardAt = healthySince;
            beat();
            look();
        });
    }

    /** Whether a sid in a roster is a client's of another node. */
    static boolean isElsewhere(String sid) {
        return sid.indexOf(OF_NODE) >= 0;
    }

    // ---- what clients of this node do

    @Override
    public void joined(String channel, String sid, String clientId) {
        Hall hall = halls.get(channel);
        boolean first = hall == null;
        if (hall == null) {
            hall = new Hall(channel, loop.nanos());
            halls.put(channel, hall);
        }
        hall.locals.put(sid, new Local(clientId));
        if (first) {
            ask(hall);
        }
    }

    @Override
    public void state(String channel, String sid, byte[] state) {
        Hall hall = halls.get(channel);
        Local local = hall == null ? null : hall.locals.get(sid);
        if (local != null && !Arrays.equals(state, local.state)) {
            local.state = state;
            sayState(Psig.TAG_FROM_PRSCD, channel, sid, local);
        }
    }

    @Override
    public void data(String channel, String sid, String clientId, byte[] payload) {
        Signalling message = Signalling.of(Psig.SIG_DATA, "", channel).withPayload(payload);
        send(Psig.TAG_FROM_PRSCD, from(sid, clientId, message));
    }

    @Override
    public void left(String channel, String sid) {
        Hall hall = halls.get(channel);
        Local local = hall == null ? null : hall.locals.remove(sid);
        if (hall == null || local == null) {
            return;
        }
        sayFarewell(channel, sid, local);
        if (hall.locals.isEmpty()) {
            halls.remove(channel);
            List.copyOf(hall.remotes.keySet()).forEach(each -> gone(hall, each));
        }
    }

    @Override
    public void broadcast(String channel, String from, byte[] payload) {
        Signalling message = Signalling.of(Psig.SIG_DATA, "", channel).withPayload(payload);
        send(Psig.TAG_FROM_BACKEND, from("", from, message));
    }

    /** Nodes in Go keep whoever does not say good-bye. */
    @Override
    public void end() {
        halls.values().forEach(hall -> hall.locals.forEach((sid, local) -> sayFarewell(hall.channel, sid, local)));
        ended = true;
    }

    // ---- saying it

    private void ask(Hall hall) {
        hall.askedAt = loop.nanos();
        Map.Entry<String, Local> first = hall.locals.entrySet().iterator().next();
        Signalling question = Signalling.control(Psig.OP_PEER_ONLINE, hall.channel);
        send(Psig.TAG_FROM_PRSCD, from(first.getKey(), first.getValue().clientId, question));
    }

    private void sayState(int tag, String channel, String sid, Local local) {
        if (local.state.length > 0) {
            Signalling message = Signalling.control(Psig.OP_STATE, channel).withPayload(local.state);
            send(tag, from(sid, local.clientId, message));
        }
    }

    private void sayFarewell(String channel, String sid, Local local) {
        Signalling farewell = from(sid, local.clientId, Signalling.control(Psig.OP_PEER_OFFLINE, channel));
        if (isConnected()) {
            send(Psig.TAG_FROM_PRSCD, farewell);
        } else if (farewells.size() < FAREWELLS) {
            farewells.add(farewell);
        }
    }

    private void sayBetweenNodes(Signalling message) {
        send(TAG_BETWEEN_NODES, from("", "", message));
    }

    private Signalling from(String sid, String clientId, Signalling message) {
        return message.withSid(voice + OF_NODE + sid)
                .withCid(clientId)
                .withAppId(realm)
                .withMeshId(name);
    }

    private boolean isConnected() {
        return link != null && link.isConnected();
    }

    /** What is said while the link is away is not kept: {@link #connected} says how things are then. */
    private void send(int tag, Signalling message) {
        if (link != null && !ended && link.isConnected()) {
            link.publish(tag, message.encode());
        }
    }

    @Override
    public void connected() {
        loop.execute(() -> {
            for (Signalling each = farewells.poll(); each != null; each = farewells.poll()) {
                send(Psig.TAG_FROM_PRSCD, each);
            }
            callTheRoll();
            sayAll(new ArrayDeque<>(halls.keySet()));
        });
    }

    /** Not all at once: the link's queue has an end. */
    private void sayAll(Deque<String> channels) {
        int said = 0;
        while (said < SAID_AT_ONCE && !channels.isEmpty()) {
            Hall hall = halls.get(channels.remove());
            if (hall != null) {
                ask(hall);
                answer(hall, Psig.TAG_FROM_PRSCD);
                said += 1 + hall.locals.size();
            }
        }
        if (!channels.isEmpty()) {
            loop.after(GATHER, () -> sayAll(channels));
        }
    }

    private void answer(Hall hall, int tag) {
        hall.locals.forEach((sid, local) -> sayState(tag, hall.channel, sid, local));
    }

    /** Several who ask at once get one answer. */
    private void answerSoon(Hall hall, boolean all) {
        hall.answersAll |= all;
        if (!hall.answers) {
            hall.answers = true;
            loop.after(GATHER, () -> {
                int tag = hall.answersAll ? Psig.TAG_FROM_PRSCD : TAG_BETWEEN_NODES;
                hall.answers = false;
                hall.answersAll = false;
                answer(hall, tag);
            });
        }
    }

    // ---- what comes from the others

    @Override
    public void received(int tag, byte[] bytes) {
        Signalling message;
        try {
            message = Signalling.decode(bytes);
        } catch (MalformedMessageException malformed) {
            node.counters().add(Count.MESSAGES_MALFORMED);
            return;
        }
        if (!message.appId().equals(realm)) {
            return;
        }
        if (bytes.length > MESSAGE_BYTES) {
            node.counters().add(Count.MESSAGES_REFUSED);
            return;
        }
        int size = bytes.length + MESSAGE_OVERHEAD;
        if (waiting.addAndGet(size) > WAITING_BYTES) {
            waiting.addAndGet(-size);
            node.counters().add(Count.MESH_DROPPED);
            return;
        }
        loop.execute(() -> {
            waiting.addAndGet(-size);
            if (!ended) {
                heard(tag, message);
            }
        });
    }

    private void heard(int tag, Signalling message) {
        String sender = nodeOf(message.sid());
        if (sender.equals(voice)) {
            heardItself();
            return;
        }
        node.counters().add(Count.MESH_RECEIVED);
        if (!sender.isEmpty() && (nodes.containsKey(sender) || nodes.size() < NODES)) {
            nodes.put(sender, loop.nanos());
        }
        if (tag == TAG_BETWEEN_NODES && message.opCode().equals(OP_HERE)) {
            roll(sender, message);
            return;
        }
        Hall hall = halls.get(message.channel());
        Room room = node.existing(message.channel());
        if (hall == null || room == null) {
            return;
        }
        switch (tag) {
            case Psig.TAG_FROM_PRSCD -> fromClient(hall, room, sender, message);
            case Psig.TAG_FROM_BACKEND -> fromBackend(room, message);
            case TAG_BETWEEN_NODES -> {
                switch (message.opCode()) {
                    case OP_ASK -> answerSoon(hall, false);
                    case Psig.OP_STATE -> fromClient(hall, room, sender, message);
                    default -> node.counters().add(Count.MESSAGES_UNKNOWN);
                }
            }
            default -> node.counters().add(Count.MESSAGES_UNKNOWN);
        }
    }

    /** Empty: a node in Go. */
    private static String nodeOf(String sid) {
        return sid.length() >= Node.SID_LENGTH + 1 && sid.charAt(Node.SID_LENGTH) == OF_NODE
                ? sid.substring(0, Node.SID_LENGTH)
                : "";
    }

    private void fromClient(Hall hall, Room room, String sender, Signalling message) {
        String clientId = message.cid();
        // Two clients with one id on a node in Go are one, as they are to clients there.
        String sid = sender.isEmpty() ? "@" + message.meshId() + OF_NODE + clientId : message.sid();
        Remote known = hall.remotes.get(sid);
        if (!isName(clientId) || !isName(sid) || (known != null && !known.clientId.equals(clientId))) {
            node.counters().add(Count.MESSAGES_REFUSED);
            return;
        }
        if (known != null) {
            known.heard(loop.nanos());
        }
        byte[] payload = Payloads.bytes(message.payload());
        if (message.isData()) {
            deliver(room, sid, clientId, payload);
            return;
        }
        switch (message.opCode()) {
            case Psig.OP_PEER_ONLINE -> asked(hall);
            case Psig.OP_STATE -> show(hall, room, sid, known == null ? new Remote(sender, clientId) : known, payload);
            case Psig.OP_PEER_OFFLINE -> gone(hall, sid);
            default -> node.counters().add(Count.MESSAGES_UNKNOWN);
        }
    }

    private void fromBackend(Room room, Signalling message) {
        if (message.isData() && isName(message.cid())) {
            // A name, not a sid: the original's echo rule leaves nobody out for it.
            deliver(room, "@" + message.cid(), message.cid(), Payloads.bytes(message.payload()));
        } else {
            node.counters().add(Count.MESSAGES_REFUSED);
        }
    }

    private void deliver(Room room, String sid, String clientId, byte[] payload) {
        if (Payloads.isMap(payload)) {
            room.say(new Datum(sid, clientId, payload));
        } else {
            node.counters().add(Count.MESSAGES_REFUSED);
        }
    }

    private void show(Hall hall, Room room, String sid, Remote remote, byte[] state) {
        boolean isNew = !hall.remotes.containsKey(sid);
        if (state.length > node.limits().stateBytes()
                || !Payloads.isMap(state)
                || stateBytes - remote.stateBytes + state.length > STATE_BYTES
                || (isNew && clients >= CLIENTS)) {
            node.counters().add(Count.MESSAGES_REFUSED);
            return;
        }
        if (isNew) {
            clients++;
            remote.heard(loop.nanos());
            hall.remotes.put(sid, remote);
        }
        stateBytes += state.length - remote.stateBytes;
        remote.stateBytes = state.length;
        show(room, sid, remote.clientId, state);
    }

    private void show(Room room, String sid, String clientId, byte[] state) {
        byte[] own = room.settings.enforceStateId() ? Payloads.withOwnId(state, clientId) : state;
        Presence before = room.roster.get(sid);
        if (before == null || !Arrays.equals(before.state, own)) {
            room.roster.put(new Presence(sid, clientId, node.life(), 1, node.nextStamp(), own));
            room.show(clientId);
        }
    }

    private void gone(Hall hall, String sid) {
        Remote remote = hall.remotes.remove(sid);
        if (remote == null) {
            return;
        }
        clients--;
        stateBytes -= remote.stateBytes;
        Room room = node.existing(hall.channel);
        if (room != null && room.roster.remove(sid) != null) {
            room.show(remote.clientId);
        }
    }

    /** Somebody has come elsewhere and wants our clients' states. It is a question to all, and may go unanswered. */
    private void asked(Hall hall) {
        count(hall);
        hall.askedAt = loop.nanos();
        answerSoon(hall, true);
    }

    private static boolean isName(String text) {
        return !text.isEmpty() && Node.utf8(text) <= NAME_BYTES;
    }

    // ---- nodes of this kind

    private void beat() {
        if (ended) {
            return;
        }
        if (isHealthy()) {
            List<String> dead = new ArrayList<>();
            nodes.forEach((each, heardAt) -> {
                if (silence(heardAt) > DEAD_WITHOUT_BEATS) {
                    dead.add(each);
                }
            });
            dead.forEach(this::died);
        }
        sayBetweenNodes(Signalling.control(OP_BEAT, ""));
        if (++beats % BEATS_BETWEEN_ROLLS == 0) {
            callTheRoll();
        }
        loop.after(BEAT, this::beat);
    }

    /** What it says comes back to it, as it goes to others: as long as it does, silence is theirs. */
    private void heardItself() {
        long now = loop.nanos();
        if (now - selfHeardAt > HEARS_ITSELF) {
            healthySince = now;
        }
        selfHeardAt = now;
    }

    private boolean isHealthy() {
        return selfHeardAt - healthySince >= GRACE;
    }

    /** For how long somebody was silent while this node heard itself. */
    private long silence(long heardAt) {
        return selfHeardAt - heardAt;
    }

    private void died(String dead) {
        nodes.remove(dead);
        halls.values().forEach(hall -> endAll(hall, remote -> remote.node.equals(dead)));
    }

    private void endAll(Hall hall, Predicate<Remote> which) {
        List<String> sids = new ArrayList<>();
        hall.remotes.forEach((sid, remote) -> {
            if (which.test(remote)) {
                sids.add(sid);
            }
        });
        sids.forEach(sid -> gone(hall, sid));
    }

    /** Says who is in which channel: pairs of a channel and sids, in as many messages as it takes. */
    private void callTheRoll() {
        List<Pack> entries = new ArrayList<>();
        int bytes = 0;
        for (Hall hall : halls.values()) {
            List<String> sids = List.copyOf(hall.locals.keySet());
            for (int from = 0; from < sids.size(); from += ROLL_SIDS) {
                List<String> some = sids.subList(from, Math.min(sids.size(), from + ROLL_SIDS));
                Pack entry = new Pack(64).array(2).text(hall.channel).array(some.size());
                some.forEach(entry::text);
                entries.add(entry);
                bytes += entry.length();
                if (bytes > ROLL_BYTES) {
                    sayRoll(entries);
                    entries.clear();
                    bytes = 0;
                }
            }
        }
        if (!entries.isEmpty()) {
            sayRoll(entries);
        }
    }

    private void sayRoll(List<Pack> entries) {
        Pack roll = new Pack(1024).array(entries.size());
        entries.forEach(entry -> roll.raw(entry.bytes()));
        sayBetweenNodes(Signalling.control(OP_HERE, "").withPayload(roll.bytes()));
    }

    private void roll(String sender, Signalling message) {
        try {
            Unpack in = new Unpack(message.payload());
            for (int channels = in.array(); channels > 0; channels--) {
                in.array(2);
                named(sender, in.text(), in.list(Unpack::text));
            }
            in.end();
        } catch (Unpack.Foreign foreign) {
            node.counters().add(Count.MESSAGES_MALFORMED);
        }
    }

    private void named(String sender, String channel, List<String> sids) {
        Hall hall = halls.get(channel);
        if (hall == null) {
            return;
        }
        boolean all = true;
        for (String each : sids) {
            Remote known = hall.remotes.get(sender + OF_NODE + each);
            if (known != null) {
                known.heard(loop.nanos());
            }
            all &= known != null;
        }
        if (!all && loop.nanos() - hall.askedNodesAt > ASK_AGAIN) {
            hall.askedNodesAt = loop.nanos();
            sayBetweenNodes(Signalling.control(OP_ASK, channel));
        }
    }

    // ---- who is silent

    private void look() {
        if (ended) {
            return;
        }
        if (isHealthy()) {
            halls.values().forEach(this::lookInto);
        }
        loop.after(PROBE_JITTER + random.nextLong(PROBE_JITTER), this::look);
    }

    /** Clients in Go answer {@code peer_online}; one that is silent for long is asked so, and is gone if it stays silent. */
    private void lookInto(Hall hall) {
        long now = loop.nanos();
        endAll(hall, remote -> !remote.node.isEmpty() && silence(remote.heardAt) > UNNAMED);
        if (hall.locals.size() + hall.remotes.size() > PROBED_ROOM) {
            return;
        }
        if (now - hall.countedAt >= ANSWERED) {
            endAll(hall, remote -> remote.probes >= PROBES);
        }
        if (now - hall.askedAt >= PROBE_AGAIN && hall.remotes.values().stream().anyMatch(this::isSilent)) {
            count(hall);
            ask(hall);
        }
    }

    private boolean isSilent(Remote remote) {
        return remote.node.isEmpty() && silence(remote.heardAt) > SILENT;
    }

    /** A question, whoever asks it, counts once in a while for each who has been silent before. */
    private void count(Hall hall) {
        long now = loop.nanos();
        if (now - hall.countedAt >= PROBE_AGAIN) {
            hall.countedAt = now;
            hall.remotes.values().stream().filter(this::isSilent).forEach(remote -> remote.probes++);
        }
    }
}
