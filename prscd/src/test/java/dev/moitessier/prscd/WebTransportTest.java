package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.psig.Signalling;
import io.netty.handler.codec.quic.QuicStreamType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@Timeout(60)
@ExtendWith(Leaks.class)
@SuppressWarnings("try") // some connections are only held open, or closed early
final class WebTransportTest {
    private static final byte[] HELLO = "hello".getBytes(StandardCharsets.UTF_8);

    @Test
    @DisplayName("a datagram is a message, and a frame comes back as one, marked with its session")
    void echo() throws Exception {
        try (var server = new TestGateway();
                var client = QuicClient.open(server.port(), "ada")) {
            server.rooms.echo = true;
            client.message(HELLO);
            byte[] back = client.nextDatagram();
            assertThat(back[0]).isZero();
            Signalling got = Signalling.decode(Arrays.copyOfRange(back, 1, back.length));
            assertThat(got.payload()).isEqualTo(ByteBuffer.wrap(HELLO));
            assertThat(server.rooms.guest("ada").connection.kind()).isEqualTo(PeerConnection.Kind.WEBTRANSPORT);
        }
    }

    @Test
    @DisplayName("the response says draft, version and mesh")
    void responseHeaders() throws Exception {
        try (var server = new TestGateway();
                var client = new QuicClient(server.port())) {
            QuicClient.Exchange session = client.connect("/v1?publickey=k&id=ada", "origin", "https://app.example.org");
            assertThat(session.status()).isEqualTo("200");
            assertThat(session.headers.join().headers().get("sec-webtransport-http3-draft"))
                    .hasToString("draft02");
            assertThat(session.headers.join().headers().get("x-prscd-meshid")).hasToString("test-mesh");
        }
    }

    @Test
    @DisplayName("statuses of refusals: path 404, no id or key 401, bad key 401, foreign page 403, second session 429")
    void refusals() throws Exception {
        try (var server = new TestGateway()) {
            assertThat(status(server, "/v2?publickey=k&id=ada")).isEqualTo("404");
            assertThat(status(server, "/v1?publickey=k")).isEqualTo("401");
            assertThat(status(server, "/v1?id=ada")).isEqualTo("401");
            assertThat(status(server, "/v1?publickey=wrong&id=ada")).isEqualTo("401");
            assertThat(status(server, "/v1?publickey=k&id=ada", "origin", "https://evil.example.org"))
                    .isEqualTo("403");
            try (var client = QuicClient.open(server.port(), "ada")) {
                assertThat(client.connect("/v1?publickey=k&id=bob").status()).isEqualTo("429");
            }
        }
    }

    private static String status(TestGateway server, String path, String... headers) throws Exception {
        try (var client = new QuicClient(server.port())) {
            return client.connect(path, headers).status();
        }
    }

    @Test
    @DisplayName("plain requests over HTTP/3 are answered like others")
    void plainRequests() throws Exception {
        try (var server = new TestGateway();
                var client = new QuicClient(server.port())) {
            QuicClient.Exchange health = client.get("/healthz");
            assertThat(health.status()).isEqualTo("200");
            health.ended.get(5, TimeUnit.SECONDS);
            assertThat(health.body.toString()).isEqualTo("ok\n");
            assertThat(client.get("/dump").status()).isEqualTo("401");
            assertThat(client.get("/nothing").status()).isEqualTo("404");
        }
    }

    @Test
    @DisplayName("empty datagrams, ones of other sessions and cut ones hurt nobody")
    void oddDatagrams() throws Exception {
        try (var server = new TestGateway();
                var client = QuicClient.open(server.port(), "ada")) {
            server.rooms.echo = true;
            for (String hex :
                    new String[] {"00", "01", "3f616263", "40", "4001ff", "80000000", "c0", "ffffffffffffffff"}) {
                client.datagram(HexFormat.of().parseHex(hex));
            }
            client.message(HELLO);
            assertThat(client.nextDatagram()).isNotNull();
            assertThat(server.rooms.guest("ada").messages).containsExactly(HELLO);
        }
    }

