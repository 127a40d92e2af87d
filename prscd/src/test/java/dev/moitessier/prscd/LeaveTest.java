package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** However a client goes, the others are told once, and nothing of it stays. */
@Timeout(60)
final class LeaveTest {
    private static final String ROOM = "room";

    /** A client in the room, and its way to go. */
    private record Guest(AutoCloseable connection, Step go) {}

    private interface Step {
        void run() throws Exception;
    }

    private interface Arrival {
        Guest of(int port) throws Exception;
    }

    @Test
    @DisplayName("leave.tcpReset")
    void tcpReset() throws Exception {
        isToldOnce(port -> {
            RawClient client = joined(port, "ada");
            return new Guest(client, client::reset);
        });
    }

    @Test
    @DisplayName("leave.halfOpen: three pings without an answer")
    void halfOpen() throws Exception {
        isToldOnce(port -> new Guest(joined(port, "ada"), () -> {}));
    }

    @Test
    @DisplayName("leave.textFrame: 1003")
    void textFrame() throws Exception {
        isToldOnce(port -> {
            RawClient client = joined(port, "ada");
            return new Guest(client, () -> {
                client.raw(RawClient.frame(true, RawClient.TEXT, "hello".getBytes(StandardCharsets.UTF_8)));
                assertThat(client.read(RawClient.CLOSE).closeCode()).isEqualTo(1003);
            });
        });
    }

    @Test
    @DisplayName("leave.wtClose: the capsule that closes a session")
    void webTransportClose() throws Exception {
        isToldOnce(port -> {
            var client = new QuicClient(port);
            QuicClient.Exchange session = joined(client);
            return new Guest(
                    client, () -> QuicClient.data(session, HexFormat.of().parseHex("68430700000007627965")));
        });
    }

    @Test
    @DisplayName("leave.wtReset: the session's stream is reset")
    void webTransportReset() throws Exception {
        isToldOnce(port -> {
            var client = new QuicClient(port);
            QuicClient.Exchange session = joined(client);
            return new Guest(client, () -> session.stream.shutdownOutput(7).sync());
        });
    }

    private static void isToldOnce(Arrival arrival) throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start("prscd.limits.ping-interval = 400ms");
                RawClient watch = joined(server.port(), "watch")) {
            Guest ada = arrival.of(server.port());
            try {
                awaitFrame(watch, Psig.OP_STATE);
                ada.go().run();
                awaitFrame(watch, Psig.OP_PEER_OFFLINE);
                for (int pings = 0; pings < 5; ) {
                    RawClient.Received frame = answered(watch);
                    if (frame.opcode() == RawClient.PING) {
                        pings++;
                    } else {
                        assertThat(Signalling.decode(frame.payload()).cid()).isNotEqualTo("ada");
                    }
                }
                assertThat(server.channel("demo", ROOM)
                                .peers()
                                .toCompletableFuture()
                                .get(10, TimeUnit.SECONDS))
                        .extracting(ChannelPeer::id)
                        .containsExactly("watch");
            } finally {
                ada.connection().close();
            }
        }
    }

    private static RawClient joined(int port, String id) throws Exception {
        RawClient client = RawClient.tls(port);
        client.request("/v1?publickey=demo&id=" + id);
        assertThat(client.head()).startsWith("HTTP/1.1 101 ");
        client.binary(join());
        assertThat(Signalling.decode(client.read(RawClient.BINARY).payload()).opCode())
                .isEqualTo(Psig.OP_CHANNEL_JOIN);
        client.binary(Signalling.control(Psig.OP_PEER_ONLINE, ROOM).encode());
        return client;
    }

    private static QuicClient.Exchange joined(QuicClient client) throws Exception {
        QuicClient.Exchange session = client.connect("/v1?publickey=demo&id=ada");
        assertThat(session.status()).isEqualTo("200");
        client.message(join());
        assertThat(client.nextDatagram()).isNotNull();
        client.message(Signalling.control(Psig.OP_PEER_ONLINE, ROOM).encode());
        return session;
    }

    private static byte[] join() {
        return Signalling.control(Psig.OP_CHANNEL_JOIN, ROOM)
                .withPayload(Bench.state("here"))
                .encode();
    }

    /** Reads on until this is said of ada. */
    private static void awaitFrame(RawClient watch, String opCode) throws Exception {
        while (true) {
            RawClient.Received frame = answered(watch);
            if (frame.opcode() == RawClient.BINARY) {
                Signalling told = Signalling.decode(frame.payload());
                if (told.opCode().equals(opCode) && told.cid().equals("ada")) {
                    return;
                }
            }
        }
    }

    /** The next frame; a ping has its answer, as any client gives it. */
    private static RawClient.Received answered(RawClient client) throws Exception {
        RawClient.Received frame = client.read();
        if (frame.opcode() == RawClient.PING) {
            client.raw(RawClient.frame(true, RawClient.PONG, frame.payload()));
        }
        return frame;
    }
}
