package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The main program in a process of its own. */
@Timeout(120)
final class ProcessTest {
    @TempDir
    Path folder;

    @Test
    @DisplayName("the demo says how to connect, serves, and ends in order when it is told to")
    void demo() throws Exception {
        int port = Program.freePort();
        try (var prscd = new Program(folder, List.of("--demo"), jar -> true, Map.of("PRSCD_PORT", "" + port))) {
            prscd.awaitOutput("https://localhost:" + port + "/v1");
            prscd.awaitOutput("over WebTransport and WebSocket");
            try (var client = QuicClient.open(port, "ada", "demo")) {
                assertThat(client.connection.isActive()).isTrue();
            }
            prscd.process.destroy();
            assertThat(prscd.process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(prscd.output()).contains("stopping with ");
        }
    }

    @Test
    @Tag("long")
    @DisplayName("without the native QUIC, or without HTTP/3 at all, WebSocket serves and one line says so")
    void withoutNatives() throws Exception {
        for (String missing : List.of("netty-codec-native-quic", "netty-codec-http3", "quic")) {
            int port = Program.freePort();
            try (var prscd = new Program(
                    folder, List.of("--demo"), jar -> !jar.contains(missing), Map.of("PRSCD_PORT", "" + port))) {
                prscd.awaitOutput("https://localhost:" + port + "/v1 over WebSocket;");
                assertThat(prscd.output().lines().filter(line -> line.contains("WebTransport is off")))
                        .as("without %s", missing)
                        .hasSize(1);
                try (var client = RawClient.tls(port)) {
                    client.request("/v1?publickey=demo&id=ada");
                    assertThat(client.head()).startsWith("HTTP/1.1 101 ");
                }
            }
        }
    }

    @Test
    @DisplayName("a wrong configuration is one line and status 2, a taken port one line and status 1")
    void wrong() throws Exception {
        try (var prscd = new Program(folder, List.of(), jar -> true, Map.of())) {
            assertThat(prscd.process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(prscd.process.exitValue()).isEqualTo(2);
            assertThat(prscd.output()).contains("nobody could get in").doesNotContain("\tat ");
        }
        try (var taken = new ServerSocket(0, 1, java.net.InetAddress.getByName("127.0.0.1"));
                var prscd = new Program(
                        folder, List.of("--demo"), jar -> true, Map.of("PRSCD_PORT", "" + taken.getLocalPort()))) {
            assertThat(prscd.process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(prscd.process.exitValue()).isEqualTo(1);
            assertThat(prscd.output()).contains("cannot listen on TCP").doesNotContain("\tat ");
        }
    }

    @Test
    @Tag("long")
    @DisplayName("out of file descriptors it does not accept for a while; when there are some again, it serves")
    void outOfDescriptors() throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "no bash to bound the file descriptors with");
        int port = Program.freePort();
        try (var prscd = new Program(folder, List.of("--demo"), jar -> true, Map.of("PRSCD_PORT", "" + port), 400)) {
            prscd.awaitOutput("https://localhost:" + port + "/v1");
            List<Socket> many = new ArrayList<>();
            try {
                for (int i = 0; i < 600; i++) {
                    many.add(new Socket("127.0.0.1", port));
                }
                prscd.awaitOutput("Too many open files");
            } finally {
                for (Socket socket : many) {
                    socket.close();
                }
            }
            assertThat(prscd.process.isAlive()).isTrue();
            Await.until("it serves", () -> {
                try (var client = RawClient.tls(port)) {
                    client.request("/v1?publickey=demo&id=ada");
                    return client.head().startsWith("HTTP/1.1 101 ");
                } catch (IOException notYet) {
                    return false;
                }
            });
        }
    }
}
