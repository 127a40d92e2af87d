package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.Moitessier;
import dev.moitessier.prscd.Agent;
import dev.moitessier.prscd.Await;
import dev.moitessier.prscd.PrscdServer;
import dev.moitessier.store.memory.MemoryStore;
import dev.moitessier.testkit.TestCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A server in Java and the original prscd, written in Go, on one zipper, with unmodified clients on both. Neither the original
 * nor a zipper that it can speak to is to be had from the module proxy, so this is no part of the build: who has built both runs
 * it with {@code -Dtest=OriginalPrscdCheck -Dyomo.peer=…} (a program of {@code src/test/go} over v1.16.2) and
 * {@code -Dyomo.prscd=…}.
 */
@Timeout(300)
class OriginalPrscdCheck {
    private static final String ROOM = "room";

    @TempDir
    Path folder;

    @Test
    void clientsOfBothSeeAndHearEachOther() throws Exception {
        String address = "127.0.0.1:" + RealZipperTest.freePort();
        int port = freePort();
        GoProgram zipper = GoProgram.start("zipper", address).ready();
        Process original = original(port, address);
        try (Moitessier moitessier = Moitessier.on(new MemoryStore());
                PrscdServer java = RealMeshTest.server(moitessier, "java", "YOMO_APP", address);
                Agent clients = Agent.node()) {
            join(clients, "bob", port);
            join(clients, "ada", java.port());
            awaitPeers(clients, "ada", "bob");
            awaitPeers(clients, "bob", "ada");
            clients.say("bob", ROOM, "word", "hi from Go");
            Await.until("ada hears bob", () -> words(clients, "ada").equals(List.of("bob: hi from Go")));
            clients.say("ada", ROOM, "word", "hi from Java");
            Await.until("bob hears ada", () -> words(clients, "bob").equals(List.of("ada: hi from Java")));

            join(clients, "eve", java.port());
            join(clients, "carol", port);
            awaitPeers(clients, "ada", "bob", "carol", "eve");
            awaitPeers(clients, "eve", "ada", "bob", "carol");
            awaitPeers(clients, "bob", "ada", "carol", "eve");
            awaitPeers(clients, "carol", "ada", "bob", "eve");
            clients.run("leave", "client", "carol", "channel", ROOM);
            clients.run("leave", "client", "eve", "channel", ROOM);
            awaitPeers(clients, "ada", "bob");
            awaitPeers(clients, "bob", "ada");

            original.destroyForcibly().onExit().join();
            Await.within(Duration.ofSeconds(200), "bob is gone with his node", () -> clients.peers("ada")
                    .isEmpty());
        } finally {
            original.destroyForcibly();
            zipper.close();
        }
    }

    private static void join(Agent clients, String id, int port) throws IOException {
        clients.open(id, id, port);
        clients.join(id, ROOM, Map.of("name", id), "word");
    }

    private static void awaitPeers(Agent clients, String id, String... others) {
        Await.until(id + " sees " + List.of(others), () -> Set.copyOf(clients.peers(id))
                .equals(Set.of(others)));
    }

    private static List<String> words(Agent clients, String id) {
        return clients.data(id).stream()
                .map(each -> each.getString("from") + ": " + each.getString("data"))
                .toList();
    }

    private Process original(int port, String zipper) throws IOException {
        TestCertificate tls = TestCertificate.make(folder, "localhost", "dns:localhost,ip:127.0.0.1");
        Path said = folder.resolve("said.txt");
        ProcessBuilder builder = new ProcessBuilder(System.getProperty("yomo.prscd"))
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(said.toFile());
        builder.environment()
                .putAll(Map.of(
                        "MESH_ID",
                        "go",
                        "PORT",
                        Integer.toString(port),
                        "YOMO_ZIPPER",
                        zipper,
                        "YOMO_SNDR_NAME",
                        "sender",
                        "YOMO_RCVR_NAME",
                        "receiver",
                        "CERT_FILE",
                        tls.pem().toString(),
                        "KEY_FILE",
                        tls.key().toString()));
        Process process = builder.start();
        Await.until("the original serves", () -> {
            try (Socket reached = new Socket(InetAddress.getLoopbackAddress(), port)) {
                return reached.isConnected();
            } catch (IOException notYet) {
                return !process.isAlive();
            }
        });
        assertThat(process.isAlive()).as(Files.readString(said)).isTrue();
        return process;
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        }
    }
}
