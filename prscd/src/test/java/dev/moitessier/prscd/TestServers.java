package dev.moitessier.prscd;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.Moitessier;
import dev.moitessier.store.memory.MemoryStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Servers that share one store in memory, each with a node of its own, on free ports with certificates of their own. */
final class TestServers implements AutoCloseable {
    private final MemoryStore store = new MemoryStore();
    private final List<Moitessier> nodes = new ArrayList<>();
    private final List<PrscdServer> servers = new ArrayList<>();

    /** With one realm, whose key is {@code demo}. */
    PrscdServer start(String... settings) throws IOException {
        return start(UnaryOperator.identity(), """
                prscd {
                  tls.self-made = true
                  origins = ["*"]
                  realms.demo { keys = ["demo"], join = ["*"], publish = ["*"] }
                }
                """ + String.join("\n", settings));
    }

    PrscdServer start(UnaryOperator<PrscdServer.Builder> more, String settings) throws IOException {
        Moitessier node = Moitessier.builder(store).storeStaysOpen().build();
        nodes.add(node);
        Config config = ConfigFactory.parseString(settings)
                .withFallback(ConfigFactory.parseString("prscd { port = 0, threads = 2 }"));
        PrscdServer server =
                more.apply(PrscdServer.builder(node).config(config)).start();
        servers.add(server);
        return server;
    }

    @Override
    public void close() {
        servers.forEach(PrscdServer::close);
        nodes.forEach(Moitessier::close);
        store.close();
    }
}
