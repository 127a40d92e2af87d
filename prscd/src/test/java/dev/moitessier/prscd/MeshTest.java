package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.prscd.Bench.Client;
import dev.moitessier.prscd.Bench.Server;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nodes that share no store, among nodes as those in Go are, in simulated time. */
class MeshTest {
    private final Bench bench = new Bench();
    private final Zipper zipper = new Zipper();

    private Server node(String mesh) {
        bench.rules.clear();
        Server server = bench.apart(mesh);
        zipper.join(server);
        return server;
    }

    // ---- with nodes in Go

    @Test
    @DisplayName("mesh.goNode: both sides see each other, their states, their events, and who leaves")
    void bothSidesSeeEachOther() {
        Server java = node("java");
        GoNode go = new GoNode("go");
        GoNode.Client bob = go.client("bob").join("room");
        Client ada = java.client("ada").in("room");
        bench.run(1);
        assertThat(ada.members()).containsExactly("bob");
        assertThat(bob.members()).containsExactly("ada");

        bob.state("room", "moved");
        bench.run(1);
        assertThat(ada.states()).contains("bob=moved");

        bob.data("room", "hi from Go");
        ada.data("room", "hi from Java");
        bench.run(1);
        assertThat(ada.heard()).containsExactly("hi from Go");
        assertThat(bob.heard()).containsExactly("hi from Java");

        ada.leave("room");
        bench.run(1);
        assertThat(bob.members()).isEmpty();
    }

    @Test
    @DisplayName("mesh.goNode: a client in Go that comes later is told of all, and all of it, and leaves once")
    void oneThatComesLater() {
        Server java = node("java");
        GoNode go = new GoNode("go");
        Client ada = java.client("ada").in("room");
        Client eve = java.client("eve").in("room");
        GoNode.Client bob = go.client("bob").join("room");
        bench.run(1);
        assertThat(bob.members()).containsExactly("ada", "eve");
        assertThat(ada.members()).containsExactly("bob", "eve");

        bob.leave("room");
        bench.run(1);
        assertThat(ada.offlines()).containsExactly("bob");
        assertThat(eve.offlines()).containsExactly("bob");
    }

    @Test
    @DisplayName("mesh.goNode: a second client here asks nobody, so that nobody answers it: no N squared")
    void laterClientsAskNobody() {
        Server java = node("java");
        GoNode go = new GoNode("go");
        for (int i = 0; i < 20; i++) {
            go.client("go-" + i).join("room");
        }
        java.client("first").in("room");
        bench.run(1);
        int before = zipper.carried;
        Client second = java.client("second").in("room");
        bench.run(1);

        assertThat(second.members()).hasSize(21);
        // Its state, and the beats.
        assertThat(zipper.carried - before).isLessThanOrEqualTo(4);
        assertThat(second.got(Psig.OP_PEER_ONLINE)).isEmpty();
    }

    @Test
    @DisplayName("mesh.goNode: clients of a node in Go that is killed are gone after two unanswered questions")
    void aDeadNodeInGo() {
        Server java = node("java");
        GoNode go = new GoNode("go");
        go.client("bob").join("room");
        Client ada = java.client("ada").in("room");
        bench.run(1);
        assertThat(ada.members()).containsExactly("bob");

        go.up = false;
        bench.run(59);
        assertThat(ada.offlines()).isEmpty();
        bench.run(100);
        assertThat(ada.offlines()).containsExactly("bob");
    }

    @Test
    @DisplayName("mesh.goNode: one that is silent and alive stays, whatever it costs")
    void aSilentOneStays() {
        Server java = node("java");
        GoNode go = new GoNode("go");
        go.client("bob").join("room");
        Client ada = java.client("ada").in("room");
        bench.run(600);

        assertThat(ada.offlines()).isEmpty();
        assertThat(ada.members()).containsExactly("bob");
        // Ten minutes: no more than a question each half minute, its state and one answer; and 300 beats.
        assertThat(zipper.carried).isLessThan(300 + 3 * 20 + 10);
    }

    // ---- with nodes of this kind

