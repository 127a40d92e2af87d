package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The unmodified client in headless Chromium. */
@Timeout(180)
final class RealBrowserClientTest {
    @Test
    @DisplayName("real clients in a browser talk over WebTransport, and with others over WebSocket")
    void webTransport() throws Exception {
        var backing = new SharedBacking(new SharedStore());
        try (PrscdServer server = backing.start();
                Agent browser = Agent.browser(server.publicKeyHash().orElseThrow(), server.port());
                Agent node = Agent.node()) {
            browser.open("a", "alice", server.port());
            browser.join("a", "room", Map.of("name", "Alice"), "count", "word");
            browser.open("b", "bob", server.port());
            browser.join("b", "room", Map.of("name", "Bob"), "count", "word");
            node.open("c", "carol", server.port());
            node.join("c", "room", Map.of("name", "Carol"), "count", "word");
            Await.until("they see each other", () -> browser.peers("a").containsAll(java.util.List.of("bob", "carol"))
                    && browser.peers("b").containsAll(java.util.List.of("alice", "carol"))
                    && node.peers("c").containsAll(java.util.List.of("alice", "bob")));
            for (String page : new String[] {"a", "b"}) {
                Config sockets = browser.run("count", "client", page).getConfig("ok");
                assertThat(sockets.getInt("transports")).isEqualTo(1);
                assertThat(sockets.getInt("webSockets")).isZero();
            }
            node.count("c", "room", "count", 50);
            Await.until("50 messages", () -> browser.data("a").size() == 50 && browser.data("b").size() == 50);
            assertThat(browser.data("a"))
                    .extracting(each -> each.getInt("data"))
                    .isEqualTo(IntStream.range(0, 50).boxed().toList());
            browser.say("a", "room", "word", "hello");
            Await.until("hello", () -> node.data("c").size() == 1);
            assertThat(node.data("c").get(0).getString("data")).isEqualTo("hello");
            assertThat(node.data("c").get(0).getString("from")).isEqualTo("alice");
            browser.run("leave", "client", "b", "channel", "room");
            Await.until("bob has left", () -> !node.peers("c").contains("bob") && !browser.peers("a").contains("bob"));
            browser.run("end", "client", "a");
            Await.until("alice has left", () -> node.peers("c").isEmpty());
        }
    }

    @Test
    @DisplayName("where nobody answers over UDP, real clients in a browser fall back to WebSocket")
    void downgrade() throws Exception {
        var backing = new SharedBacking(new SharedStore());
        try (PrscdServer server = backing.start("prscd.web-transport = false");
                Agent browser = Agent.browser(server.publicKeyHash().orElseThrow(), server.port())) {
            assertThat(server.servesWebTransport()).isFalse();
            browser.open("a", "alice", server.port());
            browser.join("a", "room", Map.of("name", "Alice"), "word");
            browser.open("b", "bob", server.port());
            browser.join("b", "room", Map.of("name", "Bob"), "word");
            Await.until("they see each other", () -> browser.peers("a").contains("bob")
                    && browser.peers("b").contains("alice"));
            browser.say("b", "room", "word", Map.of("x", 1));
            Await.until("the word", () -> browser.data("a").size() == 1);
            assertThat(browser.data("a").get(0).getInt("data.x")).isEqualTo(1);
            assertThat(browser.run("count", "client", "a").getInt("ok.webSockets")).isEqualTo(1);
        }
    }
}
