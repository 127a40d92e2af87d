package dev.moitessier.prscd;

import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Servers and clients under a script, in simulated time: the same classes as in {@link SimWorld}, without chance. */
final class Bench {
    final Sim sim = new Sim(1);
    final SimStore store;
    final SimCore.Faults faults = new SimCore.Faults();
    final LinkedHashMap<String, ChannelSettings> rules = new LinkedHashMap<>();
    final Set<Flaw> flaws;
    double laneLoses;
    Duration reconcile = Duration.ofSeconds(30);
    NodeSettings.Limits limits = NodeSettings.Limits.DEFAULT;
    private SimCore.@Nullable SimLane lane;

    Bench(Flaw... flaws) {
        this.flaws = Set.of(flaws);
        this.store = new SimStore(sim, this.flaws);
        store.hintsLost = 0;
        rules.put("ordered-*", ChannelSettings.ORDERED);
    }

    void run(double seconds) {
        sim.run(sim.seconds() + seconds);
    }

    void outage(double seconds) {
        store.outages.add(new double[] {sim.seconds(), sim.seconds() + seconds});
    }

    Server server() {
        return server(0);
    }

    Server server(long skewMillis) {
        return new Server("sim", skewMillis);
    }

    Server serverOf(String realm) {
        return new Server(realm, 0);
    }

    /** One that shares no store with the others. */
    Server apart(String mesh) {
        SimStore own = new SimStore(sim, flaws);
        own.hintsLost = 0;
        return new Server("sim", 0, own, mesh);
    }

    /** Nodes that still listen on the volatile lane. */
    int onTheLane() {
        return lane == null ? 0 : lane.sinks();
    }

    int appendsIn(String channel) {
        return store.scope("prscd/sim/c/" + channel).appends;
    }

    List<LogEntry> log(String channel) {
        List<LogEntry> entries = new ArrayList<>();
        try {
            for (SimStore.Rec each : store.scope("prscd/sim/c/" + channel).log) {
                entries.add(LogEntry.decode(ByteBuffer.wrap(each.body())));
            }
        } catch (Unpack.Foreign foreign) {
            throw new AssertionError(foreign);
        }
        return entries;
    }

    int appendsOfNodes() {
        return store.scope("prscd/sim/n").appends;
    }

    final class Server {
        final SimProcess process;
        final SimCore core;
        final SimNode node;

        Server(String realm, long skewMillis) {
            this(realm, skewMillis, store, "m1");
        }

        Server(String realm, long skewMillis, SimStore store, String mesh) {
            if (lane == null) {
                lane = new SimCore.SimLane(sim, laneLoses);
            }
            process = new SimProcess(sim, skewMillis);
            core = new SimCore(store, process, faults, lane);
            NodeSettings defaults = NodeSettings.of(realm, mesh);
            node = new SimNode(
                    new NodeSettings(
                            defaults.realm(),
                            defaults.mesh(),
                            defaults.lease(),
                            defaults.settle(),
                            defaults.tick(),
                            defaults.linger(),
                            defaults.lingerOnLoss(),
                            reconcile,
                            limits),
                    core,
                    process,
                    new Random(sim.random.nextLong()),
                    ChannelRules.of(rules),
                    flaws);
            node.start();
            run(.3);
        }

        void kill() {
            process.die();
            core.died();
        }

        Client client(String id) {
            return new Client(this, id, SimWorld.EVERYBODY);
        }

        Client client(String id, Access access) {
            return new Client(this, id, access);
        }

        Map<String, String> shown(String channel) {
            Map<String, String> shown = new TreeMap<>();
            Room room = node.existing(channel);
            if (room != null) {
                room.audience.states().forEach((who, state) -> shown.put(who, text(state)));
            }
            return shown;
        }

        long count(Count what) {
            return node.counters().get(what);
        }
    }

    /** {"s": text} */
    static byte[] state(String text) {
        return new Pack(32)
                .raw(new byte[] {(byte) 0x81, (byte) 0xa1, 's'})
                .text(text)
                .bytes();
    }

    static String text(byte[] state) {
        return SimClient.textIn(state);
    }

    /** A client as the real one: on the acknowledgement it sends peer_online and its state. All it is told is kept. */
    final class Client implements PeerConnection {
        final String id;
        final Peer peer;
        final List<Signalling> got = new ArrayList<>();
        final List<Double> gotAt = new ArrayList<>();
        boolean writable = true;
        boolean answers = true;
        boolean full;
        /** What it is told is not kept. */
        boolean deaf;

