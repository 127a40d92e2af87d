package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
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
        try (var servers = new TestServers();
                PrscdServer server = servers.start();
                Agent browser = Agent.browser(server.publicKeyHash().orElseThrow(), server.port());
                Agent node = Agent.node()) {
            browser.open("a", "alice", server.port());
            browser.join("a", "room", Map.of("name", "Alice"), "count", "word");
            browser.open("b", "bob", server.port());
            browser.join("b", "room", Map.of("name", "Bob"), "count", "word");
            node.open("c", "carol", server.port());
            node.join("c", "room", Map.of("name", "Carol"), "count", "word");
            Await.until(
                    "they see each other",
                    () -> browser.peers("a").containsAll(java.util.List.of("bob", "carol"))
                            && browser.peers("b").containsAll(java.util.List.of("alice", "carol"))
                            && node.peers("c").containsAll(java.util.List.of("alice", "bob")));
            for (String page : new String[] {"a", "b"}) {
                Config sockets = browser.run("count", "client", page).getConfig("ok");
                assertThat(sockets.getInt("transports")).isEqualTo(1);
                assertThat(sockets.getInt("webSockets")).isZero();
            }
            node.count("c", "room", "count", 50);
            Await.until(
                    "50 messages",
                    () -> browser.data("a").size() == 50 && browser.data("b").size() == 50);
            assertThat(browser.data("a"))
                    .extracting(each -> each.getInt("data"))
                    .isEqualTo(IntStream.range(0, 50).boxed().toList());
            browser.say("a", "room", "word", "hello");
            Await.until("hello", () -> node.data("c").size() == 1);
            assertThat(node.data("c").get(0).getString("data")).isEqualTo("hello");
            assertThat(node.data("c").get(0).getString("from")).isEqualTo("alice");
            browser.run("leave", "client", "b", "channel", "room");
            Await.until(
                    "bob has left",
                    () -> !node.peers("c").contains("bob")
                            && !browser.peers("a").contains("bob"));
            browser.run("end", "client", "a");
            Await.until("alice has left", () -> node.peers("c").isEmpty());
        }
    }

    @Test
    @DisplayName("where nobody answers over UDP, real clients in a browser fall back to WebSocket")
    void downgrade() throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start("prscd.web-transport = false");
                Agent browser = Agent.browser(server.publicKeyHash().orElseThrow(), server.port())) {
            assertThat(server.servesWebTransport()).isFalse();
            browser.open("a", "alice", server.port());
            browser.join("a", "room", Map.of("name", "Alice"), "word");
            browser.open("b", "bob", server.port());
            browser.join("b", "room", Map.of("name", "Bob"), "word");
            Await.until(
                    "they see each other",
                    () -> browser.peers("a").contains("bob")
                            && browser.peers("b").contains("alice"));
            browser.say("b", "room", "word", Map.of("x", 1));
            Await.until("the word", () -> browser.data("a").size() == 1);
            assertThat(browser.data("a").get(0).getInt("data.x")).isEqualTo(1);
            assertThat(browser.run("count", "client", "a").getInt("ok.webSockets"))
                    .isEqualTo(1);
        }
    }

    @Test
    @DisplayName(
            "a stop closes the connection, not the session: the browser reports it as lost and comes back over WebTransport")
    void restart() throws Exception {
        Path folder = Files.createTempDirectory(Path.of("target"), "tls");
        TlsIdentity identity = DemoCertificate.make(Instant.now());
        String tls = "prscd.tls { self-made = false, certificate = \"" + Certificates.write(folder, identity)
                + "\", key = ${prscd.tls.certificate} }";
        try (var servers = new TestServers()) {
            PrscdServer first = servers.start(tls);
            int port = first.port();
            try (Agent browser = Agent.browser(identity.keyHash(), port)) {
                browser.open("a", "alice", port);
                browser.join("a", "room", Map.of());
                first.close();
                PrscdServer second = servers.start(tls, "prscd.port = " + port);
                Await.until("alice is back", () -> second.clients() == 1);
                // The server knows of it before the page does.
                Await.until("over WebTransport", () -> connections(browser, "transports") >= 2);
                assertThat(connections(browser, "webSockets")).isZero();
                browser.join("a", "room", Map.of());
                assertThat(second.channel("demo", "room")
                                .peers()
                                .toCompletableFuture()
                                .get(10, TimeUnit.SECONDS))
                        .extracting(ChannelPeer::id)
                        .containsExactly("alice");
            }
        }
    }

    private static int connections(Agent browser, String kind) {
        try {
            return browser.run("count", "client", "a").getInt("ok." + kind);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    @DisplayName("a key that is not good: the browser falls back, is refused there too, and stays out")
    void refused() throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start("prscd.dump-token = hush");
                Agent browser = Agent.browser(server.publicKeyHash().orElseThrow(), server.port())) {
            CompletableFuture<Config> opened = browser.begin(
                    "open",
                    "client",
                    "a",
                    "id",
                    "alice",
                    "url",
                    "https://localhost:" + server.port() + "/v1",
                    "key",
                    "wrong");
            Await.until("it has been refused on both transports", () -> server.refused() >= 2);
            assertThat(opened).isNotDone();
            assertThat(server.clients()).isZero();
        }
    }
}
