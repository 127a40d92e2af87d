package dev.moitessier.prscd.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.moitessier.Moitessier;
import dev.moitessier.prscd.Await;
import dev.moitessier.prscd.PrscdServer;
import dev.moitessier.store.memory.MemoryStore;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class PrscdMetersTest {
    @Test
    @DisplayName("clients, refusals and everything that is counted are meters")
    void meters() throws Exception {
        try (Moitessier moitessier = Moitessier.on(new MemoryStore());
                PrscdServer server = PrscdServer.builder(moitessier)
                        .config(ConfigFactory.parseString(
                                "prscd { port = 0, tls.off = true, realms.a { keys = [k], join = [\"*\"] } }"))
                        .start()) {
            MeterRegistry registry = new SimpleMeterRegistry();
            new PrscdMeters(server).bindTo(registry);
            assertThat(registry.get("prscd.clients").gauge().value()).isZero();

            var answered = new CompletableFuture<ByteBuffer>();
            WebSocket client = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .buildAsync(
                            URI.create("ws://localhost:" + server.port() + "/v1?publickey=k&id=ada"),
                            new WebSocket.Listener() {
                                @Override
                                public CompletionStage<?> onBinary(WebSocket from, ByteBuffer message, boolean last) {
                                    answered.complete(message);
                                    return CompletableFuture.completedStage(from);
                                }
                            })
                    .get(10, TimeUnit.SECONDS);
            client.sendBinary(ByteBuffer.wrap(join()), true);
            assertThat(answered.get(10, TimeUnit.SECONDS).hasRemaining()).isTrue();
            assertThat(registry.get("prscd.clients").gauge().value()).isEqualTo(1);
            assertThat(registry.get("prscd.joins").functionCounter().count()).isEqualTo(1);
            // Counted when the connection has taken it: the client may be quicker.
            Await.until(
                    "a frame was sent",
                    () -> registry.get("prscd.frames.sent").functionCounter().count() > 0);
            assertThat(server.counts())
                    .allSatisfy((name, count) -> assertThat(registry.get("prscd." + name.replace('_', '.'))
                                    .functionCounter()
                                    .count())
                            .isGreaterThanOrEqualTo(count));
            client.abort();
        }
    }

    private static byte[] join() {
        return dev.moitessier.psig.Signalling.control(dev.moitessier.psig.Psig.OP_CHANNEL_JOIN, "room")
                .encode();
    }
}