        PeerConnection.Kind kind = PeerConnection.Kind.WEBSOCKET;
        /** How much of what it says and hears gets lost, but for its joins; the rest comes late and in any order. */
        double loses;

        int closedWith;
        boolean reading = true;
        private final Server server;

        Client(Server server, String id, Access access) {
            this.server = server;
            this.id = id;
            this.peer = server.node.connect(id, this, access);
        }

        Client join(String channel) {
            return join(channel, Bench.state(id));
        }

        Client join(String channel, byte[] state) {
            say(Signalling.control(Psig.OP_CHANNEL_JOIN, channel).withPayload(state));
            return this;
        }

        /** Joined, acknowledged and told all. */
        Client in(String channel) {
            join(channel);
            run(.7);
            return this;
        }

        void say(Signalling message) {
            byte[] bytes = message.encode();
            if (!message.opCode().equals(Psig.OP_CHANNEL_JOIN) && isLost()) {
                return;
            }
            sim.after(onTheWay(), () -> {
                if (server.process.isUp()) {
                    peer.received(bytes);
                }
            });
        }

        private boolean isLost() {
            return loses > 0 && sim.chance(loses);
        }

        private long onTheWay() {
            return loses > 0 ? sim.around(.03) : Nanos.millis(1);
        }

        void state(String channel, String text) {
            say(Signalling.control(Psig.OP_STATE, channel).withPayload(Bench.state(text)));
        }

        void data(String channel, String text) {
            say(Signalling.data(channel, new ChannelEvent("m", text)));
        }

        void leave(String channel) {
            say(Signalling.control(Psig.OP_PEER_OFFLINE, channel));
        }

        void close(Departure how) {
            sim.after(Nanos.millis(1), () -> peer.closed(how));
        }

        void forget() {
            got.clear();
            gotAt.clear();
        }

        List<Signalling> got(String opCode) {
            return got.stream().filter(each -> each.opCode().equals(opCode)).toList();
        }

        List<String> heard() {
            return got.stream()
                    .filter(Signalling::isData)
                    .map(each -> each.event().data())
                    .toList();
        }

        /** Whom the real client shows now, in the order in which frames came. */
        Set<String> members() {
            Set<String> members = new TreeSet<>();
            for (Signalling each : got) {
                if (each.opCode().equals(Psig.OP_STATE)) {
                    members.add(each.cid());
                } else if (each.opCode().equals(Psig.OP_PEER_OFFLINE)) {
                    members.remove(each.cid());
                }
            }
            return members;
        }

        List<String> offlines() {
            return got(Psig.OP_PEER_OFFLINE).stream().map(Signalling::cid).toList();
        }

        /** client=state of each presence frame, in order. */
        List<String> states() {
            return got(Psig.OP_STATE).stream()
                    .map(each -> each.cid() + "=" + text(Payloads.bytes(each.payload())))
                    .toList();
        }

        double lastAt(String opCode) {
            for (int i = got.size() - 1; i >= 0; i--) {
                if (got.get(i).opCode().equals(opCode)) {
                    return gotAt.get(i);
                }
            }
            throw new AssertionError("no " + opCode + " among " + got);
        }

        @Override
        public Kind kind() {
            return kind;
        }

        @Override
        public boolean isWritable() {
            return writable;
        }

        @Override
        public Sent send(Frame frame) {
            if (full) {
                return Sent.FULL;
            }
            if (deaf) {
                return Sent.TAKEN;
            }
            byte[] bytes = frame.bytes().clone();
            if (!isLost()) {
                sim.after(onTheWay(), () -> receive(Signalling.decode(bytes)));
            }
            return Sent.TAKEN;
        }

        private void receive(Signalling message) {
            got.add(message);
            gotAt.add(sim.seconds());
            if (answers && message.opCode().equals(Psig.OP_CHANNEL_JOIN)) {
                say(Signalling.control(Psig.OP_PEER_ONLINE, message.channel()));
                say(Signalling.control(Psig.OP_STATE, message.channel()).withPayload(Bench.state(id)));
            }
        }

        @Override
        public void reading(boolean on) {
            reading = on;
        }

        @Override
        public void close(int code, String reason) {
            closedWith = code;
        }
    }
}