    @Test
    @DisplayName("a session that the client closes is a leave: by capsule or by the end of the stream")
    void leave() throws Exception {
        try (var server = new TestGateway()) {
            try (var client = new QuicClient(server.port())) {
                QuicClient.Exchange session = client.connect("/v1?publickey=k&id=capsule");
                session.status();
                // A capsule of an unknown kind, as Chromium sends one, then the good-bye in two pieces.
                QuicClient.data(session, HexFormat.of().parseHex("c2191c55c4869063" + "03" + "010203" + "68"));
                QuicClient.data(session, HexFormat.of().parseHex("43" + "07" + "00000007" + "627965"));
                assertThat(server.rooms.guest("capsule").gone.get(5, TimeUnit.SECONDS))
                        .isEqualTo(Departure.LEFT);
            }
            try (var client = new QuicClient(server.port())) {
                QuicClient.Exchange session = client.connect("/v1?publickey=k&id=fin");
                session.status();
                session.stream.shutdownOutput().sync();
                assertThat(server.rooms.guest("fin").gone.get(5, TimeUnit.SECONDS))
                        .isEqualTo(Departure.LEFT);
            }
            Await.until("nobody", () -> server.gateway.clients() == 0);
            assertThat(server.rooms.guest("capsule").departures).hasSize(1);
            assertThat(server.rooms.guest("fin").departures).hasSize(1);
        }
    }

    @Test
    @DisplayName("a reset stream and a closed connection are a loss")
    void loss() throws Exception {
        try (var server = new TestGateway()) {
            try (var client = new QuicClient(server.port())) {
                QuicClient.Exchange session = client.connect("/v1?publickey=k&id=reset");
                session.status();
                session.stream.shutdownOutput(7).sync();
                assertThat(server.rooms.guest("reset").gone.get(5, TimeUnit.SECONDS))
                        .isEqualTo(Departure.LOST);
            }
            try (var client = QuicClient.open(server.port(), "closed")) {
                client.connection.close();
                assertThat(server.rooms.guest("closed").gone.get(5, TimeUnit.SECONDS))
                        .isEqualTo(Departure.LOST);
            }
        }
    }

    @Test
    @DisplayName("a silent QUIC client is gone after the idle time, one that never asks after the handshake time")
    void silence() throws Exception {
        try (var server = new TestGateway("idle-timeout = 1s", "handshake-timeout = 1500ms")) {
            try (var client = QuicClient.open(server.port(), "silent")) {
                assertThat(server.rooms.guest("silent").gone.get(10, TimeUnit.SECONDS))
                        .isEqualTo(Departure.LOST);
            }
            try (var client = new QuicClient(server.port())) {
                assertThat(client.connection.closeFuture().await(10, TimeUnit.SECONDS))
                        .isTrue();
            }
            Await.until("no connection", () -> server.admissions.connections() == 0);
        }
    }

    @Test
    @DisplayName("a header block that announces a gigabyte ends its connection, not the server")
    void hugeHeaders() throws Exception {
        try (var server = new TestGateway()) {
            try (var client = new QuicClient(server.port())) {
                // HEADERS, length 2^30 - 1; then DATA of 2^62 - 1 on another.
                client.rawStream(QuicStreamType.BIDIRECTIONAL, HexFormat.of().parseHex("01" + "bfffffff" + "0000"));
                assertThat(client.connection.closeFuture().await(10, TimeUnit.SECONDS))
                        .isTrue();
            }
            try (var client = new QuicClient(server.port())) {
                client.rawStream(QuicStreamType.BIDIRECTIONAL, HexFormat.of().parseHex("01ffffffffffffffff00"));
                assertThat(client.connection.closeFuture().await(10, TimeUnit.SECONDS))
                        .isTrue();
            }
            try (var client = QuicClient.open(server.port(), "ada")) {
                assertThat(server.rooms.guest("ada")).isNotNull();
            }
        }
    }

    @Test
    @DisplayName("a frame that fits no datagram is refused as too large, and the connection lives")
    void tooLarge() throws Exception {
        try (var server = new TestGateway();
                var client = QuicClient.open(server.port(), "ada")) {
            PeerConnection connection = server.rooms.guest("ada").connection;
            assertThat(connection.send(Frames.of(new byte[3000]))).isEqualTo(PeerConnection.Sent.TOO_LARGE);
            Frame largest = Frames.of(new byte[1100]);
            assertThat(connection.send(largest)).isEqualTo(PeerConnection.Sent.TAKEN);
            assertThat(client.nextDatagram()).hasSize(largest.length() + 1);
        }
    }
}
