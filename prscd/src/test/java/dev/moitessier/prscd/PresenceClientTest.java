package dev.moitessier.prscd;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import dev.moitessier.psig.ChannelEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Our own client, {@code presence.js}, against real servers: each of its methods, and each way to lose a connection. */
@Timeout(180)
final class PresenceClientTest {
    enum Way {
        NODE_WEBSOCKET("websocket"),
        BROWSER_WEBSOCKET("websocket"),
        BROWSER_WEBTRANSPORT("webtransport");

        final String transport;

        Way(String transport) {
            this.transport = transport;
        }
    }

    private final TlsIdentity identity = DemoCertificate.make(Instant.now());
    private TestServers servers;
    private String tls;

    @BeforeEach
    void certificate() throws Exception {
        servers = new TestServers();
        Path folder = Files.createTempDirectory(Path.of("target"), "tls");
        tls = "prscd.tls { self-made = false, certificate = \"" + Certificates.write(folder, identity)
                + "\", key = ${prscd.tls.certificate} }";
    }

    @AfterEach
    void stop() {
        servers.close();
    }

    @Test
    @DisplayName("by itself: bytes, callbacks, pauses, size, type definitions")
    void module() throws Exception {
        print(Agent.nodeTest("presence.test.mjs"));
    }

    @Test
    @Tag("long")
    @DisplayName("by itself: no answer to a join, no sign of life")
    void moduleWaits() throws Exception {
        print(Agent.nodeTest("presence.slow.test.mjs"));
    }

    private static void print(String said) {
        said.lines()
                .filter(line -> line.matches("# (presence\\.js:|seed|roster|rejoined).*"))
                .forEach(System.out::println);
        assertThat(said).contains("# fail 0", "# skipped 0").containsPattern("# pass [1-9]");
    }

    @ParameterizedTest
    @EnumSource
    @DisplayName("each of its methods, in one room with the original client")
    void methods(Way way) throws Exception {
        PrscdServer server = servers.start(tls);
        try (Agent own = agent(way, server.port());
                Agent others = Agent.node()) {
            open(own, way, "a", "alice", server.port());
            assertThat(look(own, "a", "room").getString("transport")).isEqualTo(way.transport);
            own.join("a", "room", Map.of("name", "Alice"), "count", "word");
            own.join("a", "other", Map.of(), "word");
            others.open("c", "carol", server.port());
            others.join("c", "room", Map.of("name", "Carol"), "count", "word");
            Await.until(
                    "they see each other",
                    () -> others.peers("c").equals(List.of("alice"))
                            && peers(own, "a", "room").equals(List.of("carol")));
            assertThat(peers(own, "a", "other")).isEmpty();

            own.count("a", "room", "count", 50);
            others.count("c", "room", "count", 50);
            Await.until(
                    "50 messages",
                    () -> others.data("c").size() == 50 && own.data("a").size() == 50);
            assertThat(others.data("c"))
                    .extracting(each -> each.getInt("data"))
                    .isEqualTo(IntStream.range(0, 50).boxed().toList());
            assertThat(own.data("a")).allSatisfy(each -> {
                assertThat(each.getString("channel")).isEqualTo("room");
                assertThat(each.getString("from")).isEqualTo("carol");
            });

            own.run("state", "client", "a", "channel", "room", "state", Map.of("typing", true, "id", "carol"));
            Await.until("typing", () -> others.toString().contains("\"typing\":true"));
            assertThat(others.peers("c")).isEqualTo(List.of("alice"));
            Await.until("a round trip", () -> look(own, "a", "room").getDouble("roundTrip") >= 0);

            own.run("leave", "client", "a", "channel", "room");
            Await.until("alice has left", () -> others.peers("c").isEmpty());
            own.join("a", "room", Map.of("name", "Alice"));
            Await.until("alice is back", () -> others.peers("c").equals(List.of("alice")));
            own.run("leaveChannel", "client", "a", "channel", "room");
            Await.until("alice has left again", () -> others.peers("c").isEmpty());
            own.run("shut", "client", "a");
            Await.until("only carol is connected", () -> server.clients() == 1);
        }
    }

