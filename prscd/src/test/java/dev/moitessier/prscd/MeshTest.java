package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.prscd.Bench.Client;
import dev.moitessier.prscd.Bench.Server;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

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
    @DisplayName("mesh: the zipper away for 30 s: rooms here live, and afterwards all is as it was")
    void theZipperAway() {
        Server one = node("one");
        GoNode go = new GoNode("go");
        GoNode.Client bob = go.client("bob").join("room");
        Client ada = one.client("ada").in("room");
        Client eve = one.client("eve").in("room");
        bench.run(1);
        zipper.up = false;
        ada.data("room", "anybody?");
        bench.run(30);
        assertThat(eve.heard()).containsExactly("anybody?");
        assertThat(ada.offlines()).isEmpty();

        ada.state("room", "still here");
        bench.run(1);
        zipper.back();
        bench.run(1);
        assertThat(bob.shown.get("ada")).isEqualTo("still here");
        assertThat(ada.members()).containsExactly("bob", "eve");
    }

    @Test
    @DisplayName("mesh: other realms, empty rooms and nonsense make no peers")
    void whatIsNotHeard() {
        Server one = node("one");
        Client ada = one.client("ada").in("room");
        Signalling state = Signalling.control(Psig.OP_STATE, "room")
                .withPayload(Bench.state("x"))
                .withSid("s")
                .withCid("bob")
                .withMeshId("go");
        zipper.carry(Psig.TAG_FROM_PRSCD, state.withAppId("other").encode());
        zipper.carry(Psig.TAG_FROM_PRSCD, new byte[] {1, 2, 3});
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
        boolean up = true;
        int carried;

        void join(Server server) {
            Mesh mesh = server.node.join();
            nodes.put(server, mesh);
            mesh.start(new MeshLink() {
                @Override
                public void publish(int tag, byte[] message) {
                    if (up && nodes.containsKey(server)) {
                        carry(tag, message);
                    }
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

        void carry(int tag, byte[] message) {
            carried++;
            bench.sim.after(Nanos.millis(2), () -> {
                if (up) {
                    List.copyOf(nodes.values()).forEach(mesh -> mesh.received(tag, message));
                    if (tag != Mesh.TAG_BETWEEN_NODES) {
                        goNodes.forEach(node -> node.received(message));
                    }
                }
            });
        }

        void back() {
            up = true;
            nodes.values().forEach(Mesh::connected);
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
