package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.prscd.Bench.Client;
import dev.moitessier.prscd.Bench.Server;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Nodes that die, stand still, drain and come late; stores that are away or forget. */
class ClusterTest {
    private final Bench bench = new Bench();

    @Test
    @DisplayName("ordered.oneOrder: 4 nodes, 8 senders, one sequence everywhere, that of the log")
    void oneOrder() {
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Server server = bench.server();
            clients.add(server.client("a" + i).join("ordered-1"));
            clients.add(server.client("b" + i).join("ordered-1"));
        }
        bench.run(3);
        for (int n = 0; n < 400; n++) {
            clients.get(n % 8).data("ordered-1", n % 8 + ":" + n);
            if (n % 16 == 15) {
                bench.run(.01);
            }
        }
        bench.run(5);
        List<String> log = bench.log("ordered-1").stream()
                .flatMap(entry -> entry.data().stream())
                .map(datum ->
                        ChannelEvent.decode(ByteBuffer.wrap(datum.payload())).data())
                .toList();
        assertThat(log).hasSize(400);
        for (int i = 0; i < 8; i++) {
            String own = i + ":";
            assertThat(clients.get(i).heard())
                    .isEqualTo(
                            log.stream().filter(text -> !text.startsWith(own)).toList());
        }
    }

    @Test
    @DisplayName(
            "ordered.outage: nothing while the store is away, then all, in order, once; beyond the bound the sender is not read and closed")
    void orderedOutage() {
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("ordered-1");
        Client near = one.client("near").in("ordered-1");
        Client far = two.client("far").in("ordered-1");
        bench.outage(34);
        bench.run(1);
        for (int i = 0; i < 100; i++) {
            ada.data("ordered-1", "" + (1000 + i));
        }
        bench.run(1);
        assertThat(near.heard()).isEmpty();
        Client loud = one.client("loud").join("ordered-1");
        bench.run(1);
        for (int i = 0; i < 300; i++) {
            loud.data("ordered-1", "" + (2000 + i));
        }
        bench.run(1);
        assertThat(loud.reading).isFalse();
        assertThat(loud.closedWith).isZero();
        bench.run(29);
        assertThat(loud.closedWith).isZero();
        bench.run(1.5);
        assertThat(loud.closedWith).isEqualTo(1013);
        bench.run(15);
        // What the queue holds, and the one that was under way.
        assertThat(near.heard()).isSorted().hasSize(256 + 1).isEqualTo(far.heard());
    }

    @Test
    @DisplayName("ordered.everybodyPaused: what the application says while no node lives is heard by all")
    void everybodyPaused() {
        Server one = bench.server();
        Server two = bench.server();
        Server third = bench.server();
        Client ada = one.client("ada").in("ordered-1");
        Client bob = two.client("bob").in("ordered-1");
        one.process.pause(8);
        two.process.pause(8);
        bench.run(6);
        assertThat(bench.store.lives("prscd/sim/c/ordered-1")).isEmpty();
        LogEntry entry = new LogEntry(
                third.node.newSid(),
                1,
                false,
                false,
                0,
                0,
                List.of(),
                List.of(),
                List.of(new Datum("@x", "x", new ChannelEvent("m", "hello").encode())));
        SimStore.Heard heard = bench.store.append(
                new RoomStore.Append("prscd/sim/c/ordered-1", third.node.newId(), "prscd", entry.encode(), Map.of()));
        bench.run(8);
        assertThat(heard.heard()).isTrue();
        assertThat(ada.heard()).containsExactly("hello");
        assertThat(bob.heard()).containsExactly("hello");
    }

    @Test
    @DisplayName(
            "ordered.unknownOutcome: said again under the same id until its fate is known; executed again much later, it is dropped")
    void unknownOutcome() {
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("ordered-1");
        Client bob = two.client("bob").in("ordered-1");
        bench.run(2);
        bench.faults.replyLost = .7;
        for (int i = 0; i < 20; i++) {
            ada.data("ordered-1", "" + (100 + i));
            bench.run(.3);
        }
        bench.run(20);
        bench.faults.replyLost = 0;
        bench.run(5);
        assertThat(one.count(Count.APPENDS_REPEATED)).isPositive();
        assertThat(bob.heard()).hasSize(20).isSorted().doesNotHaveDuplicates();
        // A request that was held for hours: the store has forgotten its id.
        SimStore.Rec first = bench.store.scope("prscd/sim/c/ordered-1").log.stream()
                .filter(rec -> bench.log("ordered-1").size() > 3)
                .skip(3)
                .findFirst()
                .orElseThrow();
        bench.store.append(
                new RoomStore.Append("prscd/sim/c/ordered-1", one.node.newId(), "prscd", first.body(), Map.of()));
        bench.run(2);
        assertThat(bob.heard()).hasSize(20);
        assertThat(two.count(Count.ENTRIES_REPEATED)).isPositive();
    }

    @Test
    @DisplayName("kill.node: each of 1,000 peers in 300 rooms is offline within 5 s, once, for one append")
    void killNode() {
        Server dying = bench.server();
        Server other = bench.server();
        List<Client> observers = IntStream.range(0, 300)
                .mapToObj(i -> other.client("observer").join("r" + i))
                .toList();
        for (int i = 0; i < 1_000; i++) {
            dying.client("c" + i).join("r" + i % 300);
        }
        bench.run(10);
        int inRooms = bench.store.appendsUnder("prscd/sim/c/");
        int ofNodes = bench.appendsOfNodes();
        double killed = bench.sim.seconds();
        dying.kill();
        bench.run(5);
        for (int i = 0; i < 300; i++) {
            Client observer = observers.get(i);
            int room = i;
            assertThat(observer.offlines())
                    .containsExactlyInAnyOrderElementsOf(IntStream.range(0, 1_000)
                            .filter(c -> c % 300 == room)
                            .mapToObj(c -> "c" + c)
                            .toList());
            assertThat(observer.lastAt(Psig.OP_PEER_OFFLINE) - killed).isLessThan(5);
        }
        assertThat(bench.store.appendsUnder("prscd/sim/c/")).isEqualTo(inRooms);
        assertThat(bench.appendsOfNodes() - ofNodes).isEqualTo(1);
    }

    @Test
    @DisplayName("kill.sweeperToo: the sweeper dies in the middle of a sweep: all are offline within 10 s all the same")
    void killSweeper() {
        Server dying = bench.server();
        Server other = bench.server();
        List<Server> sweepers = new ArrayList<>(List.of(bench.server(), bench.server()));
        Client observer = other.client("observer").in("room");
        for (int i = 0; i < 20; i++) {
            dying.client("c" + i).join("room");
            dying.client("d" + i).join("room" + i);
        }
        bench.run(8);
        dying.kill();
        bench.faults.sweeperDies = 1;
        bench.faults.killSweeper = () -> {
            bench.faults.sweeperDies = 0;
            sweepers.remove(0).kill();
        };
        bench.run(10);
        assertThat(sweepers).hasSize(1);
        assertThat(observer.offlines()).hasSize(20).doesNotHaveDuplicates();
    }

    @Test
    @DisplayName(
            "kill.all: who starts behind the death of all sees no ghost, neither of the log nor of the subscribers")
    void killAll() {
        Server one = bench.server();
        Server two = bench.server();
        one.client("ada").in("room");
        two.client("bob").in("room");
        bench.run(3);
        one.kill();
        two.kill();
        bench.run(1);
        Server fresh = bench.server();
        Client eve = fresh.client("eve").join("room");
        bench.run(1);
        assertThat(eve.got(Psig.OP_CHANNEL_JOIN)).hasSize(1);
        bench.run(10);
        assertThat(eve.got(Psig.OP_STATE)).isEmpty();
        assertThat(fresh.shown("room")).containsOnlyKeys("eve");
    }

    @Test
    @DisplayName("pause.short: two seconds are nobody's business")
    void shortPause() {
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("room");
        Client bob = two.client("bob").in("room");
        bench.run(4);
        ada.forget();
        bob.forget();
        one.process.pause(2);
        bench.run(10);
        assertThat(ada.got).isEmpty();
        assertThat(bob.got).isEmpty();
    }

    @Test
    @DisplayName(
            "pause.long: offline within 5 s, back within 2 s, under another life and with sockets open; it says nothing of others")
    void longPause() {
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("room");
        Client bob = two.client("bob").in("room");
        bench.run(4);
        ada.forget();
        bob.forget();
        String life = one.node.life();
        double paused = bench.sim.seconds();
        one.process.pause(8);
        bench.run(8);
        assertThat(bob.offlines()).containsExactly("ada");
        assertThat(bob.lastAt(Psig.OP_PEER_OFFLINE) - paused).isLessThan(5);
        bench.run(2);
        assertThat(bob.states()).containsExactly("ada=ada");
        assertThat(ada.offlines()).isEmpty();
        assertThat(ada.closedWith).isZero();
        assertThat(one.node.life()).isNotEqualTo(life);
        assertThat(bench.log("room").stream().map(LogEntry::life)).endsWith(one.node.life(), two.node.life());
    }

    @Test
    @DisplayName(
            "pause.others: a node that slept through a death and a return says of nobody that he has left, even if the store goes away before it has heard all")
    void wakesUnknowing() {
        for (boolean outage : List.of(false, true)) {
            Bench bench = new Bench();
            Server sleeps = bench.server();
            Server dies = bench.server();
            Server stays = bench.server();
            Client bob = sleeps.client("bob").in("room");
            dies.client("ada").in("room");
            bench.run(4);
            bob.forget();
            sleeps.process.pause(10);
            bench.run(1);
            stays.client("ada").in("room");
            dies.kill();
            bench.run(7.3);
            if (outage) {
                // The word that it waits for is written, and not read.
                bench.sim.at(bench.sim.now() + Nanos.millis(1_600), () -> bench.outage(15));
            }
            bench.run(30);
            assertThat(bob.offlines()).isEmpty();
            assertThat(sleeps.shown("room")).containsOnlyKeys("ada", "bob");
            assertThat(stays.shown("room")).containsOnlyKeys("ada", "bob");
        }
    }

    @Test
    @DisplayName("pause.beforeSend: an append that leaves a node behind its death shows nobody; its data is heard once")
    void lateAppend() {
        Server one = bench.server();
        Server two = bench.server();
        Client bob = two.client("bob").in("ordered-1");
        one.client("ada").in("ordered-1");
        bench.run(4);
        String life = one.node.life();
        one.process.pause(8);
        bench.run(7);
        assertThat(bob.offlines()).containsExactly("ada");
        bob.forget();
        // What it would have sent, had it been stopped between asking whether it lives and sending.
        LogEntry late = new LogEntry(
                life,
                1_000,
                false,
                false,
                0,
                0,
                List.of(new LogEntry.Up("sid-of-eve", "eve", 1, 1, Bench.state("eve"))),
                List.of(),
                List.of(new Datum("sid-of-ada", "ada", new ChannelEvent("m", "hello").encode())));
        RoomStore.Append append =
                new RoomStore.Append("prscd/sim/c/ordered-1", one.node.newId(), "prscd", late.encode(), Map.of());
        bench.store.append(append);
        bench.store.append(append);
        bench.run(4);
        assertThat(bob.heard()).containsExactly("hello");
        assertThat(bob.states().stream().filter(each -> each.startsWith("eve"))).isEmpty();
        assertThat(two.shown("ordered-1")).containsOnlyKeys("ada", "bob");
    }

    @Test
    @DisplayName(
            "outage.30s: nobody is said to have left; what happened meanwhile is seen within 3 s of its end; memory is bounded")
    void outage() {
        List<Server> servers = List.of(bench.server(), bench.server(), bench.server());
        List<Client> clients = new ArrayList<>();
        for (Server server : servers) {
            clients.add(server.client("a" + clients.size()).join("room"));
            clients.add(server.client("b" + clients.size()).join("room"));
        }
        bench.run(6);
        bench.outage(30);
        bench.run(5);
        Client joined = servers.get(0).client("new").join("room");
        clients.get(5).leave("room");
        for (int i = 0; i < 1_000; i++) {
            clients.get(2).data("room", "" + i);
        }
        bench.run(25);
        clients.subList(0, 4).forEach(each -> assertThat(each.offlines()).isEmpty());
        assertThat(clients.get(3).heard()).hasSize(1_000);
        bench.run(3);
        for (Server server : servers) {
            assertThat(server.shown("room")).containsOnlyKeys("a0", "b1", "a2", "b3", "a4", "new");
        }
        clients.subList(0, 4).forEach(each -> assertThat(each.offlines()).containsExactly("b5"));
        assertThat(joined.states().stream().distinct()).contains("a0=a0", "a2=a2", "b3=b3");
        assertThat(servers.get(1).count(Count.RING_DROPPED)).isEqualTo(1_000 - 64);
    }

    @Test
    @DisplayName(
            "outage.openDuring: a room opened while the store is away works for those here, and becomes one with the others")
    void openDuringOutage() {
        Server one = bench.server();
        Server two = bench.server();
        Client far = two.client("far").in("room");
        bench.run(3);
        bench.outage(10);
        bench.run(1);
        Client ada = one.client("ada").join("room");
        Client bob = one.client("bob").join("room");
        bench.run(1);
        assertThat(ada.states()).contains("bob=bob");
        bob.leave("room");
        bench.run(.5);
        assertThat(ada.offlines()).containsExactly("bob");
        bench.run(12);
        assertThat(ada.states()).contains("far=far");
        assertThat(far.states()).contains("ada=ada");
        assertThat(one.shown("room")).containsOnlyKeys("ada", "far");
        assertThat(two.shown("room")).containsOnlyKeys("ada", "far");
    }

    @Test
    @DisplayName(
            "outage.atStart: a node that starts while the store is away serves those here at once, and joins the others later")
    void startDuringOutage() {
        Server there = bench.server();
        Client far = there.client("far").in("room");
        bench.outage(5);
        Server fresh = bench.server();
        Client ada = fresh.client("ada").join("room");
        Client bob = fresh.client("bob").join("room");
        bench.run(1);
        ada.data("room", "hello");
        bench.run(.1);
        assertThat(ada.states()).contains("bob=bob");
        assertThat(bob.heard()).containsExactly("hello");
        bench.run(8);
        assertThat(ada.states()).contains("far=far");
        assertThat(far.states()).contains("ada=ada", "bob=bob");
    }

    @Test
    @DisplayName(
            "store.forgets: emptied under its nodes: nobody is said to have left, and rosters are whole within 5 s")
    void storeForgets() {
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("room");
        Client bob = two.client("bob").in("room");
        bench.run(4);
        bench.store.forget();
        bench.run(5);
        one.client("new").join("room");
        bench.run(1);
        assertThat(ada.offlines()).isEmpty();
        assertThat(bob.offlines()).isEmpty();
        assertThat(bob.states()).endsWith("new=new");
        assertThat(one.shown("room")).containsOnlyKeys("ada", "bob", "new");
        assertThat(two.shown("room")).containsOnlyKeys("ada", "bob", "new");
        one.kill();
        bench.run(6);
        assertThat(bob.offlines()).containsExactlyInAnyOrder("ada", "new");
    }

    @Test
    @DisplayName("drain.rolling: who is back within 15 s was never away; who stays away is offline at 15 s, once")
    void rollingRestart() {
        Server stays = bench.server();
        Client observer = stays.client("observer").in("room");
        for (int round = 0; round < 2; round++) {
            Server drains = bench.server();
            List<Client> clients = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                clients.add(drains.client(round + "-" + i).join("room"));
            }
            bench.run(3);
            observer.forget();
            List<Boolean> done = new ArrayList<>();
            drains.node.drain(Duration.ofSeconds(5)).thenAccept(done::add);
            bench.run(1);
            assertThat(done).containsExactly(true);
            clients.forEach(each -> each.close(Departure.LOST));
            bench.run(.2);
            drains.process.die();
            drains.core.close();
            double drained = bench.sim.seconds();
            bench.run(10);
            Server next = bench.server();
            for (int i = 0; i < 90; i++) {
                next.client(round + "-" + i).join("room");
            }
            bench.run(2);
            assertThat(observer.got).isEmpty();
            bench.run(5);
            assertThat(observer.offlines()).hasSize(10).doesNotHaveDuplicates().allMatch(each -> each.matches(".-9."));
            assertThat(observer.lastAt(Psig.OP_PEER_OFFLINE) - drained).isBetween(13., 15.5);
        }
    }

    @Test
    @DisplayName("drain.unknown: the answer is lost and the node lives on: nobody is offline, neither now nor at 15 s")
    void drainUnknown() {
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("room");
        Client bob = two.client("bob").in("room");
        bench.run(4);
        String life = one.node.life();
        bench.faults.replyLost = 1;
        List<Boolean> done = new ArrayList<>();
        one.node.drain(Duration.ofMillis(200)).thenAccept(done::add);
        bench.run(1);
        bench.faults.replyLost = 0;
        assertThat(done).containsExactly(false);
        bench.run(30);
        assertThat(two.count(Count.DRAINS_SEEN)).isEqualTo(1);
        assertThat(one.node.life()).isNotEqualTo(life);
        assertThat(bob.offlines()).isEmpty();
        ada.state("room", "still here");
        bench.run(2);
        assertThat(bob.states()).endsWith("ada=still here");
    }

    @Test
    @DisplayName(
            "drain.duringOutage: nobody knows of it, and the node lives on: its former life ends only when others have read the next one")
    void drainDuringOutage() {
        // The former life is let go at a moment of its own: the store is back shortly before that, however shortly.
        for (int i = 0; i < 50; i++) {
            Bench bench = new Bench();
            Server one = bench.server();
            Server two = bench.server();
            Client ada = one.client("ada").in("room");
            Client bob = two.client("bob").in("room");
            bench.run(4);
            String life = one.node.life();
            // Others look when it is time for it: at one scope before the other.
            bench.store.hintsLost = 1;
            bench.outage(10.6 + i * .05);
            List<Boolean> done = new ArrayList<>();
            one.node.drain(Duration.ofMillis(200)).thenAccept(done::add);
            bench.run(30);
            assertThat(done).containsExactly(false);
            assertThat(one.node.life()).isNotEqualTo(life);
            assertThat(bench.appendsOfNodes())
                    .as("its certificate has been written")
                    .isEqualTo(1);
            assertThat(two.count(Count.CERTIFICATES)).isEqualTo(1);
            assertThat(bob.offlines()).as("outage %d", i).isEmpty();
            ada.state("room", "still here");
            bench.run(3);
            assertThat(bob.states()).endsWith("ada=still here");
        }
    }

    @Test
    @DisplayName(
            "drain.killedDuringLinger: an observer's node started meanwhile; the rest is offline at the deadline, once")
    void killedDuringLinger() {
        Server drains = bench.server();
        Server stays = bench.server();
        drains.client("ada").in("room");
        Client bob = stays.client("bob").in("room");
        Server third = bench.server();
        third.client("eve").in("room");
        drains.node.drain(Duration.ofSeconds(5));
        bench.run(1);
        drains.kill();
        third.kill();
        bench.run(8);
        assertThat(bob.offlines()).containsExactly("eve");
        bench.run(8);
        assertThat(bob.offlines()).containsExactly("eve", "ada");
    }

    @Test
    @DisplayName(
            "late.node: a room of 5,000 on two others is whole within 2 s; who leaves between the parts stays away")
    void lateNode() {
        Server one = bench.server();
        Server two = bench.server();
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < 2_500; i++) {
            clients.add(one.client("a" + i));
            clients.add(two.client("b" + i));
        }
        clients.forEach(each -> each.deaf = true);
        clients.forEach(each -> each.join("room"));
        bench.run(5);
        int appends = bench.appendsIn("room");
        Server late = bench.server();
        Client eve = late.client("eve").join("room");
        bench.run(.03);
        clients.get(0).leave("room");
        bench.run(2);
        assertThat(bench.log("room").stream().skip(appends).anyMatch(entry -> entry.parts() > 1))
                .isTrue();
        assertThat(late.shown("room")).hasSize(5_000).containsKey("eve").doesNotContainKey("a0");
        assertThat(eve.states().stream().distinct().filter(each -> !each.startsWith("a0=")))
                .hasSize(4_999);
    }

    @Test
    @DisplayName("late.poll: without a single hint rosters are whole within one look more")
    void withoutHints() {
        bench.store.hintsLost = 1;
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("room");
        Client bob = two.client("bob").join("room");
        bench.run(2.6);
        assertThat(ada.states()).contains("bob=bob");
        assertThat(bob.states()).contains("ada=ada");
    }

    @Test
    @DisplayName("skew: nodes whose clocks are an hour apart agree all the same")
    void skew() {
        Server one = bench.server(3_600_000);
        Server two = bench.server(-3_600_000);
        Client first = one.client("ada").in("room");
        Client bob = one.client("bob").in("room");
        Client second = two.client("ada").in("room");
        bench.run(3);
        second.state("room", "newer");
        bench.run(3);
        assertThat(one.shown("room")).isEqualTo(two.shown("room")).containsEntry("ada", "newer");
        assertThat(bob.states()).endsWith("ada=newer");
        first.state("room", "newest");
        bench.run(3);
        assertThat(one.shown("room")).isEqualTo(two.shown("room")).containsEntry("ada", "newest");
    }

    @Test
    @DisplayName(
            "function.view: what a function on tag 0x20 would see, each once over 3 nodes; what it says reaches all, and not itself")
    void functions() {
        List<Server> servers = List.of(bench.server(), bench.server(), bench.server());
        List<Signalling> seen = new ArrayList<>();
        for (Server each : servers) {
            each.node.function("echo", context -> {
                seen.add(context.readSignalling());
                if (context.readSignalling().isData()) {
                    context.writeEvent(
                            new ChannelEvent("echo", context.readEvent().data()));
                }
            });
        }
        Client ada = servers.get(0).client("ada").in("room");
        Client bob = servers.get(1).client("bob").in("room");
        Client eve = servers.get(2).client("eve").in("room");
        bench.run(2);
        assertThat(seen).hasSize(6);
        seen.clear();
        ada.data("room", "hello");
        bench.run(1);
        assertThat(seen).hasSize(1);
        assertThat(seen.get(0).cid()).isEqualTo("ada");
        assertThat(seen.get(0).appId()).isEqualTo("sim");
        assertThat(seen.get(0).meshId()).isEqualTo("m1");
        assertThat(seen.get(0).sid()).hasSize(16);
        assertThat(ada.heard()).containsExactly("hello");
        assertThat(ada.got.get(ada.got.size() - 1).cid()).isEqualTo("echo");
        assertThat(bob.heard()).containsExactly("hello", "hello");
        assertThat(eve.heard()).containsExactly("hello", "hello");
        seen.clear();
        ada.leave("room");
        bob.close(Departure.LOST);
        bench.run(1);
        servers.get(2).kill();
        bench.run(8);
        assertThat(seen.stream().map(each -> each.opCode() + " " + each.cid()))
                .containsExactly("peer_offline ada", "peer_offline bob", "peer_offline eve");
    }

    @Test
    @DisplayName(
            "function.orderedAfterInput: in an ordered channel it is called when its input has its place, and answers behind it")
    void orderedFunctions() {
        Server one = bench.server();
        Server two = bench.server();
        List<String> seen = new ArrayList<>();
        for (Server each : List.of(one, two)) {
            each.node.function("echo", context -> {
                if (context.readSignalling().isData()) {
                    String text = context.readEvent().data();
                    seen.add(text);
                    context.writeEvent(new ChannelEvent("m", "re " + text));
                }
            });
        }
        Client ada = one.client("ada").in("ordered-1");
        Client bob = two.client("bob").in("ordered-1");
        Client eve = one.client("eve").in("ordered-1");
        bench.run(2);
        bench.outage(4);
        bench.run(.1);
        for (int i = 0; i < 10; i++) {
            ada.data("ordered-1", "a" + i);
            bob.data("ordered-1", "b" + i);
        }
        bench.run(3);
        assertThat(seen).isEmpty();
        bench.run(6);
        assertThat(seen).hasSize(20).doesNotHaveDuplicates();
        assertThat(seen.stream().filter(each -> each.startsWith("a"))).isSorted();
        assertThat(eve.heard()).hasSize(40).doesNotHaveDuplicates();
        for (String each : seen) {
            assertThat(eve.heard().indexOf("re " + each))
                    .isGreaterThan(eve.heard().indexOf(each));
        }
    }

    @Test
    @DisplayName(
            "outage.churn: however many come and go while the store is away, little waits, and all is right behind it")
    void churnDuringOutage() {
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("room");
        Client bob = two.client("bob").in("room");
        bench.run(2);
        bench.outage(20);
        bench.run(1);
        for (int i = 0; i < 10_000; i++) {
            Client brief = one.client("brief" + i);
            brief.answers = false;
            brief.join("room").leave("room");
            bench.run(.001);
        }
        bench.run(1);
        assertThat(one.node.room("room").unsaid()).isLessThan(5_000);
        one.client("new").join("room");
        ada.leave("room");
        bench.run(15);
        assertThat(one.shown("room")).containsOnlyKeys("bob", "new");
        assertThat(two.shown("room")).containsOnlyKeys("bob", "new");
        // And those that were in the append under way when the store went.
        assertThat(bob.offlines()).contains("ada").hasSizeLessThan(100);
    }

    @Test
    @DisplayName("bounds.node: what waits for the store is bounded over all channels, and those who had to wait go on")
    void boundsOfTheNode() {
        bench.limits = new NodeSettings.Limits(100, 1 << 10, 8 << 10, 64, 8 << 10, 16 << 10, 256, 8 << 10, 16 << 10);
        Server one = bench.server();
        Server two = bench.server();
        List<Client> near = new ArrayList<>();
        List<Client> far = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            near.add(one.client("near").in("r" + i).in("ordered-" + i));
            far.add(two.client("far").in("r" + i).in("ordered-" + i));
        }
        bench.run(2);
        bench.outage(15);
        // Then no append is under way any more: nobody may speak without a lease.
        bench.run(4);
        for (int i = 0; i < 50; i++) {
            near.get(i).data("r" + i, "x".repeat(900));
            near.get(i).data("ordered-" + i, "y".repeat(900));
        }
        bench.run(1);
        assertThat(one.count(Count.RING_DROPPED)).isBetween(30L, 40L);
        assertThat(near.stream().filter(each -> !each.reading)).hasSizeBetween(30, 40);
        bench.run(15);
        assertThat(near).allMatch(each -> each.reading && each.closedWith == 0);
        for (Client each : far) {
            assertThat(each.heard().stream().filter(text -> text.startsWith("y")))
                    .hasSize(1);
        }
    }

    @Test
    @DisplayName("function.noTrace: of channels that were left nothing stays, whatever they were called")
    void functionsLeaveNothing() {
        Server server = bench.server();
        List<String> seen = new ArrayList<>();
        server.node.function("log", context -> seen.add(context.readSignalling().opCode()));
        Client ada = server.client("ada");
        for (int i = 0; i < 500; i++) {
            ada.join("r" + i);
            bench.run(.01);
            ada.leave("r" + i);
            bench.run(.01);
        }
        bench.run(2);
        assertThat(seen).contains("peer_online", "peer_offline");
        assertThat(server.node.functions().busyChannels()).isZero();
    }

    @Test
    @DisplayName("close: a node that is closed leaves nothing in the store and nothing behind that runs")
    void closedNode() {
        bench.rules.put(
                "chat-*", new ChannelSettings(ChannelSettings.Order.IMMEDIATE, "room/{channel}", Set.of(), true));
        Server stays = bench.server();
        Server closes = bench.server();
        Client bob = stays.client("bob").in("room");
        Client ada = closes.client("ada").in("room").in("chat-1").in("ordered-1");
        bench.run(3);
        assertThat(bench.onTheLane()).isEqualTo(2);
        assertThat(bench.store.lives("room/chat-1")).hasSize(1);
        bench.outage(3);
        ada.data("chat-1", "on its way");
        ada.data("ordered-1", "on its way");
        bench.run(1);
        closes.node.close();
        bench.run(20);
        assertThat(bob.offlines()).containsExactly("ada");
        assertThat(bench.onTheLane()).isEqualTo(1);
        assertThat(bench.store.lives("room/chat-1")).isEmpty();
        assertThat(bench.store.lives("prscd/sim/c/ordered-1")).isEmpty();
        assertThat(bench.store.lives("prscd/sim/c/room")).containsExactly(stays.node.life());
        assertThat(bench.store.lives("prscd/sim/n")).containsExactly(stays.node.life());
        long appends = closes.count(Count.APPENDS) + closes.count(Count.APPENDS_REPEATED);
        bench.run(60);
        assertThat(closes.count(Count.APPENDS) + closes.count(Count.APPENDS_REPEATED))
                .isEqualTo(appends);
    }

    @Test
    @DisplayName("function.ofTheDead: one node alone says peer_offline for the peers of a dead one")
    void functionsOfTheDead() {
        List<Server> servers = List.of(bench.server(), bench.server(), bench.server());
        List<String> seen = new ArrayList<>();
        for (Server each : servers) {
            each.node.function(
                    "log",
                    context -> seen.add(context.readSignalling().opCode() + " "
                            + context.readSignalling().cid()));
        }
        servers.get(0).client("ada").in("room");
        servers.get(1).client("bob").in("room");
        servers.get(2).client("eve").in("room");
        bench.run(3);
        seen.clear();
        servers.get(0).kill();
        bench.run(6);
        assertThat(seen).containsExactly("peer_offline ada");
    }

    @Test
    @DisplayName(
            "scope.joined: a channel's talk is in the scope, and the scope's messages are in the channel, on every node, without echo")
    void joinedScope() {
        bench.rules.put(
                "chat-*", new ChannelSettings(ChannelSettings.Order.IMMEDIATE, "room/{channel}", Set.of(), true));
        Server one = bench.server();
        Server two = bench.server();
        Client ada = one.client("ada").in("chat-1");
        Client near = one.client("near").in("chat-1");
        Client far = two.client("far").in("chat-1");
        ada.data("chat-1", "hello");
        bench.run(1);
        assertThat(ada.heard()).isEmpty();
        assertThat(near.heard()).containsExactly("hello");
        assertThat(far.heard()).containsExactly("hello");
        List<SimStore.Rec> scope = bench.store.scope("room/chat-1").log;
        assertThat(scope).hasSize(1);
        assertThat(scope.get(0).sender()).isEqualTo("ada");
        assertThat(ChannelEvent.decode(ByteBuffer.wrap(scope.get(0).body()))).isEqualTo(new ChannelEvent("m", "hello"));
        bench.store.append(new RoomStore.Append(
                "room/chat-1", one.node.newId(), "billing", "paid: \"42\"".getBytes(StandardCharsets.UTF_8), Map.of()));
        bench.store.append(new RoomStore.Append(
                "room/chat-1", one.node.newId(), "billing", new ChannelEvent("m", "1").encode(), Map.of()));
        bench.run(1.5);
        for (Client each : List.of(ada, near, far)) {
            assertThat(each.heard()).endsWith("\"paid: \\\"42\\\"\"", "1");
            assertThat(each.got.get(each.got.size() - 1).cid()).isEqualTo("billing");
            assertThat(each.got.stream()
                            .filter(Signalling::isData)
                            .filter(m -> m.cid().equals("billing"))
                            .map(m -> m.event().event()))
                    .containsExactly("message", "m");
        }
    }
}
