package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigSyntax;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(180)
final class PrscdServerTest {
    @Test
    @DisplayName("/healthz, /readyz and the dump behind its token; no key in it")
    void routes() throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start("prscd.dump-token = hush");
                Agent clients = Agent.node()) {
            Await.until("ready", () -> get(server, "/readyz").startsWith("HTTP/1.1 200 "));
            assertThat(get(server, "/healthz")).startsWith("HTTP/1.1 200 ").endsWith("\r\n\r\nok\n");
            assertThat(get(server, "/nothing")).startsWith("HTTP/1.1 404 ");
            assertThat(get(server, "/v1")).startsWith("HTTP/1.1 426 ");
            assertThat(get(server, "/dump")).startsWith("HTTP/1.1 401 ");
            assertThat(get(server, "/dump", "Authorization: Bearer wrong")).startsWith("HTTP/1.1 401 ");

            clients.open("a", "alice", server.port());
            clients.join("a", "room \"1\"", Map.of());
            String answer = get(server, "/dump", "Authorization: Bearer hush");
            assertThat(answer).startsWith("HTTP/1.1 200 ").contains("application/json");
            Config realm = dump(server).getConfig("realms.demo");
            assertThat(realm.getInt("connections")).isEqualTo(1);
            Config channel = realm.getConfigList("channels").get(0);
            assertThat(channel.getString("name")).isEqualTo("room \"1\"");
            assertThat(channel.getConfigList("peers").get(0).getString("id")).isEqualTo("alice");
            assertThat(realm.getInt("counters.joins")).isEqualTo(1);
            assertThat(realm.root().unwrapped().toString()).doesNotContain("hush");
        }
        try (var servers = new TestServers()) {
            assertThat(get(servers.start(), "/dump", "Authorization: Bearer ")).startsWith("HTTP/1.1 404 ");
        }
    }

    private static String get(PrscdServer server, String target, String... headers) {
        try (var client = RawClient.tls(server.port())) {
            client.raw(("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n"
                            + String.join(
                                    "",
                                    java.util.Arrays.stream(headers)
                                            .map(each -> each + "\r\n")
                                            .toList())
                            + "\r\n")
                    .getBytes(java.nio.charset.StandardCharsets.UTF_8));
            return client.rest();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    @DisplayName("Java code hears who is in a channel, and speaks to all of them, on every node")
    void channels() throws Exception {
        try (var servers = new TestServers();
                PrscdServer one = servers.start();
                PrscdServer two = servers.start();
                Agent clients = Agent.node()) {
            clients.open("a", "alice", one.port());
            clients.join("a", "room", Map.of("name", "Alice"), "news");
            clients.open("b", "bob", two.port());
            clients.join("b", "room", Map.of("name", "Bob"), "news");
            Await.until(
                    "they see each other",
                    () -> clients.peers("a").equals(List.of("bob"))
                            && clients.peers("b").equals(List.of("alice")));
            PrscdChannel channel = one.channel("demo", "room");
            assertThat(channel.peers().toCompletableFuture().get(10, TimeUnit.SECONDS))
                    .extracting(ChannelPeer::id)
                    .containsExactlyInAnyOrder("alice", "bob");
            channel.broadcast(new ChannelEvent("news", "{\"n\":1}"));
            Await.until(
                    "both heard it",
                    () -> clients.data("a").size() == 1 && clients.data("b").size() == 1);
            assertThat(clients.data("b").get(0).getInt("data.n")).isEqualTo(1);
            assertThat(clients.data("b").get(0).getString("from")).isEqualTo("server");
        }
    }

    @Test
    @DisplayName("a function sees what a client says, once, and what it writes reaches everybody with its name")
    void functions() throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start();
                Agent clients = Agent.node()) {
            server.function("upper", context -> {
                if (context.readSignalling().isData()
                        && context.readEvent().event().equals("word")) {
                    context.writeEvent(new ChannelEvent(
                            "answer", context.readEvent().data().toUpperCase(java.util.Locale.ROOT)));
                }
            });
            assertThatThrownBy(() -> server.function("upper", context -> {})).hasMessageContaining("upper");
            clients.open("a", "alice", server.port());
            clients.join("a", "room", Map.of(), "answer");
            clients.say("a", "room", "word", "hello");
            Await.until("the answer", () -> !clients.data("a").isEmpty());
            assertThat(clients.data("a").get(0).getString("data")).isEqualTo("HELLO");
            assertThat(clients.data("a").get(0).getString("from")).isEqualTo("upper");
            assertThat(clients.data("a")).hasSize(1);
        }
    }

    @Test
    @DisplayName(
            "an authenticator by code: realms of its own, what its clients may do, and refusals that real clients survive")
    void authenticator() throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start(
                        builder -> builder.authenticator(attempt -> CompletableFuture.supplyAsync(
                                () -> attempt.publicKey().equals("demo")
                                        ? Admission.to(
                                                "tenant-" + attempt.clientId().charAt(0), Authorizer.everything())
                                        : Admission.refused())),
                        "prscd { tls.self-made = true, origins = [\"*\"] }");
                Agent clients = Agent.node()) {
            clients.open("a", "x-alice", server.port());
            clients.join("a", "room", Map.of());
            clients.open("b", "y-bob", server.port());
            clients.join("b", "room", Map.of());
            clients.open("c", "x-carol", server.port());
            clients.join("c", "room", Map.of());
            Await.until("those of one tenant see each other", () -> clients.peers("a")
                    .equals(List.of("x-carol")));
            assertThat(clients.peers("b")).isEmpty();
        }
    }

    @Test
    @DisplayName(
            "a realm that an authenticator named ends some time after its last client, and begins again with the next")
    void idleRealms() throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start(
                        builder -> builder.authenticator(attempt -> CompletableFuture.completedStage(
                                Admission.to(attempt.publicKey(), Authorizer.everything()))),
                        "prscd { tls.self-made = true, dump-token = hush, rooms.idle-realm = 300ms,"
                                + " realms.named { keys = [n], join = [\"*\"] } }")) {
            Await.until("ready", () -> get(server, "/readyz").startsWith("HTTP/1.1 200 "));
            try (var stays = joined(server, "stays")) {
                try (var goes = joined(server, "goes")) {
                    assertThat(realms(server)).containsExactlyInAnyOrder("named", "stays", "goes");
                    goes.binary(Signalling.control(Psig.OP_PEER_OFFLINE, "room").encode());
                }
                Await.until("the one without clients has ended", () -> !realms(server)
                        .contains("goes"));
                Await.until("and its thread", () -> Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().equals("prscd-goes")));
                assertThat(realms(server)).containsExactlyInAnyOrder("named", "stays");
                assertThat(get(server, "/readyz")).startsWith("HTTP/1.1 200 ");
                try (var again = joined(server, "goes")) {
                    assertThat(realms(server)).contains("goes");
                    again.binary(
                            Signalling.control(Psig.OP_PEER_OFFLINE, "room").encode());
                }
                server.channel("stays", "room").broadcast(new ChannelEvent("news", "1"));
                Signalling heard =
                        Signalling.decode(stays.read(RawClient.BINARY).payload());
                while (!heard.isData()) {
                    heard = Signalling.decode(stays.read(RawClient.BINARY).payload());
                }
                assertThat(heard.event().event()).isEqualTo("news");
            }
        }
    }

    private static RawClient joined(PrscdServer server, String realm) throws IOException {
        RawClient client = RawClient.tls(server.port());
        client.request("/v1?publickey=" + realm + "&id=ada");
        assertThat(client.head()).startsWith("HTTP/1.1 101 ");
        client.binary(Signalling.control(Psig.OP_CHANNEL_JOIN, "room").encode());
        assertThat(Signalling.decode(client.read(RawClient.BINARY).payload()).opCode())
                .isEqualTo(Psig.OP_CHANNEL_JOIN);
        return client;
    }

    private static java.util.Set<String> realms(PrscdServer server) {
        return dump(server).getObject("realms").keySet();
    }

    private static Config dump(PrscdServer server) {
        String answer = get(server, "/dump", "Authorization: Bearer hush");
        return ConfigFactory.parseString(
                answer.substring(answer.indexOf("\r\n\r\n")),
                ConfigParseOptions.defaults().setSyntax(ConfigSyntax.JSON));
    }

    @Test
    @DisplayName("a stop sends real clients to another node with 1012, and nobody sees them leave")
    void stop() throws Exception {
        try (var servers = new TestServers();
                PrscdServer stays = servers.start();
                Agent clients = Agent.node()) {
            PrscdServer goes = servers.start();
            clients.open("a", "alice", stays.port());
            clients.join("a", "room", Map.of());
            clients.open("b", "bob", goes.port());
            clients.join("b", "room", Map.of());
            Await.until("they see each other", () -> clients.peers("a").equals(List.of("bob")));
            int port = goes.port();
            goes.close();
            Await.until("bob's socket was closed", () -> !clients.events(
                            each -> each.getString("event").equals("closed")
                                    && each.getString("id").equals("bob"))
                    .isEmpty());
            assertThat(clients.events(each -> each.getString("event").equals("closed")))
                    .extracting(each -> each.getInt("code"))
                    .first()
                    .isEqualTo(1012);
            assertThat(clients.peers("a")).containsExactly("bob");
            // The client comes back after ten seconds, to the same address.
            try (PrscdServer again = servers.start("prscd.port = " + port)) {
                Await.until(
                        "bob is back",
                        () -> again.clients() == 1
                                && !clients.events(each -> each.getString("event")
                                                        .equals("status")
                                                && each.getString("client").equals("b")
                                                && each.getString("status").equals("open"))
                                        .isEmpty());
                // The client of 2.2.18 connects again, but joins nothing by itself: that is up to the page.
                clients.join("b", "room", Map.of());
                Await.until(
                        "on the new node he is in the room",
                        () -> again.channel("demo", "room")
                                        .peers()
                                        .toCompletableFuture()
                                        .join()
                                        .size()
                                == 2);
                assertThat(clients.peers("a")).containsExactly("bob");
            }
        }
    }

    @Test
    @DisplayName(
            "what is no message is ignored, and the next one is understood; a channel that is not allowed does not answer")
    void malformed() throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start("prscd.realms.demo.join = [\"open-*\"]");
                var client = RawClient.tls(server.port())) {
            client.request("/v1?publickey=demo&id=ada");
            assertThat(client.head()).startsWith("HTTP/1.1 101 ");
            byte[] garbage = new byte[10_000];
            java.util.Arrays.fill(garbage, (byte) 0xc1);
            client.binary(garbage);
            client.binary(new byte[0]);
            client.binary(Signalling.control(Psig.OP_CHANNEL_JOIN, "closed").encode());
            client.binary(Signalling.control(Psig.OP_CHANNEL_JOIN, "open-1").encode());
            Signalling answer = Signalling.decode(client.read(RawClient.BINARY).payload());
            assertThat(answer.opCode()).isEqualTo(Psig.OP_CHANNEL_JOIN);
            assertThat(answer.channel()).isEqualTo("open-1");
        }
    }
}