    @Test
    @DisplayName("mesh: clients of two nodes of this kind see each other; a killed node's are gone within 10 s")
    void twoOfThisKind() {
        Server one = node("one");
        Server two = node("two");
        Client ada = one.client("ada").in("room");
        Client bob = two.client("bob").in("room");
        bench.run(1);
        assertThat(ada.members()).containsExactly("bob");
        assertThat(bob.members()).containsExactly("ada");

        bench.run(300);
        assertThat(ada.offlines()).isEmpty();
        zipper.cut(two);
        two.kill();
        bench.run(10);
        assertThat(ada.offlines()).containsExactly("bob");
    }

    @Test
    @DisplayName("mesh: what a function or the application says is heard on all nodes, once")
    void broadcasts() {
        Server one = node("one");
        Server two = node("two");
        Client ada = one.client("ada").in("room");
        Client bob = two.client("bob").in("room");
        one.node.broadcast("room", "shop", new ChannelEvent("m", "sale").encode());
        bench.run(1);

        assertThat(ada.heard()).containsExactly("sale");
        assertThat(bob.heard()).containsExactly("sale");
    }

    @Test
    @DisplayName("mesh: of two tabs of one client on another node one may go, and nobody is told")
    void tabsOnAnotherNode() {
        // Also with one mesh-id for both, as no configuration says anything else.
        Server one = node("moitessier");
        Server two = node("moitessier");
        Client ada = one.client("ada").in("room");
        Client tab = two.client("bob").in("room");
        Client other = two.client("bob").in("room");
        bench.run(1);
        tab.leave("room");
        bench.run(5);
        assertThat(ada.offlines()).isEmpty();
        other.leave("room");
        bench.run(1);
        assertThat(ada.offlines()).containsExactly("bob");
    }

    @Test
    @DisplayName("mesh: who only listens hears, and is there for those of other nodes once it has a state")
    void oneThatOnlyListens() {
        Server one = node("one");
        Server two = node("two");
        Client quiet = one.client("quiet");
        quiet.answers = false;
        quiet.in("room");
        Client bob = two.client("bob").in("room");
        bob.data("room", "anybody?");
        bench.run(1);
        assertThat(quiet.heard()).containsExactly("anybody?");
        assertThat(bob.members()).containsExactly("quiet");
    }

    @Test
    @DisplayName("mesh: a node that closes says good-bye for its clients, and none of them stays in Go")
    void aNodeThatCloses() {
        Server one = node("one");
        GoNode go = new GoNode("go");
        GoNode.Client bob = go.client("bob").join("room");
        one.client("ada").in("room");
        one.client("eve").in("room");
        bench.run(1);
        assertThat(bob.members()).containsExactly("ada", "eve");
        one.node.close();
        bench.run(1);
        assertThat(bob.members()).isEmpty();
    }

    // ---- what gets lost

    @Test
    @DisplayName(
            "mesh: the zipper away for 30 s: rooms here live, nobody seems to leave, and afterwards all is as it was")
    void theZipperAway() {
        Server one = node("one");
        Server two = node("two");
        GoNode go = new GoNode("go");
        GoNode.Client bob = go.client("bob").join("room");
        Client ada = one.client("ada").in("room");
        Client eve = one.client("eve").in("room");
        Client kim = two.client("kim").in("room");
        Client joe = two.client("joe").in("room");
        bench.run(60);
        zipper.away();
        ada.data("room", "anybody?");
        ada.state("room", "still here");
        eve.leave("room");
        joe.leave("room");
        bench.run(30);
        assertThat(ada.heard()).isEmpty();
        assertThat(ada.offlines()).containsExactly("eve");
        assertThat(kim.offlines()).containsExactly("joe");

        zipper.back();
        bench.run(1);
        assertThat(bob.shown.get("ada")).isEqualTo("still here");
        assertThat(kim.states()).contains("ada=still here");
        assertThat(bob.members()).containsExactly("ada", "kim");
        assertThat(kim.members()).containsExactly("ada", "bob");
        assertThat(ada.members()).containsExactly("bob", "kim");
        bench.run(120);
        assertThat(ada.offlines()).containsExactlyInAnyOrder("eve", "joe");
        assertThat(kim.offlines()).containsExactlyInAnyOrder("joe", "eve");
    }

