package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.psig.Signalling;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(60)
@ExtendWith(Leaks.class)
@SuppressWarnings("try") // some connections are only held open, or closed early
final class WebSocketTest {
    private static final byte[] HELLO = "hello".getBytes(StandardCharsets.UTF_8);

    @Test
    @DisplayName("a message arrives whole, and a frame comes back in one")
    void echo() throws Exception {
        try (var server = new TestGateway();
                var client = RawClient.open(server.port(), "ada")) {
            server.rooms.echo = true;
            client.binary(HELLO);
            RawClient.Received back = client.read(RawClient.BINARY);
            assertThat(back.last()).isTrue();
            assertThat(Signalling.decode(back.payload()).payload()).isEqualTo(ByteBuffer.wrap(HELLO));
            assertThat(server.rooms.guest("ada").messages).containsExactly(HELLO);
        }
    }

    @Test
    @DisplayName("the upgrade says version and mesh, and takes no extension and no subprotocol")
    void upgradeHeaders() throws Exception {
        try (var server = new TestGateway();
                var client = RawClient.tls(server.port())) {
            client.request(
                    "/v1?publickey=k&id=ada",
                    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
                    "Origin: https://app.example.org");
            String head = client.head().toLowerCase(java.util.Locale.ROOT);
            assertThat(head)
                    .startsWith("http/1.1 101 ")
                    .contains("x-prscd-version: v2.0.0-alpha\r\n", "x-prscd-meshid: test-mesh\r\n")
                    .doesNotContain("sec-websocket-extensions", "sec-websocket-protocol");
        }
    }

    @Test
    @DisplayName("statuses of refusals: path 404, no id or key 401, bad key 403, foreign page 403")
    void refusals() throws Exception {
        try (var server = new TestGateway()) {
            assertThat(status(server, "/v2?publickey=k&id=ada")).isEqualTo(404);
            assertThat(status(server, "/v1?publickey=k")).isEqualTo(401);
            assertThat(status(server, "/v1?publickey=k&id=")).isEqualTo(401);
            assertThat(status(server, "/v1?id=ada")).isEqualTo(401);
            assertThat(status(server, "/v1?publickey=k&id=" + "a".repeat(201))).isEqualTo(401);
            assertThat(status(server, "/v1?publickey=k&id=a%0ab")).isEqualTo(401);
            assertThat(status(server, "/v1?publickey=wrong&id=ada")).isEqualTo(403);
            assertThat(status(server, "/v1?publickey=k&id=ada", "Origin: https://evil.example.org"))
                    .isEqualTo(403);
            assertThat(status(server, "/v1?publickey=k&id=ada", "Origin: https://app.example.org"))
                    .isEqualTo(101);
            assertThat(server.rooms.guests).hasSize(1);
        }
    }

    @Test
    @DisplayName("an authenticator that fails turns away for now, with 503 and a time to come back")
    void authenticatorFails() throws Exception {
        try (var server = new TestGateway(attempt -> {
                    throw new IllegalStateException("no database");
                });
                var client = RawClient.tls(server.port())) {
            client.request("/v1?publickey=k&id=ada");
            assertThat(client.head()).startsWith("HTTP/1.1 503 ").contains("retry-after: 10");
        }
    }

    @Test
    @DisplayName("text frame: 1003, and the rooms hear of it once")
    void textFrame() throws Exception {
        try (var server = new TestGateway();
                var client = RawClient.open(server.port(), "ada")) {
            client.raw(RawClient.frame(true, RawClient.TEXT, HELLO));
            assertThat(client.read(RawClient.CLOSE).closeCode()).isEqualTo(1003);
            TestRooms.Guest guest = server.rooms.guest("ada");
            assertThat(guest.gone.get(5, TimeUnit.SECONDS)).isEqualTo(Departure.LOST);
            client.close();
            Await.until("nobody", () -> server.gateway.clients() == 0);
            assertThat(guest.departures).hasSize(1);
        }
    }

    @Test
    @DisplayName("pings of all sizes are answered with their payload, and the stream stays in step")
    void pings() throws Exception {
        try (var server = new TestGateway();
                var client = RawClient.open(server.port(), "ada")) {
            server.rooms.echo = true;
            for (int size : new int[] {0, 1, 7, 8, 9, 124, 125}) {
                byte[] payload = "p".repeat(size).getBytes(StandardCharsets.UTF_8);
                client.raw(RawClient.frame(true, RawClient.PING, payload));
                assertThat(client.read(RawClient.PONG).payload()).isEqualTo(payload);
                client.binary(HELLO);
                assertThat(Signalling.decode(client.read(RawClient.BINARY).payload())
                                .payload())
                        .isEqualTo(ByteBuffer.wrap(HELLO));
            }
        }
    }