    @ParameterizedTest
    @EnumSource(names = "BROWSER_WEBTRANSPORT")
    @DisplayName("a message that outgrows a datagram arrives, and nobody sees the move to WebSocket")
    void outgrown(Way way) throws Exception {
        PrscdServer server = servers.start(tls);
        try (Agent own = agent(way, server.port());
                Agent others = Agent.node()) {
            open(own, way, "a", "alice", server.port());
            own.join("a", "room", Map.of(), "word");
            others.open("c", "carol", server.port());
            others.join("c", "room", Map.of(), "word");
            Await.until("alice is seen", () -> others.peers("c").equals(List.of("alice")));
            own.say("a", "room", "word", "x".repeat(5_000));
            Await.until("the long word", () -> others.data("c").size() == 1);
            assertThat(look(own, "a", "room").getString("transport")).isEqualTo("websocket");
            others.say("c", "room", "word", "y".repeat(5_000));
            Await.until("the long answer", () -> own.data("a").size() == 1);
            Await.until("the old connection has gone", () -> server.clients() == 2);
            assertThat(others.events(each -> each.getString("event").equals("peers")))
                    .allSatisfy(each -> assertThat(each.getConfigList("peers")).hasSize(1));
        }
    }

    @Test
    @DisplayName(
            "wt.loss: a fifth of the packets lost, others late: joins resolve, rosters are whole within 5 s, no ghost")
    void lossyNetwork() throws Exception {
        long seed = Long.getLong("prscd.loss.seed", System.nanoTime());
        System.out.println("a network that loses: -Dprscd.loss.seed=" + seed);
        Way way = Way.BROWSER_WEBTRANSPORT;
        PrscdServer server = servers.start(tls);
        try (var balancer = new Balancer(server.port());
                Agent own = agent(way, balancer.port());
                Agent others = Agent.node()) {
            open(own, way, "a", "alice", balancer.port());
            open(own, way, "b", "bob", balancer.port());
            others.open("c", "carol", server.port());
            others.join("c", "room", Map.of("name", "Carol"), "word");
            balancer.lose(0.2, seed);
            own.join("a", "room", Map.of("name", "Alice"), "word");
            own.join("b", "room", Map.of("name", "Bob"), "word");
            whole("after the joins", own, others, Set.of("alice", "bob"));
            for (int i = 1; i <= 5; i++) {
                own.run("state", "client", "b", "channel", "room", "state", Map.of("typing", i));
                own.run("leave", "client", "b", "channel", "room");
                whole("after leave " + i + ", which may overtake a state", own, others, Set.of("alice"));
                own.join("b", "room", Map.of("name", "Bob"), "word");
                whole("after join " + i, own, others, Set.of("alice", "bob"));
            }
            assertThat(look(own, "a", "room").getString("transport")).isEqualTo(way.transport);
        }
    }

    /** On WebTransport and on WebSocket alike. */
    private static void whole(String when, Agent own, Agent others, Set<String> ids) {
        long began = System.nanoTime();
        Await.until(
                when + ", rosters are whole",
                () -> Set.copyOf(others.peers("c")).equals(ids) && ids.stream().allMatch(id -> seenBy(own, id, ids)));
        assertThat(millisSince(began)).as("milliseconds %s", when).isLessThan(5_000);
    }

    private static boolean seenBy(Agent own, String id, Set<String> ids) {
        Set<String> seen = new HashSet<>(peers(own, id.substring(0, 1), "room"));
        seen.add(id);
        Set<String> all = new HashSet<>(ids);
        all.add("carol");
        return seen.equals(all);
    }

