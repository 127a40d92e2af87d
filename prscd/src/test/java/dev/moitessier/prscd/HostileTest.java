package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.prscd.PeerConnection.Sent;
import dev.moitessier.psig.Signalling;
import io.netty.handler.codec.quic.QuicStreamType;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Peers that mean harm, or are broken: none of them may hurt another. */
@Timeout(120)
@ExtendWith(Leaks.class)
@SuppressWarnings("try") // some connections are only held open, or closed early
final class HostileTest {
    private static final byte[] HELLO = "hello".getBytes(StandardCharsets.UTF_8);

    /** Replays a run: {@code -Dprscd.seed=…}. */
    private static final long SEED = Long.getLong("prscd.seed", new Random().nextInt(1_000_000));

    @Test
    @DisplayName(
            "300 clients that connect and stay silent: others get in meanwhile, and they are gone after the handshake time")
    void silentClients() throws Exception {
        try (var server = new TestGateway("handshake-timeout = 3s")) {
            List<Socket> silent = new ArrayList<>();
            try {
                for (int i = 0; i < 300; i++) {
                    silent.add(new Socket("127.0.0.1", server.port()));
                }
                long begin = System.nanoTime();
                assertServes(server, "quick");
                assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin))
                        .isLessThan(2500);
                for (Socket socket : silent) {
                    socket.setSoTimeout(20_000);
                    assertThat(endOf(socket)).isTrue();
                }
                Await.until("their places are free", () -> server.admissions.connections() <= 1);
            } finally {
                for (Socket socket : silent) {
                    socket.close();
                }
            }
        }
    }

    @Test
    @DisplayName("a request that comes byte by byte ends with the handshake time")
    void slowRequest() throws Exception {
        try (var server = new TestGateway("handshake-timeout = 1s");
                var client = RawClient.tls(server.port())) {
            long begin = System.nanoTime();
            Await.until("it is closed", () -> {
                try {
                    client.raw(new byte[] {'G'});
                    return false;
                } catch (IOException closed) {
                    return true;
                }
            });
            assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin)).isBetween(500L, 10_000L);
            assertServes(server, "after");
        }
    }

    @Test
    @DisplayName("no TLS, and a request without end: closed, nobody else notices")
    void brokenRequests() throws Exception {
        try (var server = new TestGateway()) {
            try (var plain = new Socket("127.0.0.1", server.port())) {
                plain.getOutputStream()
                        .write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(endOf(plain)).isTrue();
            }
            try (var client = RawClient.tls(server.port())) {
                client.request("/v1?publickey=k&id=ada", "X-Long: " + "x".repeat(20_000));
                assertThat(client.head()).startsWith("HTTP/1.1 400 ");
            }
            try (var client = RawClient.tls(server.port())) {
                client.request("/v1?publickey=k&id=" + "x".repeat(20_000));
                assertThat(client.head()).startsWith("HTTP/1.1 400 ");
            }
            assertServes(server, "after");
        }
    }

    @Test
    @DisplayName("random bytes over TCP, TLS, WebSocket, UDP, QUIC streams and datagrams (seeded)")
    void randomBytes() throws Exception {
        System.out.println("HostileTest.randomBytes: -Dprscd.seed=" + SEED);
        var random = new Random(SEED);
        try (var server = new TestGateway()) {
            for (int round = 0; round < 40; round++) {
                try (var socket = new Socket("127.0.0.1", server.port())) {
                    send(() -> socket.getOutputStream().write(bytes(random, 2000)));
                }
                try (var client = RawClient.tls(server.port())) {
                    send(() -> client.raw(bytes(random, 2000)));
                }
                try (var client = RawClient.open(server.port(), "ws" + round)) {
                    send(() -> client.raw(bytes(random, 2000)));
                    send(() ->
                            client.raw(RawClient.frame(random.nextBoolean(), random.nextInt(16), bytes(random, 200))));
                }
            }
            try (var socket = new DatagramSocket()) {
                for (int i = 0; i < 2000; i++) {
                    byte[] packet = bytes(random, 1400);
                    // Often a long header, so that some get further than the first look.
                    if (packet.length > 4 && random.nextBoolean()) {
                        packet[0] |= (byte) 0xc0;
                        packet[1] = 0;
                        packet[2] = 0;
                        packet[3] = 0;
                        packet[4] = 1;
                    }
                    socket.send(new DatagramPacket(
                            packet, packet.length, InetAddress.getByName("127.0.0.1"), server.port()));
                }
            }
            for (int round = 0; round < 10; round++) {
                try (var client = QuicClient.open(server.port(), "wt" + round)) {
                    for (int i = 0; i < 50; i++) {
                        client.datagram(bytes(random, 1000));
                    }
                    client.rawStream(QuicStreamType.UNIDIRECTIONAL, bytes(random, 500));
                    client.rawStream(QuicStreamType.BIDIRECTIONAL, bytes(random, 500));
                }
            }
            assertServes(server, "after");
            Await.until(
                    "all have gone",
                    () -> server.gateway.clients() == 0
                            && server.rooms.guests.stream().noneMatch(guest -> guest.departures.isEmpty()));
            assertThat(server.rooms.guests)
                    .allSatisfy(guest -> assertThat(guest.departures).hasSize(1));
        }
    }

    @Test
    @DisplayName("a client that does not read: the bound holds, it goes with 1013, and others get everything meanwhile")
    void slowReader() throws Exception {
        try (var server = new TestGateway("slow-timeout = 1s", "ping-interval = 4s", "waiting-bytes = 256 KiB");
                var slow = RawClient.open(server.port(), "slow", 4096);
                var quick = RawClient.open(server.port(), "quick")) {
            TestRooms.Guest stuck = server.rooms.guest("slow");
            TestRooms.Guest served = server.rooms.guest("quick");
            Frame frame = Frames.of(new byte[30_000]);
            boolean full = false;
            for (int i = 0; i < 1000 && !full; i++) {
                Await.until(
                        "there is room, or none for good",
                        () -> stuck.connection.isWritable() || stuck.gone.isDone() || isStuck(stuck));
                full = stuck.connection.send(frame) == Sent.FULL;
                assertThat(served.connection.send(frame)).isEqualTo(Sent.TAKEN);
                assertThat(quick.read(RawClient.BINARY).payload()).hasSize(frame.length());
            }
            assertThat(full).as("refused beyond the bound").isTrue();
            assertThat(stuck.connection.isWritable()).isFalse();
            assertThat(stuck.gone.get(20, TimeUnit.SECONDS)).isEqualTo(Departure.LOST);
            assertThat(served.gone).isNotDone();
            Await.until("its connection is closed", () -> server.gateway.clients() == 1);
        }
    }

    @Test
    @DisplayName("a client that was slow and reads again is told to be writable")
    void writableAgain() throws Exception {
        try (var server = new TestGateway("slow-timeout = 60s");
                var client = RawClient.open(server.port(), "ada", 4096)) {
            TestRooms.Guest guest = server.rooms.guest("ada");
            int sent = 0;
            while (guest.connection.isWritable()) {
                assertThat(guest.connection.send(Frames.of(new byte[10_000]))).isEqualTo(Sent.TAKEN);
                sent++;
            }
            assertThat(guest.writable).isZero();
            for (int i = 0; i < sent; i++) {
                client.read(RawClient.BINARY);
            }
            Await.until("it is told", () -> guest.writable > 0);
            assertThat(guest.connection.isWritable()).isTrue();
        }
    }

    @Test
    @DisplayName("more messages than allowed: on WebSocket all arrive, later; as datagrams the surplus is dropped")
    void pace() throws Exception {
        try (var server = new TestGateway("messages-per-second = 200", "message-burst = 100")) {
            try (var client = RawClient.open(server.port(), "ws")) {
                TestRooms.Guest guest = server.rooms.guest("ws");
                long begin = System.nanoTime();
                for (int i = 0; i < 250; i++) {
                    client.binary(new byte[] {(byte) i});
                }
                // One read may run ahead of the allowance; the next has to wait until that is paid for.
                Await.until("the first half", () -> guest.messages.size() == 250);
                for (int i = 250; i < 500; i++) {
                    client.binary(new byte[] {(byte) i});
                }
                Await.until("all of them", () -> guest.messages.size() == 500);
                assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin))
                        .as("the first half is 150 over the burst, at 200 a second")
                        .isGreaterThan(700);
                for (int i = 0; i < 500; i++) {
                    assertThat(guest.messages.get(i)).containsExactly((byte) i);
                }
            }
            try (var client = QuicClient.open(server.port(), "wt")) {
                for (int i = 0; i < 500; i++) {
                    client.message(HELLO);
                }
                TestRooms.Guest guest = server.rooms.guest("wt");
                Await.until("the burst", () -> guest.messages.size() >= 100);
                assertThat(guest.messages.size()).isLessThan(500);
            }
        }
    }

    @Test
    @DisplayName("paused by its node, a WebSocket is not read; resumed, nothing is missing")
    void paused() throws Exception {
        try (var server = new TestGateway();
                var client = RawClient.open(server.port(), "ada")) {
            TestRooms.Guest guest = server.rooms.guest("ada");
            client.binary(HELLO);
            Await.until("the first", () -> guest.messages.size() == 1);
            guest.connection.reading(false);
            // What the loop does next shows that the pause is in force.
            guest.connection.send(Frames.of(HELLO));
            client.read(RawClient.BINARY);
            for (int i = 0; i < 20; i++) {
                client.binary(HELLO);
            }
            assertThat(guest.messages).hasSize(1);
            guest.connection.reading(true);
            Await.until("the others", () -> guest.messages.size() == 21);
        }
    }

    @Test
    @DisplayName("connections beyond the bound are closed at once, and places come back")
    void connectionBounds() throws Exception {
        try (var server = new TestGateway("connections = 3")) {
            try (var a = RawClient.open(server.port(), "a");
                    var b = RawClient.open(server.port(), "b");
                    var c = QuicClient.open(server.port(), "c")) {
                try (var refused = new Socket("127.0.0.1", server.port())) {
                    assertThat(endOf(refused)).isTrue();
                }
                assertThat(server.admissions.refused()).isEqualTo(1);
                assertThat(server.rooms.guests).hasSize(3);
            }
            Await.until("places are free", () -> server.admissions.connections() == 0);
            assertServes(server, "after");
        }
        try (var server = new TestGateway("connections-per-address = 1");
                var a = RawClient.open(server.port(), "a");
                var refused = new Socket("127.0.0.1", server.port())) {
            assertThat(endOf(refused)).isTrue();
            assertThat(server.rooms.guests).hasSize(1);
        }
    }

    @Test
    @DisplayName("clients beyond the admission rate get a 503 with a time to come back, on both transports")
    void admissionRate() throws Exception {
        try (var server = new TestGateway("admissions-per-second = 1");
                var first = RawClient.open(server.port(), "first");
                var second = RawClient.tls(server.port())) {
            second.request("/v1?publickey=k&id=second");
            assertThat(second.head()).startsWith("HTTP/1.1 503 ").contains("retry-after: 10");
            assertThatThrownBy(() -> QuicClient.open(server.port(), "third")).hasMessageContaining("503");
            first.binary(HELLO);
            Await.until(
                    "who is in stays",
                    () -> server.rooms.guest("first").messages.size() == 1);
            assertThat(server.rooms.guests).hasSize(1);
        }
    }

    @Test
    @DisplayName("an authenticator that never answers costs its client the handshake time, and nobody else anything")
    void silentAuthenticator() throws Exception {
        try (var server = new TestGateway(
                        attempt -> attempt.clientId().equals("late")
                                ? new CompletableFuture<>()
                                : CompletableFuture.completedStage(Admission.to("realm")),
                        "handshake-timeout = 2s");
                var late = RawClient.tls(server.port())) {
            late.request("/v1?publickey=k&id=late");
            assertServes(server, "quick");
            assertThat(late.rest()).as("what it was answered").isEmpty();
            Await.until("its place is free", () -> server.admissions.connections() == 0);
        }
    }

    @Test
    @DisplayName(
            "a node closes with its code: on WebSocket as a frame behind what was sent, on WebTransport with the connection")
    void closedByNode() throws Exception {
        try (var server = new TestGateway();
                var ws = RawClient.open(server.port(), "ws");
                var wt = QuicClient.open(server.port(), "wt")) {
            PeerConnection connection = server.rooms.guest("ws").connection;
            connection.send(Frames.of(HELLO));
            connection.close(1013, "too slow");
            assertThat(Signalling.decode(ws.read(RawClient.BINARY).payload()).isData())
                    .isTrue();
            assertThat(ws.read(RawClient.CLOSE).closeCode()).isEqualTo(1013);
            server.rooms.guest("wt").connection.close(1013, "too slow");
            assertThat(wt.connection.closeFuture().await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(server.rooms.guest("ws").departures).hasSize(1);
            assertThat(server.rooms.guest("wt").departures).hasSize(1);
        }
    }

    /** What the kernel takes it has taken. */
    private static boolean isStuck(TestRooms.Guest guest) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(20);
        while (System.nanoTime() < end) {
            if (guest.connection.isWritable()) {
                return false;
            }
            Thread.onSpinWait();
        }
        return true;
    }

    private static void assertServes(TestGateway server, String id) throws Exception {
        server.rooms.echo = true;
        try (var ws = RawClient.open(server.port(), id)) {
            ws.binary(HELLO);
            assertThat(ws.read(RawClient.BINARY).payload()).isNotEmpty();
        }
        try (var wt = QuicClient.open(server.port(), id + "-wt")) {
            wt.message(HELLO);
            assertThat(wt.nextDatagram()).isNotNull();
        }
    }

    private interface Send {
        void run() throws IOException;
    }

    /** The server may have closed already, which is fine. */
    private static void send(Send send) {
        try {
            send.run();
        } catch (IOException closed) {
            assertThat(closed).isNotNull();
        }
    }

    private static byte[] bytes(Random random, int most) {
        byte[] bytes = new byte[random.nextInt(most)];
        random.nextBytes(bytes);
        return bytes;
    }

    /** True when the server has closed the connection; what it says before is skipped. */
    private static boolean endOf(Socket socket) throws IOException {
        socket.setSoTimeout(20_000);
        try {
            while (socket.getInputStream().read() >= 0) {
                continue;
            }
            return true;
        } catch (java.net.SocketException reset) {
            return true;
        }
    }
}