    @Test
    @DisplayName("unasked pongs of all sizes hurt nobody")
    void shortPongs() throws Exception {
        try (var server = new TestGateway();
                var client = RawClient.open(server.port(), "ada")) {
            server.rooms.echo = true;
            for (int size : new int[] {0, 1, 7, 8, 9, 125}) {
                client.raw(RawClient.frame(true, RawClient.PONG, new byte[size]));
            }
            client.binary(HELLO);
            assertThat(client.read(RawClient.BINARY).payload()).isNotEmpty();
        }
    }

    @Test
    @DisplayName("fragments with a ping between them make one message; one byte over the bound is 1009")
    void fragments() throws Exception {
        try (var server = new TestGateway("frame-bytes = 1000");
                var client = RawClient.open(server.port(), "ada")) {
            client.raw(RawClient.frame(false, RawClient.BINARY, new byte[400]));
            client.raw(RawClient.frame(true, RawClient.PING, new byte[3]));
            client.raw(RawClient.frame(false, RawClient.CONTINUATION, new byte[400]));
            client.raw(RawClient.frame(true, RawClient.CONTINUATION, new byte[200]));
            TestRooms.Guest guest = server.rooms.guest("ada");
            Await.until("the message", () -> guest.messages.size() == 1);
            assertThat(guest.messages.get(0)).hasSize(1000);
            client.raw(RawClient.frame(false, RawClient.BINARY, new byte[600]));
            client.raw(RawClient.frame(true, RawClient.CONTINUATION, new byte[401]));
            assertThat(client.read(RawClient.CLOSE).closeCode()).isEqualTo(1009);
            assertThat(guest.gone.get(5, TimeUnit.SECONDS)).isEqualTo(Departure.LOST);
        }
    }

    @Test
    @DisplayName("a frame that announces an exabyte is 1009 at once, without an allocation")
    void hugeLength() throws Exception {
        try (var server = new TestGateway();
                var client = RawClient.open(server.port(), "ada")) {
            client.raw(new byte[] {(byte) 0x82, (byte) 0xff, 0x0f, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0});
            assertThat(client.read(RawClient.CLOSE).closeCode()).isEqualTo(1009);
        }
    }

    @Test
    @DisplayName("an unmasked frame is 1002")
    void unmasked() throws Exception {
        try (var server = new TestGateway();
                var client = RawClient.open(server.port(), "ada")) {
            client.raw(new byte[] {(byte) 0x82, 1, 7});
            assertThat(client.read(RawClient.CLOSE).closeCode()).isEqualTo(1002);
            assertThat(server.rooms.guest("ada").gone.get(5, TimeUnit.SECONDS)).isEqualTo(Departure.LOST);
        }
    }

    @Test
    @DisplayName("close frames: 1000, 1001 and none are a leave, others a loss; each is answered")
    void closes() throws Exception {
        try (var server = new TestGateway()) {
            assertThat(closedWith(server, "a", new byte[] {0x03, (byte) 0xe8})).isEqualTo(Departure.LEFT);
            assertThat(closedWith(server, "b", new byte[] {0x03, (byte) 0xe9})).isEqualTo(Departure.LEFT);
            assertThat(closedWith(server, "c", new byte[0])).isEqualTo(Departure.LEFT);
            assertThat(closedWith(server, "d", new byte[] {0x03, (byte) 0xf3})).isEqualTo(Departure.LOST);
        }
    }

    private static Departure closedWith(TestGateway server, String id, byte[] payload) throws Exception {
        try (var client = RawClient.open(server.port(), id)) {
            client.raw(RawClient.frame(true, RawClient.CLOSE, payload));
            assertThat(client.read(RawClient.CLOSE).payload()).isEqualTo(payload);
            assertThatThrownBy(client::read).isInstanceOf(EOFException.class);
            return server.rooms.guest(id).gone.get(5, TimeUnit.SECONDS);
        }
    }

    @Test
    @DisplayName("a reset connection is a loss, told once")
    void reset() throws Exception {
        try (var server = new TestGateway()) {
            var client = RawClient.open(server.port(), "ada");
            TestRooms.Guest guest = server.rooms.guest("ada");
            client.reset();
            assertThat(guest.gone.get(5, TimeUnit.SECONDS)).isEqualTo(Departure.LOST);
            Await.until("nobody", () -> server.gateway.clients() == 0);
            assertThat(guest.departures).hasSize(1);
        }
    }