    @ParameterizedTest
    @EnumSource(names = {"NODE_WEBSOCKET", "BROWSER_WEBTRANSPORT"})
    @DisplayName("a server that restarts in the middle of traffic")
    void restart(Way way) throws Exception {
        PrscdServer first = servers.start(tls, "prscd.stop.spread = 200ms");
        int port = first.port();
        PrscdServer beside = servers.start(tls);
        try (Agent own = agent(way, port);
                Agent others = Agent.node()) {
            var room = new Traffic(own, others, way, port, beside.port());
            first.close();
            servers.start(tls, "prscd.port = " + port);
            room.comesBack("after a restart", 1);
            assertThat(look(own, "a", "room").getString("transport")).isEqualTo(way.transport);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"NODE_WEBSOCKET", "BROWSER_WEBTRANSPORT"})
    @DisplayName(
            "a connection that is lost in the middle of traffic, and another node that takes over; no subscription is"
                    + " lost")
    void nodeChange(Way way) throws Exception {
        PrscdServer first = servers.start(tls);
        PrscdServer second = servers.start(tls);
        try (var balancer = new Balancer(first.port());
                Agent own = agent(way, balancer.port());
                Agent others = Agent.node()) {
            var room = new Traffic(own, others, way, balancer.port(), second.port());
            assertThat(first.clients()).isEqualTo(1);
            balancer.to(second.port());
            balancer.cut();
            room.comesBack("on the other node", 1);
            assertThat(second.clients()).isEqualTo(3);
            own.say("a", "room", "word", "from there");
            Await.until("a word from the other node", () -> others.data("c").stream()
                    .anyMatch(each -> each.getString("name").equals("word")));
        }
    }

    @Test
    @Tag("long")
    @DisplayName("the same with a browser that speaks WebSocket")
    void browserWebSocket() throws Exception {
        restart(Way.BROWSER_WEBSOCKET);
        nodeChange(Way.BROWSER_WEBSOCKET);
        manyChannels(Way.BROWSER_WEBSOCKET);
    }

    @ParameterizedTest
    @EnumSource
    @Tag("long")
    @DisplayName(
            "a connection that is cut, and one on which a server says nothing any more, as when its machine is gone")
    void silence(Way way) throws Exception {
        PrscdServer server = servers.start(tls);
        try (var balancer = new Balancer(server.port());
                Agent own = agent(way, balancer.port());
                Agent others = Agent.node()) {
            var room = new Traffic(own, others, way, balancer.port(), server.port());
            balancer.cut();
            room.comesBack("after a cut", 1);
            balancer.silence(true);
            long began = System.nanoTime();
            Await.until("it has noticed", () -> !status(own, "a").equals("open"));
            System.out.printf("%s: silence noticed after %d ms%n", way, millisSince(began));
            others.run("leave", "client", "d", "channel", "room");
            balancer.silence(false);
            room.comesBack("after a silence", 2);
            assertThat(peers(own, "a", "room")).isEqualTo(List.of("carol"));
        }
    }

    @ParameterizedTest
    @EnumSource(names = "NODE_WEBSOCKET")
    @DisplayName("300 channels on one connection, through a loss")
    void manyChannels(Way way) throws Exception {
        PrscdServer server = servers.start(tls);
        try (var balancer = new Balancer(server.port());
                Agent own = agent(way, balancer.port())) {
            open(own, way, "a", "alice", balancer.port());
            long began = System.nanoTime();
            own.run(
                    "joinMany",
                    "client",
                    "a",
                    "prefix",
                    "room-",
                    "count",
                    300,
                    "state",
                    Map.of(),
                    "events",
                    List.of("word"));
            System.out.printf("%s: 300 channels joined in %d ms%n", way, millisSince(began));
            balancer.cut();
            Await.until("the loss is noticed", () -> !status(own, "a").equals("open"));
            Await.until("it is back", () -> status(own, "a").equals("open"));
            began = System.nanoTime();
            Set<String> heard = new HashSet<>();
            AtomicLong said = new AtomicLong(began - SECONDS.toNanos(1));
            // Datagrams may be lost: said again each second until each channel has heard.
            Await.until("a word in each", () -> {
                if (System.nanoTime() - said.get() >= SECONDS.toNanos(1)) {
                    said.set(System.nanoTime());
                    IntStream.range(0, 300)
                            .mapToObj(i -> "room-" + i)
                            .filter(channel -> !heard.contains(channel))
                            .forEach(channel -> server.channel("demo", channel)
                                    .broadcast("test", new ChannelEvent("word", '"' + channel + '"')));
                }
                own.data("a").forEach(each -> {
                    assertThat(each.getString("channel")).isEqualTo(each.getString("data"));
                    heard.add(each.getString("channel"));
                });
                return heard.size() == 300;
            });
            System.out.printf("%s: 300 channels back in %d ms%n", way, millisSince(began));
        }
    }

