package dev.moitessier.examples.psig;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.moitessier.Moitessier;
import dev.moitessier.prscd.PrscdServer;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import dev.moitessier.store.memory.MemoryStore;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class InPrscdTest {
    private static final byte[] NO_STATE = {(byte) 0x80};

    @Test
    void theFunctionAnswersWhoSpeaksInAChannel() throws Exception {
        var config = ConfigFactory.parseString("prscd { port = 0, tls.off = true,"
                + " realms.shop { keys = [k], join = [\"*\"], publish = [\"*\"] } }");
        BlockingQueue<Signalling> heard = new LinkedBlockingQueue<>();
        try (Moitessier moitessier = Moitessier.on(new MemoryStore());
                PrscdServer prscd = InPrscd.start(moitessier, config)) {
            WebSocket ada = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .buildAsync(
                            URI.create("ws://localhost:" + prscd.port() + "/v1?publickey=k&id=ada"),
                            new WebSocket.Listener() {
                                @Override
                                public CompletionStage<?> onBinary(WebSocket from, ByteBuffer message, boolean last) {
                                    heard.add(Signalling.decode(message));
                                    from.request(1);
                                    return null;
                                }
                            })
                    .join();
            say(ada, Signalling.control(Psig.OP_CHANNEL_JOIN, "room").withPayload(NO_STATE));
            assertThat(heard.poll(20, TimeUnit.SECONDS).opCode()).isEqualTo(Psig.OP_CHANNEL_JOIN);
            say(ada, Signalling.data("room", new ChannelEvent("ask", "{\"x\":1}")));

            Signalling answer = heard.poll(20, TimeUnit.SECONDS);
            assertThat(answer.cid()).isEqualTo("presence-backend-sfn");
            assertThat(answer.event()).isEqualTo(new ChannelEvent("completed", "{\"ok\":true}"));
        }
    }

    private static void say(WebSocket socket, Signalling message) {
        socket.sendBinary(ByteBuffer.wrap(message.encode()), true).join();
    }
}
