package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.prscd.Bench.Client;
import dev.moitessier.prscd.Bench.Server;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Joining, states, data and leaving, frame by frame, on one node and on two. */
class RoomTest {
    private final Bench bench = new Bench();

    @Test
    @DisplayName("join.alone: an acknowledgement, nothing else, and no word in the store")
    void joinAlone() {
        Server server = bench.server();
        Client ada = server.client("ada").join("room");
        bench.run(3);
        assertThat(ada.got)
                .containsExactly(
                        Signalling.control(Psig.OP_CHANNEL_JOIN, "room").withMeshId("m1"));
        assertThat(bench.appendsIn("room")).isZero();
    }

    @Test
    @DisplayName("join.second: each is told of the other by peer_state; nobody gets peer_online")
    void joinSecond() {
        Server server = bench.server();
        Client ada = server.client("ada").in("room");
        bench.run(2);
        ada.forget();
        Client bob = server.client("bob").join("room");
        bench.run(3);
        assertThat(ada.got).hasSize(1);
        assertThat(ada.states()).containsExactly("bob=bob");
        assertThat(bob.got.get(0).opCode()).isEqualTo(Psig.OP_CHANNEL_JOIN);
        // The snapshot and its two nudges.
        assertThat(bob.states()).containsExactly("ada=ada", "ada=ada", "ada=ada");
        assertThat(bob.got(Psig.OP_PEER_ONLINE)).isEmpty();
    }

    @Test
    @DisplayName("join.noEcho: the 51st of a room costs at most 2N + 3 frames")
    void joinCostsTwoNPlusThree() {
        Server server = bench.server();
        List<Client> there = IntStream.range(0, 50)
                .mapToObj(i -> server.client("c" + i).in("room"))
                .toList();
        bench.run(3);
        long before = server.count(Count.FRAMES_SENT);
        Client late = server.client("late").join("room");
        bench.run(3);
        assertThat(server.count(Count.FRAMES_SENT) - before).isBetween(101L, 2L * 50 + 3);
        assertThat(late.states().stream().distinct()).hasSize(50);
        assertThat(there)
                .allSatisfy(each -> assertThat(each.got(Psig.OP_PEER_ONLINE)).isEmpty());
    }

    @Test
    @DisplayName("join.lateSubscribe: presence is said again for an application that subscribes late")
    void joinNudges() {
        Server server = bench.server();
        server.client("ada").in("room");
        Client bob = server.client("bob").join("room");
        bench.run(.2);
        bob.forget();
        bench.run(1.5);
        assertThat(bob.states()).containsExactly("ada=ada", "ada=ada");
        assertThat(bob.gotAt.get(1) - bob.gotAt.get(0)).isBetween(1.1, 1.3);
    }

    @Test
    @DisplayName("join.otherNode: one asks, the other answers, and both see each other within half a second")
    void joinOnAnotherNode() {
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("room");
        Client bob = two.client("bob").join("room");
        bench.run(.5);
        assertThat(bob.got.get(0).opCode()).isEqualTo(Psig.OP_CHANNEL_JOIN);
        assertThat(bob.states()).startsWith("ada=ada");
        assertThat(ada.states()).containsExactly("bob=bob");
        bench.run(5);
        List<LogEntry> log = bench.log("room");
        assertThat(log).hasSize(2);
        assertThat(log.get(0).ask() && log.get(0).isFull()).isTrue();
        assertThat(log.get(1).isFull() && !log.get(1).ask()).isTrue();
    }

