package dev.moitessier.examples.psig;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.Moitessier;
import dev.moitessier.prscd.PrscdServer;
import dev.moitessier.store.memory.MemoryStore;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;

/** {@link PresenceFunction} in a prscd of this process, without a zipper; {@link OnZipper} puts the same one on a zipper. */
public final class InPrscd {
    private InPrscd() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        Config config = ConfigFactory.parseString("""
                prscd {
                  tls.self-made = true
                  realms.shop { keys = ["pk_live_1"], join = ["*"], publish = ["*"] }
                }
                """);
        try (Moitessier moitessier = Moitessier.on(new MemoryStore());
                PrscdServer prscd = start(moitessier, config)) {
            System.out.println("wss://localhost:" + prscd.port() + "/v1?publickey=pk_live_1&id=ada, until Ctrl-C");
            new CountDownLatch(1).await();
        }
    }

    // snippet: function-in-prscd
    static PrscdServer start(Moitessier moitessier, Config config) throws IOException {
        return PrscdServer.builder(moitessier)
                .config(config)
                .function("presence-backend-sfn", PresenceFunction::handle)
                .start();
    }
    // end
}
