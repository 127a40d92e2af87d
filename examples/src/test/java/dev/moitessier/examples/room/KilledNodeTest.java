package dev.moitessier.examples.room;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import dev.moitessier.prscd.Agent;
import dev.moitessier.prscd.Await;
import dev.moitessier.prscd.Certificates;
import dev.moitessier.prscd.Program;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two processes on one PostgreSQL, with unmodified clients in Node and in Chromium; one process is killed. */
@Timeout(180)
final class KilledNodeTest {
    private static final String ROOM = "room";
    private static final Duration OFFLINE_WITHIN = Duration.ofSeconds(5);

    private static EmbeddedPostgres postgres;

    @TempDir
    Path folder;

    @BeforeAll
    static void startPostgres() throws IOException {
        postgres = EmbeddedPostgres.builder()
                .setServerConfig("listen_addresses", "localhost")
                .setPGStartupWait(Duration.ofSeconds(60))
                .start();
    }

    @AfterAll
    static void stopPostgres() throws IOException {
        postgres.close();
    }

    @Test
    @DisplayName("kill.node: kill -9 of one of two nodes on PostgreSQL; real clients of the other hear who is gone"
            + " within 5 s, once, and talk on")
    void killed() throws Exception {
        Certificates.Demo certificate = Certificates.demo(folder);
        Path pem = certificate.pem();
        int survives = Program.freePort();
        int dies = Program.freePort();
        try (Program survivor = node(survives, pem);
                Program killed = node(dies, pem);
                Agent clients = Agent.node();
                Agent browser = Agent.browser(certificate.keyHash(), survives)) {
            survivor.awaitOutput("prscd serves");
            killed.awaitOutput("prscd serves");
            join(clients, "alice", survives);
            join(browser, "dave", survives);
            join(clients, "bob", dies);
            join(clients, "carol", dies);
            join(clients, "fred", dies);
            awaitRoster(clients, "alice", "bob", "carol", "dave", "fred");
            awaitRoster(browser, "dave", "alice", "bob", "carol", "fred");
            awaitRoster(clients, "bob", "alice", "carol", "dave", "fred");
            awaitRoster(clients, "carol", "alice", "bob", "dave", "fred");
            assertThat(rosters(clients, "carol").get(rosters(clients, "carol").size() - 1))
                    .contains("dave");
            assertThat(browser.run("count", "client", "dave").getInt("ok.transports"))
                    .as("dave is on WebTransport")
                    .isEqualTo(1);
            clients.count("bob", ROOM, "count", 50);
            Await.until(
                    "what bob says is heard on the other node",
                    () -> heard(clients, "alice").size() == 50
                            && heard(browser, "dave").size() == 50);
            assertThat(heard(clients, "alice")).isEqualTo(upTo(50));
            assertThat(heard(browser, "dave")).isEqualTo(upTo(50));
            clients.run("leave", "client", "fred", "channel", ROOM);
            awaitRoster(clients, "alice", "bob", "carol", "dave");
            awaitRoster(browser, "dave", "alice", "bob", "carol");
            int rostersOfAlice = rosters(clients, "alice").size();
            int rostersOfDave = rosters(browser, "dave").size();
            int messages = messages("prscd/demo/c/" + ROOM);
            int certificates = messages("prscd/demo/n");

            killed.kill();
            long begin = System.nanoTime();
            awaitRoster(clients, "alice", "dave");
            awaitRoster(browser, "dave", "alice");
            Duration took = Duration.ofNanos(System.nanoTime() - begin);
            System.out.println("peers of a killed node were offline after " + took.toMillis() + " ms");
            assertThat(took).isLessThan(OFFLINE_WITHIN);
            assertThat(messages("prscd/demo/n") - certificates)
                    .as("appended for the dead node, however many peers it had")
                    .isEqualTo(1);

            clients.count("alice", ROOM, "count", 20);
            Await.until("the survivors talk on", () -> heard(browser, "dave").size() == 70);
            assertThat(heard(browser, "dave").subList(50, 70)).isEqualTo(upTo(20));
            assertThat(messages("prscd/demo/c/" + ROOM) - messages)
                    .as("appended to the room for the dead, and for a talk within one node")
                    .isZero();
            assertOnlyThoseLeft(rosters(clients, "alice"), rostersOfAlice, "dave");
            assertOnlyThoseLeft(rosters(browser, "dave"), rostersOfDave, "alice");

            try (Program again = node(dies, pem)) {
                again.awaitOutput("prscd serves");
                join(clients, "erin", dies);
                awaitRoster(clients, "erin", "alice", "dave");
                awaitRoster(clients, "alice", "dave", "erin");
                awaitRoster(browser, "dave", "alice", "erin");
                clients.say("erin", ROOM, "count", 70);
                Await.until(
                        "erin is heard",
                        () -> heard(clients, "alice").size() == 51
                                && heard(browser, "dave").size() == 71);
            }
        }
    }