    @Test
    @Tag("long")
    @DisplayName("300 channels on one WebTransport connection, through a loss")
    void manyChannelsOverDatagrams() throws Exception {
        manyChannels(Way.BROWSER_WEBTRANSPORT);
    }

    /** Alice with our own client on one port; the original's carol, who counts all the time, and dora on another. */
    private static final class Traffic {
        private final Agent own;
        private final Agent others;
        private final Way way;
        private int counted;

        Traffic(Agent own, Agent others, Way way, int ownPort, int othersPort) throws IOException {
            this.own = own;
            this.others = others;
            this.way = way;
            others.open("c", "carol", othersPort);
            others.join("c", "room", Map.of("name", "Carol"), "word");
            others.open("d", "dora", othersPort);
            others.join("d", "room", Map.of("name", "Dora"));
            open(own, way, "a", "alice", ownPort);
            own.join("a", "room", Map.of("name", "Alice"), "count");
            Await.until("all are there", () -> peers(own, "a", "room").size() == 2);
            count();
            Await.until("traffic", () -> !own.data("a").isEmpty());
        }

        private void count() {
            try {
                others.say("c", "room", "count", counted++);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** The same subscription hears again what is said now, and the roster is right within two seconds of the reconnect. */
        void comesBack(String what, int times) {
            Await.until(what + ", open again", () -> {
                count();
                return opened() == times + 1;
            });
            long back = System.nanoTime();
            int said = counted;
            Await.until(what + ", the subscription hears", () -> {
                count();
                return own.data("a").stream().anyMatch(each -> each.getInt("data") >= said);
            });
            long heard = millisSince(back);
            Await.until(
                    what + ", the rosters are right",
                    () -> peers(own, "a", "room").size() == present()
                            && others.peers("c").contains("alice"));
            long right = millisSince(back);
            System.out.printf("%s %s: heard %d ms, roster right %d ms after the reconnect%n", way, what, heard, right);
            assertThat(right).as("milliseconds until the roster is right").isLessThan(2_000);
        }

        private int present() {
            return others.peers("c").size();
        }

        private long opened() {
            return 1
                    + own.events(each -> each.getString("event").equals("status")
                                    && each.getString("status").equals("open"))
                            .size();
        }
    }

    private static long millisSince(long nanos) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - nanos);
    }

    private Agent agent(Way way, int port) throws IOException {
        return way == Way.NODE_WEBSOCKET ? Agent.node() : Agent.browser(identity.keyHash(), port);
    }

    private static void open(Agent agent, Way way, String client, String id, int port) throws IOException {
        agent.run(
                "open",
                "client",
                client,
                "by",
                "own",
                "id",
                id,
                "url",
                "https://localhost:" + port + "/v1",
                "key",
                "demo",
                "reliable",
                way == Way.BROWSER_WEBSOCKET);
    }

    private static Config look(Agent agent, String client, String channel) {
        try {
            return agent.run("look", "client", client, "channel", channel).getConfig("ok");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String status(Agent agent, String client) {
        return look(agent, client, "").getString("status");
    }

    private static List<String> peers(Agent agent, String client, String channel) {
        return look(agent, client, channel).getConfigList("peers").stream()
                .map(peer -> peer.getString("id"))
                .toList();
    }
}