    @ParameterizedTest
    @ValueSource(doubles = {.5, 1.7, 3.1, 4.4, 5.3, 5.9, 6.1, 7.7, 12.5, 31.3, 100.1})
    @DisplayName("mesh: however long the zipper was away, nobody seems to have left")
    void noOutageIsADeath(double seconds) {
        Server one = node("one");
        Server two = node("two");
        bench.run(.9);
        Client ada = one.client("ada").in("room");
        Client bob = two.client("bob").in("room");
        bench.run(60);
        zipper.away();
        bench.run(seconds);
        // One finds it at once, the other after the longest pause between two attempts, if there has been time for
        // such.
        zipper.unlinked.add(two);
        zipper.back();
        bench.run(seconds < 3 ? 2 : 10);
        zipper.unlinked.clear();
        zipper.nodes.get(two).connected();
        bench.run(120);
        assertThat(ada.offlines()).isEmpty();
        assertThat(bob.offlines()).isEmpty();
    }

    @Test
    @DisplayName("mesh: a room whose zipper is away goes on, at once")
    void localRoomsLive() {
        Server one = node("one");
        zipper.away();
        Client ada = one.client("ada").in("room");
        Client eve = one.client("eve").in("room");
        ada.data("room", "anybody?");
        bench.run(.1);
        assertThat(eve.heard()).containsExactly("anybody?");
        assertThat(ada.members()).containsExactly("eve");
    }

    @Test
    @DisplayName("mesh: a farewell that gets lost between nodes of this kind is made up for within 90 s")
    void aLostFarewell() {
        Server one = node("one");
        Server two = node("two");
        Client ada = one.client("ada").in("room");
        Client bob = two.client("bob").in("room");
        two.client("kim").in("room");
        bench.run(20);
        zipper.loses = true;
        bob.leave("room");
        bench.run(1);
        zipper.loses = false;
        assertThat(ada.members()).containsExactly("bob", "kim");
        bench.run(90);
        assertThat(ada.offlines()).containsExactly("bob");
        assertThat(ada.members()).containsExactly("kim");
    }

    @Test
    @DisplayName(
            "mesh: a state that gets lost between nodes of this kind is made up for at the next roll, to them alone")
    void aLostState() {
        Server one = node("one");
        Server two = node("two");
        GoNode go = new GoNode("go");
        Client ada = one.client("ada").in("room");
        two.client("kim").in("room");
        GoNode.Client bob = go.client("bob").join("room");
        bench.run(20);
        zipper.loses = true;
        two.client("joe").in("room");
        zipper.loses = false;
        assertThat(ada.members()).containsExactly("bob", "kim");
        int told = bob.told;
        bench.run(35);
        assertThat(ada.members()).containsExactly("bob", "joe", "kim");
        assertThat(bob.told).isEqualTo(told);
    }

    @Test
    @DisplayName(
            "mesh: a node that stood still for 8 s takes nobody for dead; the others do, and see its clients return")
    void aPause() {
        Server one = node("one");
        Server two = node("two");
        Client ada = one.client("ada").in("room");
        Client bob = two.client("bob").in("room");
        bench.run(60);
        one.process.pause(9);
        bench.run(30);
        assertThat(ada.offlines()).isEmpty();
        assertThat(bob.offlines()).containsExactly("ada");
        bench.run(35);
        assertThat(bob.members()).containsExactly("ada");
    }

    // ---- what is not believed

