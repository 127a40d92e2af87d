package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
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
}