    private Program node(int port, Path pem) throws IOException {
        return new Program(
                folder,
                List.of("--demo"),
                jar -> true,
                Map.of(
                        "PRSCD_PORT",
                        Integer.toString(port),
                        "PRSCD_TLS_SELF_MADE",
                        "false",
                        "PRSCD_TLS_CERTIFICATE",
                        pem.toString(),
                        "PRSCD_TLS_KEY",
                        pem.toString(),
                        "MOITESSIER_STORE",
                        "postgres",
                        "MOITESSIER_POSTGRES_URL",
                        url(),
                        "MOITESSIER_POSTGRES_SCHEMA_MODE",
                        "MIGRATE"));
    }

    private static String url() {
        return postgres.getJdbcUrl("postgres", "postgres");
    }

    private static void join(Agent agent, String id, int port) throws IOException {
        agent.open(id, id, port);
        agent.join(id, ROOM, Map.of("name", id), "count");
    }

    private static void awaitRoster(Agent agent, String client, String... others) {
        Await.until(client + " sees " + List.of(others), () -> new TreeSet<>(agent.peers(client))
                .equals(new TreeSet<>(Set.of(others))));
    }

    private static List<Integer> heard(Agent agent, String client) {
        return agent.data(client).stream().map(each -> each.getInt("data")).toList();
    }

    private static List<Integer> upTo(int count) {
        return IntStream.range(0, count).boxed().toList();
    }

    private static List<Set<String>> rosters(Agent agent, String client) {
        return agent
                .events(event -> event.getString("event").equals("peers")
                        && event.getString("client").equals(client))
                .stream()
                .map(event -> ids(event.getConfigList("peers")))
                .toList();
    }

    private static Set<String> ids(List<? extends Config> peers) {
        Set<String> ids = new TreeSet<>();
        peers.forEach(peer -> {
            assertThat(peer.getString("name")).as("the state").isEqualTo(peer.getString("id"));
            ids.add(peer.getString("id"));
        });
        return ids;
    }

    /** From the kill on rosters only shrink, and who lives is in all of them. */
    private static void assertOnlyThoseLeft(List<Set<String>> rosters, int before, String who) {
        assertThat(rosters.subList(before - 1, rosters.size()))
                .allSatisfy(each -> assertThat(each).contains(who));
        for (int i = before; i < rosters.size(); i++) {
            assertThat(rosters.get(i - 1)).containsAll(rosters.get(i));
        }
    }

    /** How many entries the log of a scope has. */
    private static int messages(String scope) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url());
                PreparedStatement query = connection.prepareStatement(
                        "select count(*) from moitessier.message join moitessier.scope using (scope_id) where name = ?")) {
            query.setString(1, scope);
            try (ResultSet row = query.executeQuery()) {
                row.next();
                return row.getInt(1);
            }
        }
    }
}