    @Test
    @DisplayName("mesh: nobody elsewhere speaks for a client here")
    void onlyForItself() {
        Server one = node("one");
        Client ada = one.client("ada").in("room");
        Client eve = one.client("eve").in("room");
        bench.run(1);
        String sid = zipper.last.stream()
                .filter(each -> each.cid().equals("ada"))
                .findAny()
                .orElseThrow()
                .sid();
        Signalling leave = Signalling.control(Psig.OP_PEER_OFFLINE, "room").withCid("ada");
        zipper.say(leave.withSid(sid).withMeshId("one"));
        zipper.say(leave.withSid(sid.substring(Node.SID_LENGTH + 1)).withMeshId("one"));
        zipper.say(leave.withSid("10.0.0.1:1").withMeshId("one"));
        bench.run(1);
        assertThat(eve.offlines()).isEmpty();

        // One who has an id of somebody here is another tab: it may go again.
        Signalling state = Signalling.control(Psig.OP_STATE, "room").withPayload(Bench.state("x"));
        zipper.say(state.withCid("ada").withSid("10.0.0.1:1").withMeshId("go"));
        zipper.say(leave.withSid("10.0.0.1:1").withMeshId("go"));
        // And the id within a state is the sender's own.
        byte[] victim = new Pack(32)
                .raw(new byte[] {(byte) 0x81, (byte) 0xa2, 'i', 'd'})
                .text("ada")
                .bytes();
        zipper.say(
                state.withPayload(victim).withCid("bob").withSid("10.0.0.1:2").withMeshId("go"));
        bench.run(1);
        assertThat(eve.offlines()).isEmpty();
        assertThat(eve.members()).containsExactly("ada", "bob");
        byte[] shown = Payloads.bytes(
                eve.got(Psig.OP_STATE).get(eve.got(Psig.OP_STATE).size() - 1).payload());
        assertThat(shown).isEqualTo(Payloads.onlyId("bob"));
        assertThat(ada.offlines()).isEmpty();
    }

    @Test
    @DisplayName("mesh: what others make a node hold has an end")
    void bounded() {
        Server one = node("one");
        Client ada = one.client("ada").in("room");
        ada.deaf = true;
        Mesh mesh = zipper.nodes.get(one);
        Signalling state = Signalling.control(Psig.OP_STATE, "room")
                .withPayload(Bench.state("x"))
                .withAppId("sim")
                .withMeshId("go");
        for (int i = 0; i < 100_100; i++) {
            mesh.received(
                    Psig.TAG_FROM_PRSCD,
                    state.withSid("10.0.0.1:" + i).withCid("c" + i).encode());
            if (i % 1_000 == 0) {
                bench.run(.01);
            }
        }
        bench.run(.1);
        assertThat(one.shown("room")).hasSize(100_001);
        assertThat(one.count(Count.MESSAGES_REFUSED)).isEqualTo(100);

        // And so has what waits for a node that stands still: 64 MiB.
        one.process.pause(5);
        byte[] large = Signalling.data("room", new ChannelEvent("m", "x".repeat(1_000_000)))
                .withAppId("sim")
                .withSid("s")
                .withCid("bob")
                .encode();
        for (int i = 0; i < 70; i++) {
            mesh.received(Psig.TAG_FROM_PRSCD, large);
        }
        assertThat(one.count(Count.MESH_DROPPED)).isBetween(3L, 6L);
        bench.run(10);
        mesh.received(Psig.TAG_FROM_PRSCD, large);
        assertThat(one.count(Count.MESH_DROPPED)).isBetween(3L, 6L);
        mesh.received(
                Psig.TAG_FROM_PRSCD,
                Signalling.data("room", new ChannelEvent("m", "x".repeat(1 << 20)))
                        .withAppId("sim")
                        .withCid("bob")
                        .encode());
        assertThat(one.count(Count.MESSAGES_REFUSED)).isEqualTo(101);
    }

