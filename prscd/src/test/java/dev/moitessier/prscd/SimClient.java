package dev.moitessier.prscd;

import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A browser with one channel open: it behaves as the real client does, and looks closely at what it is told. */
final class SimClient {
    final SimWorld world;
    final String id;
    final String channel;

    @Nullable
    Link link;

    private byte[] state;
    private int changes;
    private boolean on = true;

    SimClient(SimWorld world, String id, String channel) {
        this.world = world;
        this.id = id;
        this.channel = channel;
        this.state = state(id, 0);
    }

    /** {"s": "id:number"} */
    private static byte[] state(String id, int number) {
        return new Pack(32)
                .raw(new byte[] {(byte) 0x81, (byte) 0xa1, 's'})
                .text(id + ":" + number)
                .bytes();
    }

    static String textIn(byte[] state) {
        try {
            return new Unpack(ByteBuffer.wrap(state, 3, state.length - 3)).text();
        } catch (Unpack.Foreign foreign) {
            throw new AssertionError(foreign);
        }
    }

    static String clientIn(byte[] state) {
        String text = textIn(state);
        return text.substring(0, text.indexOf(':'));
    }

    String stateText() {
        return textIn(state);
    }

    void connect() {
        if (link != null || !on) {
            return;
        }
        List<SimWorld.Server> open = world.servers.stream()
                .filter(each -> each.isUp() && !each.draining)
                .toList();
        if (open.isEmpty()) {
            world.sim.after(1.0, this::connect);
            return;
        }
        Link mine = new Link(this, world.sim.oneOf(open));
        link = mine;
        mine.say(Signalling.control(Psig.OP_CHANNEL_JOIN, channel).withPayload(state));
    }

    void act() {
        Link mine = link;
        Sim sim = world.sim;
        double what = sim.random.nextDouble();
        if (mine == null) {
            if (!on && what < .3) {
                on = true;
                connect();
            }
        } else if (what < .45) {
            if (mine.acknowledged) {
                mine.data();
            }
        } else if (what < .75) {
            state = state(id, ++changes);
            mine.say(Signalling.control(Psig.OP_STATE, channel).withPayload(state));
        } else if (what < .80) {
            on = false;
            link = null;
            mine.say(Signalling.control(Psig.OP_PEER_OFFLINE, channel));
            mine.closeBehind();
        } else if (what < .87) {
            link = null;
            mine.breaks(sim.oneOf(0., .1, 3., 9.));
            sim.after(sim.uniform(0, 2), this::connect);
        } else if (what < .90) {
            mine.chokes(sim.uniform(.1, 2));
        }
    }

    /** One connection. */
    static final class Link implements PeerConnection {
        final SimClient client;
        final SimWorld.Server server;
        final SimNode node;
        final String name;
        final Peer peer;
        final long since;
        final Map<String, String> members = new LinkedHashMap<>();
        /** Texts of data in the order in which they came. */
        final List<String> heard = new ArrayList<>();
        /** Nobody has closed it, and its server lives. */
        boolean open = true;
        /** The node has been told that it is closed. */
        boolean ended;
        /** The client is no longer there, though the node does not know yet. */
        boolean dropped;

        boolean acknowledged;
        long acknowledgedAt;
        /** The store was away: what the others said before the room was opened is not for this one. */
        boolean acknowledgedBeforeOpen;

        long endedAt = Long.MAX_VALUE;
        /** When its server said that it would be back. */
        double drainedAt = -1_000;

        /** The rooms of other nodes that knew it then. */
        final Set<Room> keptBy = new HashSet<>();

        private final Map<String, Integer> lastOf = new HashMap<>();
        private int said;
        private long lastDown;
        private long lastUp;
        private boolean writable = true;

        Link(SimClient client, SimWorld.Server server) {
            this.client = client;
            this.server = server;
            this.name = client.id + "@" + client.world.links.size();
            this.since = client.world.sim.now();
            client.world.links.add(this);
            this.node = server.node;
            this.peer = node.connect(client.id, this, SimWorld.EVERYBODY);
        }

        private SimWorld world() {
            return client.world;
        }

        private Sim sim() {
            return client.world.sim;
        }