    @Test
    @DisplayName("a client that answers no ping is gone after three; one that answers stays")
    void silence() throws Exception {
        try (var server = new TestGateway("ping-interval = 200ms");
                var silent = RawClient.open(server.port(), "silent");
                var alive = RawClient.open(server.port(), "alive")) {
            TestRooms.Guest gone = server.rooms.guest("silent");
            while (!gone.gone.isDone()) {
                RawClient.Received ping = alive.read(RawClient.PING);
                assertThat(ping.payload()).hasSize(8);
                assertThat(ByteBuffer.wrap(ping.payload()).getLong())
                        .isBetween(System.currentTimeMillis() - 20_000, System.currentTimeMillis());
                alive.raw(RawClient.frame(true, RawClient.PONG, ping.payload()));
            }
            assertThat(gone.departures).containsExactly(Departure.LOST);
            int pings = 0;
            RawClient.Received last = silent.read();
            for (; last.opcode() == RawClient.PING; last = silent.read()) {
                pings++;
            }
            assertThat(pings).isEqualTo(3);
            assertThat(last.closeCode()).isEqualTo(1001);
            assertThat(server.rooms.guest("alive").gone).isNotDone();
        }
    }

    @Test
    @DisplayName("a pause of the process, many pings long, disconnects nobody who answers")
    void pause() throws Exception {
        try (var server = new TestGateway("ping-interval = 100ms");
                var client = RawClient.open(server.port(), "ada")) {
            TestRooms.Guest guest = server.rooms.guest("ada");
            client.raw(RawClient.frame(
                    true, RawClient.PONG, client.read(RawClient.PING).payload()));
            ((Link) guest.connection)
                    .channel()
                    .eventLoop()
                    .execute(() -> LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1500)));
            for (int i = 0; i < 10; i++) {
                RawClient.Received ping = client.read();
                assertThat(ping.opcode()).as("a ping, no close frame").isEqualTo(RawClient.PING);
                client.raw(RawClient.frame(true, RawClient.PONG, ping.payload()));
            }
            assertThat(guest.gone).isNotDone();
        }
    }

    @Test
    @DisplayName("a thousand frames to ten clients keep their order")
    void order() throws Exception {
        try (var server = new TestGateway()) {
            var clients = new java.util.ArrayList<RawClient>();
            try {
                for (int i = 0; i < 10; i++) {
                    clients.add(RawClient.open(server.port(), "c" + i));
                    server.rooms.guest("c" + i);
                }
                for (int n = 0; n < 1000; n++) {
                    server.rooms.broadcast(Frames.of(Integer.toString(n).getBytes(StandardCharsets.UTF_8)));
                }
                for (RawClient client : clients) {
                    for (int n = 0; n < 1000; n++) {
                        Signalling got =
                                Signalling.decode(client.read(RawClient.BINARY).payload());
                        assertThat(StandardCharsets.UTF_8.decode(got.payload()).toString())
                                .isEqualTo(Integer.toString(n));
                    }
                }
            } finally {
                for (RawClient client : clients) {
                    client.close();
                }
            }
        }
    }

    @Test
    @DisplayName("frames of four senders on one socket stay whole, each sender's in its order")
    void concurrentSenders() throws Exception {
        try (var server = new TestGateway("waiting-bytes = 64 MiB");
                var client = RawClient.open(server.port(), "ada")) {
            PeerConnection connection = server.rooms.guest("ada").connection;
            var senders = new java.util.ArrayList<Thread>();
            for (int sender = 0; sender < 4; sender++) {
                String name = Integer.toString(sender);
                senders.add(new Thread(() -> {
                    for (int n = 0; n < 1000; n++) {
                        // Sizes on both sides of the 126 bytes at which the header grows.
                        String text = name + ":" + n + ":" + "x".repeat(n % 300);
                        connection.send(Frames.of(text.getBytes(StandardCharsets.UTF_8)));
                    }
                }));
            }
            senders.forEach(Thread::start);
            int[] next = new int[4];
            for (int i = 0; i < 4000; i++) {
                Signalling got = Signalling.decode(client.read(RawClient.BINARY).payload());
                String[] parts =
                        StandardCharsets.UTF_8.decode(got.payload()).toString().split(":", -1);
                int sender = Integer.parseInt(parts[0]);
                assertThat(Integer.parseInt(parts[1])).isEqualTo(next[sender]);
                assertThat(parts[2]).hasSize(next[sender] % 300);
                next[sender]++;
            }
            for (Thread sender : senders) {
                sender.join();
            }
        }
    }

    private static int status(TestGateway server, String target, String... headers) throws IOException {
        try (var client = RawClient.tls(server.port())) {
            client.request(target, headers);
            return Integer.parseInt(client.head().substring(9, 12));
        }
    }
}