    @Test
    @DisplayName("mesh: nonsense of every kind harms nothing")
    void nonsense() {
        long seed = Long.getLong("mesh.seed", new Random().nextLong());
        System.out.println("mesh.seed=" + seed);
        Random random = new Random(seed);
        Server one = node("one");
        Client ada = one.client("ada").in("room");
        Client eve = one.client("eve").in("room");
        Mesh mesh = zipper.nodes.get(one);
        List<String> codes = List.of(
                Psig.OP_PEER_ONLINE,
                Psig.OP_STATE,
                Psig.OP_PEER_OFFLINE,
                Psig.OP_CHANNEL_JOIN,
                "mesh_beat",
                "mesh_here",
                "mesh_ask",
                "",
                "x");
        List<String> texts =
                List.of("", "ada", "room", "\0", "~", "0123456789abcdef~", "0123456789abcdef~x", "@go~bob");
        for (int i = 0; i < 20_000; i++) {
            byte[] payload = new byte[random.nextInt(40)];
            random.nextBytes(payload);
            if (payload.length > 0 && random.nextBoolean()) {
                payload[0] = (byte) (random.nextBoolean() ? 0x91 : 0x81);
            }
            byte[] message = Signalling.of(
                            random.nextInt(3) == 0 ? Psig.SIG_DATA : Psig.SIG_CONTROL,
                            codes.get(random.nextInt(codes.size())),
                            random.nextBoolean() ? "room" : texts.get(random.nextInt(texts.size())))
                    .withPayload(payload)
                    .withSid(texts.get(random.nextInt(texts.size())))
                    .withCid(texts.get(random.nextInt(texts.size())))
                    .withMeshId(texts.get(random.nextInt(texts.size())))
                    .withAppId("sim")
                    .encode();
            if (random.nextInt(4) == 0) {
                message[random.nextInt(message.length)] = (byte) random.nextInt();
            }
            mesh.received(0x20 + random.nextInt(4), message);
            if (i % 100 == 0) {
                bench.run(.1);
            }
        }
        bench.run(1);
        ada.forget();
        eve.data("room", "still here");
        bench.run(1);
        assertThat(ada.heard()).containsExactly("still here");
        assertThat(eve.offlines()).doesNotContain("ada");
    }

    @Test
    @DisplayName("mesh: other realms, empty rooms and nonsense make no peers")
    void whatIsNotHeard() {
        Server one = node("one");
        Client ada = one.client("ada").in("room");
        Mesh mesh = zipper.nodes.get(one);
        Signalling state = Signalling.control(Psig.OP_STATE, "room")
                .withPayload(Bench.state("x"))
                .withSid("s")
                .withCid("bob")
                .withMeshId("go");
        zipper.carry(Psig.TAG_FROM_PRSCD, state.withAppId("other").encode());
        mesh.received(Psig.TAG_FROM_PRSCD, new byte[] {1, 2, 3});
        zipper.carry(Psig.TAG_FROM_PRSCD, state.withAppId("sim").withCid("").encode());
        zipper.carry(
                Psig.TAG_FROM_PRSCD,
                state.withAppId("sim").withCid("x".repeat(201)).encode());
        zipper.carry(
                Psig.TAG_FROM_PRSCD,
                Signalling.control(Psig.OP_STATE, "nobody-here")
                        .withPayload(Bench.state("x"))
                        .withAppId("sim")
                        .withSid("s")
                        .withCid("bob")
                        .encode());
        bench.run(1);

        assertThat(ada.members()).isEmpty();
        assertThat(one.node.existing("nobody-here")).isNull();
    }

    @Test
    @DisplayName("mesh.refusesOrdered")
    void refusesOrdered() {
        bench.rules.clear();
        bench.rules.put("stock-*", ChannelSettings.ORDERED);
        Server server = bench.apart("one");

        assertThatThrownBy(server.node::join)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("stock-")
                .hasMessageContaining("only order = immediate");
    }

    // ---- the world outside

    /** Carries everything to everybody, the one who sent it too. */
    private final class Zipper {
        final Map<Server, Mesh> nodes = new LinkedHashMap<>();
        final List<GoNode> goNodes = new ArrayList<>();
        final List<Signalling> last = new ArrayList<>();
        final Set<Server> unlinked = new HashSet<>();
        boolean up = true;
        /** What is written now gets lost on the way, but for beats. */
        boolean loses;

        int carried;