        // ---- the client's side

        /** A socket is FIFO, whatever pauses do to timers. */
        private void up(Runnable arrives) {
            lastUp = Math.max(lastUp, sim().now() + sim().around(.005));
            sim().at(lastUp, () -> {
                if (open && server.isUp()) {
                    arrives.run();
                }
            });
        }

        void say(Signalling message) {
            byte[] bytes = message.encode();
            up(() -> peer.received(bytes));
        }

        void data() {
            String text = name + ":" + ++said;
            say(Signalling.data(client.channel, new ChannelEvent("m", text)));
        }

        void closeBehind() {
            dropped = true;
            up(() -> closed(Departure.LEFT));
        }

        void breaks(double noticedAfter) {
            dropped = true;
            sim().after(noticedAfter, () -> closed(Departure.LOST));
        }

        private void closed(Departure how) {
            if (!ended) {
                ended = true;
                open = false;
                endedAt = sim().now();
                if (server.isUp()) {
                    peer.closed(how);
                }
            }
        }

        /** The server is gone, or has closed it: the client comes back. */
        void lost() {
            if (open && !dropped) {
                client.link = null;
                sim().after(sim().uniform(.2, 12), client::connect);
            }
            open = false;
            endedAt = Math.min(endedAt, sim().now());
        }

        void chokes(double seconds) {
            writable = false;
            sim().after(seconds, () -> {
                writable = true;
                if (open && server.isUp()) {
                    peer.writable();
                }
            });
        }

        private void receive(byte[] bytes) {
            if (!open || dropped) {
                return;
            }
            Signalling message = Signalling.decode(bytes);
            String who = message.cid();
            if (!message.channel().equals(client.channel)) {
                sim().bad(name + " was told of channel " + message.channel());
            } else if (message.isData()) {
                heard(message.event().data());
            } else {
                switch (message.opCode()) {
                    case Psig.OP_CHANNEL_JOIN -> acknowledged();
                    case Psig.OP_STATE -> {
                        if (who.equals(client.id)) {
                            sim().bad(name + " was told its own state");
                        }
                        members.put(who, textIn(Payloads.bytes(message.payload())));
                    }
                    case Psig.OP_PEER_OFFLINE -> {
                        if (members.remove(who) == null) {
                            sim().bad(name + " was told offline of " + who + ", whom it does not know");
                        }
                        sim().count("offlines");
                        world().checkLeave(this, who);
                    }
                    default -> sim().bad(name + " was told " + message.opCode());
                }
            }
        }

        private void acknowledged() {
            if (acknowledged) {
                sim().bad(name + " was acknowledged twice");
            }
            acknowledged = true;
            acknowledgedAt = sim().now();
            say(Signalling.control(Psig.OP_PEER_ONLINE, client.channel));
            say(Signalling.control(Psig.OP_STATE, client.channel).withPayload(client.state));
        }

        private void heard(String text) {
            int colon = text.lastIndexOf(':');
            String from = text.substring(0, colon);
            int number = Integer.parseInt(text.substring(colon + 1));
            Integer before = lastOf.put(from, number);
            if (from.equals(name)) {
                sim().bad(name + " got its own data");
            }
            if (before != null && before >= number) {
                sim().bad(name + " got " + number + " of " + from + " behind " + before);
            }
            heard.add(text);
        }

        // ---- the node's side

        @Override
        public Kind kind() {
            return Kind.WEBSOCKET;
        }

        @Override
        public boolean isWritable() {
            return writable;
        }

        @Override
        public Sent send(Frame frame) {
            sim().count("frames");
            byte[] bytes = frame.bytes();
            Room room = server.node.existing(client.channel);
            if (!acknowledged && room != null && !room.isOpen()) {
                acknowledgedBeforeOpen = true;
            }
            lastDown = Math.max(lastDown, sim().now() + sim().around(.005));
            sim().at(lastDown, () -> receive(bytes));
            return Sent.TAKEN;
        }

        @Override
        public void reading(boolean on) {}

        @Override
        public void close(int code, String reason) {
            sim().count("closed by the node: " + code);
            lost();
        }
    }
}
