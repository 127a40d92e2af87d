package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The unmodified client in Node, over WebSocket. */
@Timeout(180)
final class RealNodeClientTest {
    @Test
    @DisplayName("real clients join, see each other's states, talk in order, and leave")
    void conversation() throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start();
                Agent clients = Agent.node()) {
            clients.open("a", "alice", server.port());
            clients.join("a", "room", Map.of("name", "Alice"), "count");
            clients.open("b", "bob", server.port());
            clients.join("b", "room", Map.of("name", "Bob"), "count");
            Await.until(
                    "they see each other",
                    () -> clients.peers("a").equals(List.of("bob"))
                            && clients.peers("b").equals(List.of("alice")));
            clients.count("a", "room", "count", 100);
            Await.until("100 messages", () -> clients.data("b").size() == 100);
            assertThat(clients.data("b"))
                    .extracting(each -> each.getInt("data"))
                    .isEqualTo(IntStream.range(0, 100).boxed().toList());
            assertThat(clients.data("b"))
                    .allSatisfy(each -> assertThat(each.getString("from")).isEqualTo("alice"));
            assertThat(clients.data("a")).as("no echo").isEmpty();
            clients.run("leave", "client", "b", "channel", "room");
            Await.until(
                    "bob has left",
                    () -> clients.peers("a").isEmpty()
                            && clients.events(each -> each.getString("event").equals("peers")
                                                    && each.getString("client").equals("a"))
                                            .size()
                                    >= 2);
            assertThat(clients.events(each -> each.getString("event").equals("text")))
                    .isEmpty();
        }
    }

    @Test
    @DisplayName("join.noEcho: 50 real clients, and one more: at most 2N + 3 frames, and the 50 say nothing")
    void noEcho() throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start();
                Agent clients = Agent.node()) {
            for (int i = 0; i < 50; i++) {
                clients.open("c" + i, "c" + i, server.port());
                clients.join("c" + i, "room", Map.of());
            }
            Await.until("all see all", () -> IntStream.range(0, 50)
                    .allMatch(i -> clients.peers("c" + i).size() == 49));
            // The nudges of the last joins are over when nothing has been sent for two seconds.
            quiet(server);
            long frames = server.counts().get("frames_sent");
            long messages = server.counts().get("messages_received");
            clients.open("late", "late", server.port());
            clients.join("late", "room", Map.of());
            Await.until("all see one more", () -> IntStream.range(0, 50)
                    .allMatch(i -> clients.peers("c" + i).size() == 50));
            Await.until("and it all of them", () -> clients.peers("late").size() == 50);
            quiet(server);
            assertThat(server.counts().get("frames_sent") - frames).isLessThanOrEqualTo(2 * 51 + 3);
            assertThat(server.counts().get("messages_received") - messages)
                    .as("join, peer_online and state of the one")
                    .isEqualTo(3);
        }
    }

    private static void quiet(PrscdServer server) {
        var last = new long[] {0, System.nanoTime()};
        Await.until("nothing is sent for 2 s", () -> {
            long now = server.counts().get("frames_sent");
            if (now != last[0]) {
                last[0] = now;
                last[1] = System.nanoTime();
            }
            return System.nanoTime() - last[1] > 2_000_000_000L;
        });
    }

    @Test
    @DisplayName("join.lateSubscribe: a page that subscribes 20 or 200 ms after the join sees all within 1.6 s")
    void lateSubscribe() throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start();
                Agent clients = Agent.node()) {
            for (String id : List.of("a", "b", "c")) {
                clients.open(id, id, server.port());
                clients.join(id, "room", Map.of());
            }
            for (int delay : List.of(20, 200)) {
                String id = "after" + delay;
                clients.open(id, id, server.port());
                long begin = System.nanoTime();
                clients.run(
                        "join",
                        "client",
                        id,
                        "channel",
                        "room",
                        "state",
                        Map.of(),
                        "events",
                        List.of(),
                        "subscribeAfter",
                        delay);
                Await.until(id + " sees them", () -> clients.peers(id).containsAll(List.of("a", "b", "c")));
                assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin))
                        .as("with the join itself")
                        .isLessThan(3_000);
            }
        }
    }

    @Test
    @DisplayName(
            "tabs.reconnectFirst, tabs.closeOne: two tabs of one id on two nodes are one peer until the last has gone")
    void tabs() throws Exception {
        try (var servers = new TestServers();
                PrscdServer one = servers.start();
                PrscdServer two = servers.start();
                Agent clients = Agent.node();
                Agent tabs = Agent.node()) {
            clients.open("watch", "watch", one.port());
            clients.join("watch", "room", Map.of());
            tabs.open("first", "ada", one.port());
            tabs.join("first", "room", Map.of("name", "Ada"));
            Await.until("ada is there", () -> clients.peers("watch").equals(List.of("ada")));
            clients.open("second", "ada", two.port());
            clients.join("second", "room", Map.of("name", "Ada"), "word");
            Await.until(
                    "the second tab sees watch", () -> clients.peers("second").equals(List.of("watch")));
            tabs.run("cut", "id", "ada");
            Await.until("the first tab has gone", () -> one.clients() == 1);
            clients.say("watch", "room", "word", "still there?");
            Await.until("the second tab hears", () -> clients.data("second").size() == 1);
            assertThat(clients.events(event -> event.getString("event").equals("peers")
                            && event.getString("client").equals("watch")
                            && event.getConfigList("peers").isEmpty()))
                    .as("rosters without ada")
                    .isEmpty();
            clients.run("leave", "client", "second", "channel", "room");
            Await.until("ada has gone", () -> clients.peers("watch").isEmpty());
        }
    }

    @Test
    @DisplayName(
            "state.idEnforced: a state with a foreign id, or a number, shows under the client's own, and leaves with it")
    void stateId() throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start();
                Agent clients = Agent.node()) {
            clients.open("watch", "watch", server.port());
            clients.join("watch", "room", Map.of());
            clients.open("victim", "victim", server.port());
            clients.join("victim", "room", Map.of());
            clients.open("thief", "thief", server.port());
            clients.join("thief", "room", Map.of("id", "victim"));
            clients.open("seven", "seven", server.port());
            clients.join("seven", "room", Map.of("id", 7));
            Await.until("each shows as itself", () -> java.util.Set.copyOf(clients.peers("watch"))
                    .equals(java.util.Set.of("victim", "thief", "seven")));
            clients.run("leave", "client", "thief", "channel", "room");
            clients.run("leave", "client", "seven", "channel", "room");
            Await.until("victim alone is left", () -> clients.peers("watch").equals(List.of("victim")));
        }
    }
}
