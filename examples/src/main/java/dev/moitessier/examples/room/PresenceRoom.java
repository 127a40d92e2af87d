package dev.moitessier.examples.room;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.Moitessier;
import dev.moitessier.prscd.PrscdServer;
import dev.moitessier.store.StoreException;
import java.io.IOException;
import java.util.HexFormat;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Rooms to visit with a browser, at the address that it prints. The store is that of {@code MOITESSIER_STORE}, memory by
 * default; processes on one store share their rooms. {@code PRSCD_PORT} is the port, 8443 by default.
 */
public final class PresenceRoom {
    private static final String PAGE = "dev/moitessier/examples/room/page";

    private PresenceRoom() {}

    public static void main(String... args) throws InterruptedException {
        Moitessier moitessier = null;
        try {
            Config settings = Moitessier.configuration();
            moitessier = Moitessier.open(settings);
            PrscdServer server = serve(moitessier, settings.getString("moitessier.store"));
            String address = "https://localhost:" + server.port();
            System.out.println(address + "/ is the presence room: open it in two windows. The certificate is of its own"
                    + " making, so the browser asks once. Clients connect to " + address + "/v1. Ctrl-C ends it.");
            untilTold(server, moitessier);
        } catch (IllegalArgumentException | IOException | StoreException e) {
            System.err.println(e.getMessage());
            if (moitessier != null) {
                moitessier.close();
            }
            System.exit(1);
        }
    }

    private static PrscdServer serve(Moitessier moitessier, String store) throws IOException {
        Config settings = ConfigFactory.defaultOverrides()
                .withFallback(ConfigFactory.defaultApplication())
                .withFallback(ConfigFactory.parseResources(PresenceRoom.class, "room.conf"));
        int port = settings.withFallback(ConfigFactory.defaultReference())
                .resolve()
                .getInt("prscd.port");
        String life =
                HexFormat.of().toHexDigits((char) ThreadLocalRandom.current().nextInt());
        return PrscdServer.builder(moitessier)
                .config(settings)
                .pages(PAGE)
                .info("node", port + "-" + life)
                .info("store", store)
                .start();
    }

    private static void untilTold(PrscdServer server, Moitessier moitessier) throws InterruptedException {
        var ended = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            server.close();
                            moitessier.close();
                            ended.countDown();
                        },
                        "room-stop"));
        ended.await();
    }
}