    @Test
    @DisplayName("join.bothAtOnce: of two nodes that open at once at least one sees the other (1,000 times)")
    void joinBothAtOnce() {
        bench.store.hintsLost = .2;
        Server one = bench.server();
        Server two = bench.server();
        List<Client> firsts = new ArrayList<>();
        List<Client> seconds = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            firsts.add(one.client("a").join("r" + i));
            seconds.add(two.client("b").join("r" + i));
            bench.run(.01);
        }
        bench.run(5);
        assertThat(firsts).allSatisfy(each -> assertThat(each.states()).contains("b=b"));
        assertThat(seconds).allSatisfy(each -> assertThat(each.states()).contains("a=a"));
    }

    @Test
    @DisplayName(
            "join.noState: a client without a state is announced as its id; one that asks for nothing is told all the same")
    void joinWithoutState() {
        Server server = bench.server();
        Client ada = server.client("ada").in("room");
        Client quiet = server.client("quiet");
        quiet.answers = false;
        quiet.join("room", new byte[0]);
        bench.run(1.2);
        assertThat(quiet.states()).containsExactly("ada=ada");
        assertThat(ada.got(Psig.OP_STATE)).isEmpty();
        quiet.say(Signalling.control(Psig.OP_PEER_ONLINE, "room"));
        bench.run(.1);
        assertThat(ada.got(Psig.OP_STATE)).hasSize(1);
        assertThat(Payloads.bytes(ada.got(Psig.OP_STATE).get(0).payload())).isEqualTo(Payloads.onlyId("quiet"));
    }

    @Test
    @DisplayName("state.identicalAbsorbed: the same bytes again are no change")
    void identicalState() {
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("room");
        Client bob = two.client("bob").in("room");
        bench.run(3);
        int appends = bench.appendsIn("room");
        bob.forget();
        for (int i = 0; i < 10; i++) {
            ada.state("room", "ada");
            bench.run(.2);
        }
        bench.run(2);
        assertThat(bob.got).isEmpty();
        assertThat(bench.appendsIn("room")).isEqualTo(appends);
    }

    @Test
    @DisplayName(
            "state.otherNode: without the volatile lane the last of 100 states is there within a second, for 2 appends")
    void statesOverTheLog() {
        bench.laneLoses = 1;
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("room");
        Client bob = two.client("bob").in("room");
        bench.run(3);
        int appends = bench.appendsIn("room");
        bob.forget();
        for (int i = 1; i <= 100; i++) {
            ada.state("room", "s" + i);
            bench.run(.01);
        }
        bench.run(1.1);
        assertThat(bob.states()).endsWith("ada=s100");
        assertThat(bench.appendsIn("room") - appends).isBetween(1, 2);
    }

    @Test
    @DisplayName(
            "state.volatileReordered: doubled and reordered, yet never an older state, and nobody comes back from the dead")
    void volatileStates() {
        bench.laneLoses = .3;
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("room");
        Client bob = two.client("bob").in("room");
        bob.forget();
        for (int i = 1; i <= 200; i++) {
            ada.state("room", "" + (1000 + i));
            bench.run(.03);
        }
        bench.run(2);
        assertThat(two.count(Count.VOLATILE_APPLIED)).isGreaterThan(20);
        assertThat(bob.states()).isSorted().doesNotHaveDuplicates().endsWith("ada=1200");
        ada.state("room", "last");
        ada.leave("room");
        bench.run(3);
        assertThat(bob.offlines()).containsExactly("ada");
        assertThat(two.shown("room")).doesNotContainKey("ada");
    }

    @Test
    @DisplayName("state.idEnforced: nobody can say that it is somebody else")
    void stateIds() {
        Server server = bench.server();
        Client ada = server.client("ada").in("room");
        Client eve = server.client("eve");
        eve.answers = false;
        // {"id": "ada", "n": 7, "id": 7}
        byte[] forged = {
            (byte) 0x83,
            (byte) 0xa2,
            'i',
            'd',
            (byte) 0xa3,
            'a',
            'd',
            'a',
            (byte) 0xa1,
            'n',
            7,
            (byte) 0xa2,
            'i',
            'd',
            7
        };
        eve.join("room", forged);
        bench.run(.1);
        byte[] told = Payloads.bytes(ada.got(Psig.OP_STATE).get(0).payload());
        byte[] expected = {
            (byte) 0x83,
            (byte) 0xa2,
            'i',
            'd',
            (byte) 0xa3,
            'e',
            'v',
            'e',
            (byte) 0xa1,
            'n',
            7,
            (byte) 0xa2,
            'i',
            'd',
            (byte) 0xa3,
            'e',
            'v',
            'e'
        };
        assertThat(told).isEqualTo(expected);
    }

    @Test
    @DisplayName("speak.onlyForSelf: a word about another client, or in a channel not joined, is nobody's")
    void onlyForSelf() {
        Server server = bench.server();
        Client ada = server.client("ada").in("room");
        Client bob = server.client("bob").in("room");
        Client eve = server.client("eve").in("elsewhere");
        bench.run(2);
        ada.forget();
        bob.forget();
        for (String channel : List.of("room", "elsewhere", "nowhere")) {
            eve.say(Signalling.control(Psig.OP_PEER_OFFLINE, channel).withCid("ada"));
            eve.say(Signalling.control(Psig.OP_STATE, channel).withCid("ada").withPayload(Bench.state("x")));
        }
        eve.say(Signalling.control(Psig.OP_PEER_OFFLINE, "room"));
        eve.data("room", "hello");
        bench.run(2);
        assertThat(ada.got).isEmpty();
        assertThat(bob.got).isEmpty();
        assertThat(server.shown("room")).containsOnlyKeys("ada", "bob");
    }

    @Test
    @DisplayName("data.localWithoutStore: peers of one node hear each other at once while the store is away")
    void localDataWithoutStore() {
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("room");
        Client bob = one.client("bob").in("room");
        Client eve = two.client("eve").in("room");
        bench.outage(20);
        bench.run(.5);
        double before = bench.sim.seconds();
        ada.data("room", "now");
        bench.run(1);
        assertThat(bob.heard()).containsExactly("now");
        assertThat(bob.gotAt.get(bob.gotAt.size() - 1) - before).isLessThan(.02);
        assertThat(eve.heard()).isEmpty();
    }

    @Test
    @DisplayName("data.perSenderOrder: 3 nodes, 10,000 messages, late calls: rising numbers, none twice")
    void perSenderOrder() {
        bench.faults.replyLost = .05;
        bench.faults.requestLate = .05;
        bench.store.hintsLost = .2;
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Server server = bench.server();
            clients.add(server.client("a" + i).join("room"));
            clients.add(server.client("b" + i).join("room"));
        }
        bench.run(5);
        for (int n = 0; n < 10_000; n++) {
            clients.get(n % 6).data("room", (n % 6) + ":" + n / 6);
            if (n % 10 == 0) {
                bench.run(.005);
            }
        }
        bench.run(10);
        for (Client each : clients) {
            for (int from = 0; from < 6; from++) {
                String prefix = from + ":";
                List<Integer> numbers = each.heard().stream()
                        .filter(text -> text.startsWith(prefix))
                        .map(text -> Integer.valueOf(text.substring(2)))
                        .toList();
                assertThat(numbers).isSorted().doesNotHaveDuplicates();
            }
        }
        // Those of the same node get everything.
        assertThat(clients.get(1).heard().stream().filter(text -> text.startsWith("0:")))
                .hasSize(1_667);
    }

    @Test
    @DisplayName("data.echo: who says it does not hear it; its second tab does")
    void echo() {
        Server one = bench.server();
        Server two = bench.server();
        Client tab = one.client("ada").in("room");
        Client second = one.client("ada").in("room");
        Client third = two.client("ada").in("room");
        tab.data("room", "hello");
        bench.run(1);
        assertThat(tab.heard()).isEmpty();
        assertThat(second.heard()).containsExactly("hello");
        assertThat(third.heard()).containsExactly("hello");
    }

    @Test
    @DisplayName("leave.explicit: one peer_offline to each, on all nodes; closing afterwards says no more")
    void leaveOnce() {
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("room");
        Client bob = one.client("bob").in("room");
        Client eve = two.client("eve").in("room");
        ada.leave("room");
        bench.run(1);
        ada.close(Departure.LEFT);
        bench.run(2);
        assertThat(bob.offlines()).containsExactly("ada");
        assertThat(eve.offlines()).containsExactly("ada");
    }

    @Test
    @DisplayName("leave.lost: a broken connection is one peer_offline, with a linger only when nobody came back")
    void leaveByLoss() {
        Server one = bench.server();
        Client ada = one.client("ada").in("room");
        Client bob = one.client("bob").in("room");
        ada.close(Departure.LOST);
        bench.run(1);
        assertThat(bob.offlines()).containsExactly("ada");
        assertThat(one.shown("room")).containsOnlyKeys("bob");
    }

    @Test
    @DisplayName("tabs.closeOne: nothing is said of a client's first tab that closes, one word of its last")
    void tabs() {
        Server one = bench.server();
        Server two = bench.server();
        Client here = one.client("ada").in("room");
        Client there = two.client("ada").in("room");
        Client bob = one.client("bob").in("room");
        bench.run(2);
        bob.forget();
        here.leave("room");
        bench.run(2);
        assertThat(bob.got).isEmpty();
        there.leave("room");
        bench.run(2);
        assertThat(bob.offlines()).containsExactly("ada");
        assertThat(here.got(Psig.OP_STATE).stream().map(Signalling::cid)).doesNotContain("ada");
    }

    @Test
    @DisplayName("tabs.reconnectFirst: back on another node before the old connection is missed: nothing is said")
    void reconnectFirst() {
        Server one = bench.server();
        Server two = bench.server();
        Client old = one.client("ada").in("room");
        Client bob = one.client("bob").in("room");
        Client eve = two.client("eve").in("room");
        bench.run(2);
        bob.forget();
        eve.forget();
        two.client("ada").in("room");
        bench.run(9);
        old.close(Departure.LOST);
        bench.run(3);
        assertThat(bob.got).isEmpty();
        assertThat(eve.got).isEmpty();
        assertThat(one.shown("room")).containsOnlyKeys("ada", "bob", "eve");
    }

    @Test
    @DisplayName("single.noCost: 1,000 rooms on one node write nothing in ten minutes, and leave nothing")
    void aloneCostsNothing() {
        Server server = bench.server();
        bench.server();
        List<Client> all = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            all.add(server.client("a").join("r" + i));
            all.add(server.client("b").join("r" + i));
        }
        bench.run(300);
        all.forEach(each -> each.data(each == all.get(0) ? "r0" : "r1", "x"));
        bench.run(300);
        assertThat(bench.store.appendsUnder("prscd/sim/c/")).isZero();
        assertThat(bench.store.subscribersUnder("prscd/sim/c/")).isEqualTo(1_000);
        all.forEach(each -> each.close(Departure.LEFT));
        bench.run(5);
        assertThat(bench.store.subscribersUnder("prscd/sim/c/")).isZero();
        assertThat(server.node.existing("r0")).isNull();
    }

    @Test
    @DisplayName("slow.coalesced: who cannot take it hears the newest state of each when it can, and no more")
    void slowPeers() {
        Server server = bench.server();
        Client slow = server.client("slow").in("room");
        Client ada = server.client("ada").in("room");
        slow.forget();
        slow.writable = false;
        for (int i = 0; i < 50; i++) {
            ada.state("room", "s" + i);
            bench.run(.01);
        }
        Client brief = server.client("brief").in("room");
        brief.leave("room");
        bench.run(1);
        assertThat(slow.got).isEmpty();
        slow.writable = true;
        slow.peer.writable();
        bench.run(.1);
        assertThat(slow.states()).containsExactly("ada=s49");
        assertThat(slow.offlines()).isEmpty();
        slow.full = true;
        ada.data("room", "x");
        bench.run(.5);
        assertThat(slow.closedWith).isEqualTo(1013);
        assertThat(server.shown("room")).containsOnlyKeys("ada");
    }

    @Test
    @DisplayName("wt.repeats: acknowledgement and offline are said again over datagrams, and every entry now and then")
    void datagrams() {
        Server server = bench.server();
        Client bob = server.client("bob").in("room");
        Client ada = server.client("ada");
        ada.kind = PeerConnection.Kind.WEBTRANSPORT;
        ada.answers = false;
        ada.join("room");
        bench.run(1);
        assertThat(ada.got(Psig.OP_CHANNEL_JOIN)).hasSize(3);
        ada.say(Signalling.control(Psig.OP_PEER_ONLINE, "room"));
        bench.run(3);
        assertThat(ada.got(Psig.OP_CHANNEL_JOIN)).hasSize(3);
        assertThat(ada.states().size()).isGreaterThan(3);
        ada.forget();
        bob.leave("room");
        bench.run(3);
        assertThat(ada.offlines()).containsExactly("bob", "bob", "bob");
    }

    @Test
    @DisplayName(
            "wt.loss: a fifth of the datagrams lost, the others in any order: joins resolve, rosters are whole within 5 s, no ghost")
    void lostDatagrams() {
        List<Server> servers = List.of(bench.server(), bench.server());
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Client each = servers.get(i % 2).client("c" + (10 + i));
            each.kind = PeerConnection.Kind.WEBTRANSPORT;
            each.loses = .2;
            clients.add(each.join("room"));
        }
        bench.run(5);
        for (Client each : clients) {
            assertThat(each.got(Psig.OP_CHANNEL_JOIN)).isNotEmpty();
            assertThat(each.members()).hasSize(19).doesNotContain(each.id);
        }
        List<Client> stay = new ArrayList<>(clients.subList(0, 10));
        for (Client each : clients.subList(10, 20)) {
            // The offline may overtake the state.
            each.state("room", each.id + " once more");
            each.close(Departure.LEFT);
        }
        bench.run(8);
        for (Client each : stay) {
            assertThat(each.members()).hasSize(9).doesNotContain(each.id).allMatch(id -> id.compareTo("c20") < 0);
        }
    }

    @Test
    @DisplayName(
            "access: who may not join is not answered, who may not publish is not heard; a late answer loses nothing")
    void access() {
        Server server = bench.server();
        Client ada = server.client("ada").in("room");
        Map<String, CompletableFuture<Boolean>> answers = new HashMap<>();
        boolean[] publishes = {false};
        Access asked = new Access() {
            @Override
            public CompletionStage<Boolean> join(String channel) {
                return answers.computeIfAbsent(channel, c -> new CompletableFuture<>());
            }

            @Override
            public boolean publish(String channel) {
                return publishes[0];
            }
        };
        Client eve = server.client("eve", asked).join("room").join("secret").join("broken");
        eve.data("secret", "first");
        bench.run(2);
        answers.get("secret").complete(false);
        answers.get("broken").completeExceptionally(new IllegalStateException("the authorizer is away"));
        bench.run(1);
        assertThat(eve.got).isEmpty();
        assertThat(server.node.existing("secret")).isNull();
        assertThat(server.node.existing("broken")).isNull();
        assertThat(server.count(Count.JOINS_REFUSED)).isEqualTo(2);
        eve.data("room", "not heard");
        answers.get("room").complete(true);
        bench.run(1);
        assertThat(eve.members()).containsExactly("ada");
        assertThat(ada.members()).containsExactly("eve");
        assertThat(ada.heard()).isEmpty();
        eve.state("room", "not seen");
        bench.run(1);
        assertThat(ada.states()).containsOnly("eve=eve");
        publishes[0] = true;
        Client tom = server.client("tom", asked);
        answers.clear();
        tom.join("room");
        tom.data("room", "behind the join");
        bench.run(1);
        assertThat(ada.heard()).isEmpty();
        answers.get("room").complete(true);
        bench.run(1);
        assertThat(ada.heard()).containsExactly("behind the join");
    }

    @Test
    @DisplayName("bounds: too many channels, too long a name, too large a state: not answered, and nothing of it stays")
    void bounds() {
        Server server = bench.server();
        Client greedy = server.client("greedy");
        for (int i = 0; i < 150; i++) {
            greedy.join("r" + i);
        }
        bench.run(1);
        assertThat(greedy.got(Psig.OP_CHANNEL_JOIN)).hasSize(100);
        greedy.leave("r0");
        greedy.join("again");
        bench.run(1);
        assertThat(greedy.got(Psig.OP_CHANNEL_JOIN)).hasSize(101);
        Client restless = server.client("restless");
        for (int i = 0; i < 1_000; i++) {
            restless.join("s" + i).leave("s" + i);
            bench.run(.002);
        }
        bench.run(3);
        assertThat(server.count(Count.JOINS) - 101).isBetween(200L, 250L);
        restless.join("at last");
        bench.run(1);
        assertThat(restless.got(Psig.OP_CHANNEL_JOIN)).isNotEmpty();
        long refused = server.count(Count.JOINS_REFUSED);
        Client odd = server.client("odd");
        for (String name : List.of("", " ", "x".repeat(400), "/".repeat(140), "\u0001".repeat(140))) {
            odd.join(name);
        }
        odd.join("large", Bench.state("x".repeat(40_000)));
        bench.run(1);
        assertThat(odd.got).isEmpty();
        assertThat(server.count(Count.JOINS_REFUSED) - refused).isEqualTo(6);
        odd.join("x".repeat(300)).join("/".repeat(100));
        bench.run(1);
        assertThat(odd.got(Psig.OP_CHANNEL_JOIN)).hasSize(2);
    }

    @Test
    @DisplayName("scope.notOurs: a channel whose scope would be one of prscd's own is no channel")
    void joinedScopesOfOurOwn() {
        bench.rules.put("*", new ChannelSettings(ChannelSettings.Order.IMMEDIATE, "{channel}", Set.of(), true));
        Server server = bench.server();
        Client eve = server.client("eve");
        eve.join("prscd/sim/n").join("prscd/sim/c/room").join("prscd/other/n");
        bench.run(2);
        assertThat(eve.got).isEmpty();
        eve.in("room");
        assertThat(eve.got).hasSize(1);
    }

    @Test
    @DisplayName("realms: channels of one name in two realms are two, and no name of a client's is another scope's")
    void realmsAndNames() {
        Server shop = bench.serverOf("shop");
        Server club = bench.serverOf("club");
        Server odd = bench.serverOf("shop/c/room");
        Client ada = shop.client("ada").in("room");
        Client bob = club.client("bob").in("room");
        Client eve = odd.client("eve").in("room");
        Client tom = shop.client("tom").in("n");
        Client kim = shop.client("kim")
                .in("room/c/room")
                .in("%2F")
                .in("/")
                .in("../n")
                .in("\u0000");
        bench.run(2);
        shop.node.broadcast("room", "x", new ChannelEvent("m", "hello").encode());
        bench.run(1);
        assertThat(ada.heard()).containsExactly("hello");
        for (Client each : List.of(bob, eve, tom, kim)) {
            assertThat(each.heard()).isEmpty();
            assertThat(each.members()).isEmpty();
        }
        assertThat(bench.store.scopeNames().stream().filter(name -> !name.endsWith("/n")))
                .containsExactlyInAnyOrder(
                        "prscd/shop/c/room",
                        "prscd/club/c/room",
                        "prscd/shop%2Fc%2Froom/c/room",
                        "prscd/shop/c/room%2Fc%2Froom",
                        "prscd/shop/c/%252F",
                        "prscd/shop/c/%2F",
                        "prscd/shop/c/..%2Fn",
                        "prscd/shop/c/%00");
        assertThat(bench.store.scopeNames()).contains("prscd/shop/c/n", "prscd/shop/n");
    }

    @Test
    @DisplayName("malformed: what would end the read loop of other clients is not passed on")
    void malformedPayloads() {
        Server server = bench.server();
        Client ada = server.client("ada").in("room");
        Client eve = server.client("eve").in("room");
        bench.run(2);
        ada.forget();
        Stream.of(
                        new byte[] {(byte) 0xc1},
                        new byte[] {(byte) 0x81, (byte) 0xa1, 'a'},
                        new byte[] {(byte) 0x80, 0},
                        new byte[] {(byte) 0x81, (byte) 0xc0, 1},
                        new byte[] {(byte) 0x81, (byte) 0xa9, '_', '_', 'p', 'r', 'o', 't', 'o', '_', '_', 1},
                        new byte[] {(byte) 0x81, (byte) 0xa1, 'a', (byte) 0xd4, (byte) 0xff, 0},
                        new byte[] {(byte) 0xdf, (byte) 0xff, (byte) 0xff, (byte) 0xff, (byte) 0xff},
                        new byte[] {7})
                .forEach(bad -> {
                    eve.say(Signalling.control(Psig.OP_STATE, "room").withPayload(bad));
                    eve.say(Signalling.of(Psig.SIG_DATA, "", "room").withPayload(bad));
                });
        eve.say(Signalling.of(Psig.SIG_DATA, "", "room"));
        eve.peer.received(new byte[] {1, 2, 3});
        eve.peer.received(new byte[0]);
        bench.run(2);
        assertThat(ada.got).isEmpty();
        assertThat(server.count(Count.MESSAGES_REFUSED)).isEqualTo(17);
        assertThat(server.count(Count.MESSAGES_MALFORMED)).isEqualTo(2);
    }

    @Test
    @DisplayName("foreign: an entry that is not ours is skipped, counted and harms nothing")
    void foreignEntries() {
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("room");
        for (byte[] junk :
                List.of(new byte[0], new byte[] {1}, new byte[] {(byte) 0xdd, -1, -1, -1, -1}, new byte[300])) {
            bench.store.append(new RoomStore.Append("prscd/sim/c/room", one.node.newId(), "x", junk, Map.of()));
            bench.store.append(new RoomStore.Append("prscd/sim/n", one.node.newId(), "x", junk, Map.of()));
        }
        Client bob = two.client("bob").in("room");
        bench.run(2);
        assertThat(one.count(Count.ENTRIES_FOREIGN)).isEqualTo(8);
        assertThat(ada.states()).contains("bob=bob");
        assertThat(bob.states()).contains("ada=ada");
    }

    @Test
    @DisplayName("volatile.events: only the newest of a named event crosses nodes, over the lane alone")
    void volatileEvents() {
        bench.rules.put(
                "cursor-*", new ChannelSettings(ChannelSettings.Order.IMMEDIATE, null, Set.of("movement"), true));
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("cursor-1");
        Client bob = one.client("bob").in("cursor-1");
        Client eve = two.client("eve").in("cursor-1");
        bench.run(2);
        int appends = bench.appendsIn("cursor-1");
        for (int i = 0; i < 100; i++) {
            ada.say(Signalling.data("cursor-1", new ChannelEvent("movement", "" + i)));
            bench.run(.01);
        }
        bench.run(1);
        assertThat(bob.heard()).hasSize(100);
        assertThat(eve.heard().size()).isBetween(10, 60);
        assertThat(eve.heard()).contains("99");
        assertThat(bench.appendsIn("cursor-1")).isEqualTo(appends);
    }

    @Test
    @DisplayName("broadcast: the application speaks to a channel that this node has nobody in, and sees who is there")
    void fromTheApplication() {
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("room");
        two.node.broadcast("room", "server", new ChannelEvent("m", "hello").encode());
        bench.run(1);
        assertThat(ada.heard()).containsExactly("hello");
        assertThat(ada.got.get(ada.got.size() - 1).cid()).isEqualTo("server");
        List<Set<String>> seen = new ArrayList<>();
        two.node.peers("room").thenAccept(peers -> seen.add(peers.keySet()));
        bench.run(1);
        assertThat(seen).containsExactly(Set.of("ada"));
        bench.run(40);
        assertThat(two.node.existing("room")).isNull();
        assertThat(ada.offlines()).isEmpty();
    }
}