        void join(Server server) {
            Mesh mesh = server.node.join();
            nodes.put(server, mesh);
            mesh.start(new MeshLink() {
                @Override
                public void publish(int tag, byte[] message) {
                    if (isConnected() && nodes.containsKey(server)) {
                        carry(tag, message);
                    }
                }

                @Override
                public boolean isConnected() {
                    return up && !unlinked.contains(server);
                }

                @Override
                public void close() {
                    nodes.remove(server);
                }
            });
            mesh.connected();
        }

        void cut(Server server) {
            nodes.remove(server);
        }

        void say(Signalling message) {
            carry(Psig.TAG_FROM_PRSCD, message.withAppId("sim").encode());
        }

        void carry(int tag, byte[] message) {
            carried++;
            last.add(Signalling.decode(message.clone()));
            if (loses && tag != Mesh.TAG_BETWEEN_NODES) {
                return;
            }
            bench.sim.after(Nanos.millis(2), () -> {
                if (up) {
                    Map.copyOf(nodes).forEach((server, mesh) -> {
                        if (!unlinked.contains(server)) {
                            mesh.received(tag, message);
                        }
                    });
                    if (tag != Mesh.TAG_BETWEEN_NODES) {
                        goNodes.forEach(node -> node.received(message));
                    }
                }
            });
        }

        void away() {
            up = false;
        }

        void back() {
            up = true;
            nodes.forEach((server, mesh) -> {
                if (!unlinked.contains(server)) {
                    mesh.connected();
                }
            });
        }
    }

    /** As prscd in Go: publishes what its clients say, hands everything of the realm to all but who said it. */
    private final class GoNode {
        final String mesh;
        final Map<String, Client> clients = new LinkedHashMap<>();
        boolean up = true;

        GoNode(String mesh) {
            this.mesh = mesh;
            zipper.goNodes.add(this);
        }

        Client client(String id) {
            Client client = new Client(id, "10.0.0.1:" + (4000 + clients.size()));
            clients.put(client.sid, client);
            return client;
        }

        void received(byte[] bytes) {
            Signalling message = Signalling.decode(bytes);
            if (up && message.appId().equals("sim")) {
                for (Client client : clients.values()) {
                    if (!client.sid.equals(message.sid()) && client.channels.contains(message.channel())) {
                        client.told(message);
                    }
                }
            }
        }

        /** As the real one: it answers every peer_online with its state. */
        final class Client {
            final String id;
            final String sid;
            final Set<String> channels = new TreeSet<>();
            final Map<String, String> shown = new TreeMap<>();
            int told;
            private final List<String> heard = new ArrayList<>();
            private String state;

            Client(String id, String sid) {
                this.id = id;
                this.sid = sid;
                this.state = id;
            }

            Client join(String channel) {
                channels.add(channel);
                say(Signalling.control(Psig.OP_PEER_ONLINE, channel));
                state(channel, state);
                return this;
            }

            void state(String channel, String text) {
                state = text;
                say(Signalling.control(Psig.OP_STATE, channel).withPayload(Bench.state(text)));
            }

            void data(String channel, String text) {
                say(Signalling.data(channel, new ChannelEvent("m", text)));
            }

            void leave(String channel) {
                say(Signalling.control(Psig.OP_PEER_OFFLINE, channel));
                channels.remove(channel);
            }

            private void say(Signalling message) {
                if (up && zipper.up) {
                    zipper.carry(
                            Psig.TAG_FROM_PRSCD,
                            message.withSid(sid)
                                    .withCid(id)
                                    .withAppId("sim")
                                    .withMeshId(mesh)
                                    .encode());
                }
            }

            void told(Signalling message) {
                told++;
                if (message.isData()) {
                    heard.add(message.event().data());
                    return;
                }
                switch (message.opCode()) {
                    case Psig.OP_PEER_ONLINE -> state(message.channel(), state);
                    case Psig.OP_STATE -> shown.put(message.cid(), Bench.text(Payloads.bytes(message.payload())));
                    case Psig.OP_PEER_OFFLINE -> shown.remove(message.cid());
                    default -> throw new AssertionError(message);
                }
            }

            Set<String> members() {
                return shown.keySet();
            }

            List<String> heard() {
                return heard;
            }
        }
    }
}
