package dev.moitessier.yomo;

import com.typesafe.config.Config;
import dev.moitessier.prscd.MeshLink;
import dev.moitessier.prscd.MeshProvider;
import dev.moitessier.psig.Psig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a prscd node one of a YoMo network of prscd nodes, in Go and in Java: {@code prscd.mesh = yomo}. It is one function on
 * the zipper, which observes 0x20 and 0x21 as those in Go do, and 0x22, by which nodes in Java know that others live.
 *
 * <p>While the zipper is away, rooms go on among the clients of the node; what is said meanwhile is lost to the others.
 */
public final class YomoMesh implements MeshProvider {
    private static final Logger LOG = LoggerFactory.getLogger(YomoMesh.class);

    private static final int TAG_BETWEEN_NODES = 0x22;

    /** Nothing is queued while the zipper is away: these are good-byes of a node's clients when it closes. */
    private static final int WAITING_FRAMES = 20_000;

    private static final long WAITING_BYTES = 32 << 20;
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    /** For the ServiceLoader. */
    public YomoMesh() {}

    @Override
    public String name() {
        return "yomo";
    }

    @Override
    public MeshLink open(Config settings, String realm, MeshLink.Receiver receiver) {
        StreamFunction.Builder node = StreamFunction.builder("prscd-" + realm)
                .zipper(settings.getString("zipper"))
                .credential(settings.getString("credential"))
                .tls(tls(settings))
                .queue(WAITING_FRAMES, WAITING_BYTES);
        int[] tags = {Psig.TAG_FROM_PRSCD, Psig.TAG_FROM_BACKEND, TAG_BETWEEN_NODES};
        ZipperClient client = new ZipperClient(
                node.settings(ZipperSettings.STREAM_FUNCTION, tags),
                data -> receiver.received(data.tag(), data.payload()),
                receiver::connected);
        client.start();
        return new Link(client);
    }

    private static ZipperTls tls(Config settings) {
        if (settings.getBoolean("trust-all")) {
            LOG.warn("prscd.yomo.trust-all: whoever is between this node and the zipper reads and changes everything");
            return ZipperTls.trustAll();
        }
        String authorities = settings.getString("authorities");
        String certificate = settings.getString("certificate");
        ZipperTls tls = authorities.isEmpty() ? ZipperTls.verified() : ZipperTls.trusting(Path.of(authorities));
        return certificate.isEmpty() ? tls : tls.identity(Path.of(certificate), Path.of(settings.getString("key")));
    }

    private record Link(ZipperClient client, byte[] metadata) implements MeshLink {
        Link(ZipperClient client) {
            this(client, Metadata.encode(Map.of(Metadata.SOURCE_ID, client.id())));
        }

        @Override
        public void publish(int tag, byte[] message) {
            Objects.requireNonNull(message);
            try {
                client.write(tag, metadata, message);
            } catch (ZipperException | IllegalArgumentException lost) {
                LOG.debug("not told to the other nodes: {}", lost.getMessage());
            }
        }

        @Override
        public boolean isConnected() {
            return client.connected();
        }

        @Override
        public void close() {
            client.close(LAST_WORDS);
        }
    }
}
