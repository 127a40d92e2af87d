package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.testkit.FaultProxy.Direction;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each fault, against a real echo server on the loopback interface. */
class FaultProxyTest {
    private static final Eventually SOON = Eventually.within(Duration.ofSeconds(10));

    private final List<String> received = new CopyOnWriteArrayList<>();
    private final List<Socket> served = new CopyOnWriteArrayList<>();
    private ServerSocket server;
    private FaultProxy proxy;

    @BeforeEach
    void start() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        daemon(() -> {
            while (true) {
                Socket socket = server.accept();
                served.add(socket);
                daemon(() -> echo(socket));
            }
        });
        proxy = FaultProxy.to("localhost", server.getLocalPort());
    }

    @AfterEach
    void stop() throws IOException {
        proxy.close();
        server.close();
        for (Socket socket : served) {
            socket.close();
        }
    }

    @Test
    void bytesGoThroughUnchangedBothWays() throws IOException {
        byte[] sent = new byte[1 << 20];
        new Random(1).nextBytes(sent);
        try (Socket client = connect()) {
            daemon(() -> {
                client.getOutputStream().write(sent);
                client.shutdownOutput();
            });
            assertThat(Arrays.equals(client.getInputStream().readAllBytes(), sent))
                    .as("1 MiB echoed, ended by FIN")
                    .isTrue();
        }
        assertThat(proxy.accepted()).isEqualTo(1);
    }

    @Test
    void itListensOnLoopbackOnly() {
        assertThat(proxy.address().getAddress().isLoopbackAddress()).isTrue();
        assertThat(proxy.port()).isEqualTo(proxy.address().getPort()).isPositive();
    }

    @Test
    void connectionsAreCountedAndTheirBytesToo() throws IOException {
        try (Socket client = connect()) {
            assertThat(ask(client, "12345")).isEqualTo("12345");
            FaultProxy.Connection connection = proxy.connections().get(0);
            assertThat(connection.bytes(Direction.TO_SERVER)).isEqualTo(5);
            SOON.until("5 bytes came back", () -> connection.bytes(Direction.TO_CLIENT), bytes -> bytes == 5);
        }
        SOON.until("a closed connection is gone", () -> proxy.connections().isEmpty());
    }

    @Test
    void aDelayIsLatencyNotThroughput() throws IOException {
        try (Socket client = connect()) {
            ask(client, "warm");
            proxy.delay(Duration.ofMillis(500));
            long start = System.nanoTime();
            assertThat(ask(client, "late")).isEqualTo("late");
            assertThat(since(start))
                    .as("a round trip with 500 ms each way")
                    .isGreaterThanOrEqualTo(Duration.ofSeconds(1));

            start = System.nanoTime();
            for (int i = 0; i < 50; i++) {
                client.getOutputStream().write('x');
                client.getOutputStream().flush();
            }
            assertThat(new String(client.getInputStream().readNBytes(50), StandardCharsets.UTF_8))
                    .isEqualTo("x".repeat(50));
            assertThat(since(start))
                    .as("50 writes one after the other, 500 ms each way")
                    .isLessThan(Duration.ofSeconds(10));

            proxy.heal();
            start = System.nanoTime();
            ask(client, "again");
            assertThat(since(start)).as("a round trip after heal").isLessThan(Duration.ofSeconds(1));
        }
    }

    @Test
    void oneConnectionIsDelayedAndAnotherIsNot() throws IOException {
        try (Socket slow = connect();
                Socket fast = connect()) {
            ask(slow, "warm");
            ask(fast, "warm");
            proxy.connections().get(0).delay(Duration.ofMillis(500));
            long start = System.nanoTime();
            ask(fast, "m");
            assertThat(since(start)).isLessThan(Duration.ofMillis(500));
            start = System.nanoTime();
            ask(slow, "m");
            assertThat(since(start)).isGreaterThanOrEqualTo(Duration.ofSeconds(1));
            proxy.connections().get(0).heal();
            start = System.nanoTime();
            ask(slow, "m");
            assertThat(since(start)).isLessThan(Duration.ofSeconds(1));
        }
    }

    @Test
    void throttling() throws IOException {
        try (Socket client = connect()) {
            ask(client, "warm");
            proxy.throttle(20_000);
            long start = System.nanoTime();
            String text = "x".repeat(8_000);
            assertThat(ask(client, text)).isEqualTo(text);
            assertThat(since(start))
                    .as("8,000 bytes at 20,000 a second")
                    .isBetween(Duration.ofMillis(300), Duration.ofSeconds(5));
            assertThatThrownBy(() -> proxy.throttle(-1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("-1");
        }
    }

    @Test
    void aBlackHoleIsSilentAndHeals() throws IOException {
        try (Socket client = connect()) {
            ask(client, "warm");
            proxy.blackHole();
            client.getOutputStream().write("held".getBytes(StandardCharsets.UTF_8));
            client.setSoTimeout(200);
            assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            assertThat(received).as("what the server got").containsExactly("warm");
            try (Socket another = connect()) {
                another.setSoTimeout(200);
                another.getOutputStream().write('x');
                assertThatThrownBy(() -> another.getInputStream().read())
                        .as("a new connection is accepted, and silent")
                        .isInstanceOf(SocketTimeoutException.class);
            }
            proxy.heal();
            client.setSoTimeout(10_000);
            assertThat(new String(client.getInputStream().readNBytes(4), StandardCharsets.UTF_8))
                    .as("after heal it arrives, as TCP would have it")
                    .isEqualTo("held");
        }
    }

    @Test
    void aBlackHoleForAnswersLetsRequestsThrough() throws IOException {
        try (Socket client = connect()) {
            ask(client, "warm");
            proxy.connections().get(0).blackHole(Direction.TO_CLIENT);
            client.getOutputStream().write("done".getBytes(StandardCharsets.UTF_8));
            SOON.until("the server got the request", () -> received.contains("done"));
            client.setSoTimeout(200);
            assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
        }
    }

    @Test
    void cutResetsWhatIsOpenAndWelcomesWhatIsNew() throws IOException {
        try (Socket client = connect()) {
            ask(client, "warm");
            proxy.cut();
            assertThatThrownBy(() -> {
                        client.getOutputStream().write('x');
                        if (client.getInputStream().read() < 0) {
                            throw new AssertionError("FIN instead of RST");
                        }
                    })
                    .isInstanceOf(IOException.class);
            assertThat(proxy.connections()).isEmpty();
        }
        try (Socket client = connect()) {
            assertThat(ask(client, "new")).isEqualTo("new");
        }
    }

    @Test
    void endClosesInGoodOrder() throws IOException {
        try (Socket client = connect()) {
            ask(client, "warm");
            proxy.end();
            client.setSoTimeout(10_000);
            assertThat(client.getInputStream().read()).as("end of stream").isEqualTo(-1);
        }
    }

    @Test
    void refusedConnectionsAndAServerThatIsDownAndUpAgain() throws IOException {
        try (Socket before = connect()) {
            ask(before, "warm");
            proxy.refuse();
            assertThatThrownBy(this::connect).as("a new connection").isInstanceOf(IOException.class);
            assertThat(ask(before, "lives on")).isEqualTo("lives on");
            proxy.down();
            assertThatThrownBy(() -> ask(before, "x")).isInstanceOf(IOException.class);
        }
        proxy.heal();
        try (Socket after = connect()) {
            assertThat(ask(after, "up")).isEqualTo("up");
        }
    }

    @Test
    void cutNextRequestCutsBeforeTheServerGetsIt() throws IOException {
        try (Socket client = connect()) {
            ask(client, "warm");
            FaultProxy.Trap trap = proxy.cutNextRequest();
            assertThat(trap.sprung()).isFalse();
            assertThatThrownBy(() -> ask(client, "request")).isInstanceOf(IOException.class);
            assertThat(trap.sprung()).isTrue();
            assertThat(received).containsExactly("warm");
        }
    }

    @Test
    void cutNextAnswerCutsAfterTheServerDidIt() throws IOException {
        try (Socket client = connect()) {
            ask(client, "warm");
            FaultProxy.Trap trap = proxy.cutNextAnswer();
            assertThatThrownBy(() -> ask(client, "request")).isInstanceOf(IOException.class);
            assertThat(trap.sprung()).isTrue();
            assertThat(received).containsExactly("warm", "request");
        }
        try (Socket client = connect()) {
            assertThat(ask(client, "once only")).isEqualTo("once only");
        }
    }

    @Test
    void aTrapMayWaitForCertainBytes() throws IOException {
        try (Socket client = connect();
                Socket other = connect()) {
            FaultProxy.Trap trap =
                    proxy.cutNextAnswer(bytes -> new String(bytes, StandardCharsets.UTF_8).contains("commit"));
            assertThat(ask(client, "begin")).isEqualTo("begin");
            assertThat(ask(other, "begin")).isEqualTo("begin");
            assertThat(trap.sprung()).isFalse();
            assertThatThrownBy(() -> ask(client, "commit")).isInstanceOf(IOException.class);
            assertThat(ask(other, "goes on")).isEqualTo("goes on");
            assertThat(received).contains("commit");
        }
    }

    @Test
    void closeFreesEverything() throws IOException {
        Socket client = connect();
        ask(client, "warm");
        proxy.close();
        proxy.close();
        proxy.heal();
        assertThatThrownBy(this::connect).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> ask(client, "x")).isInstanceOf(IOException.class);
        client.close();
    }

    @Test
    void aServerThatIsAwayLooksLikeAConnectionThatEndsAtOnce() throws IOException {
        int nobody;
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nobody = taken.getLocalPort();
        }
        try (FaultProxy toNobody = FaultProxy.to("localhost", nobody);
                Socket client = new Socket(toNobody.address().getAddress(), toNobody.port())) {
            client.setSoTimeout(10_000);
            assertThat(endOf(client)).as("a connection whose server is away").isTrue();
        }
    }

    private static boolean endOf(Socket client) throws IOException {
        try {
            return client.getInputStream().read() < 0;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(proxy.address().getAddress(), proxy.port());
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(10_000);
        int already = proxy.connections().size();
        if (already == 0) {
            SOON.until(
                    "the proxy has the connection", () -> !proxy.connections().isEmpty());
        }
        return socket;
    }

    private static String ask(Socket client, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        client.getOutputStream().write(bytes);
        byte[] answer = client.getInputStream().readNBytes(bytes.length);
        if (answer.length < bytes.length) {
            throw new IOException("ended after " + answer.length + " bytes");
        }
        return new String(answer, StandardCharsets.UTF_8);
    }

    private void echo(Socket socket) throws IOException {
        InputStream in = socket.getInputStream();
        byte[] buffer = new byte[64 * 1024];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            received.add(new String(buffer, 0, n, StandardCharsets.UTF_8));
            socket.getOutputStream().write(buffer, 0, n);
        }
        socket.shutdownOutput();
    }

    private static Duration since(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    /** I/O that ends with its socket. */
    private interface Io {
        void run() throws IOException;
    }

    private static void daemon(Io body) {
        Thread thread = new Thread(
                () -> {
                    try {
                        body.run();
                    } catch (IOException e) {
                        // The socket was closed, by the test's end or by the fault under test: the thread has nothing
                        // left to do.
                        Thread.currentThread().interrupt();
                    }
                },
                "echo");
        thread.setDaemon(true);
        thread.start();
    }
}
