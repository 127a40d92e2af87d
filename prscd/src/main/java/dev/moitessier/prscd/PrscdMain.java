package dev.moitessier.prscd;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.Moitessier;
import dev.moitessier.store.StoreException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * Runs a server until the process is told to end. What it serves says the configuration; with {@code --demo} it makes a
 * certificate of its own and a realm that anybody may enter with the key {@code demo}, on the store in memory unless
 * {@code MOITESSIER_STORE} names another.
 */
public final class PrscdMain {
    private static final String DEMO = "--demo";

    private PrscdMain() {}

    /** Ends with status 2 and one line if the configuration cannot be, or with 1 if the store or the port cannot be had. */
    public static void main(String[] arguments) throws InterruptedException {
        List<String> given = List.of(arguments);
        if (given.stream().anyMatch(each -> !each.equals(DEMO))) {
            System.err.println("usage: prscd [--demo]");
            System.exit(2);
        }
        boolean demo = given.contains(DEMO);
        Config config = PrscdConfig.ofTheProcess();
        if (demo) {
            config = config.withFallback(ConfigFactory.parseResources(PrscdMain.class, "/prscd-demo.conf"));
        }
        try {
            run(config, demo);
        } catch (IllegalArgumentException | StoreException.Misconfigured e) {
            System.err.println(e.getMessage());
            System.exit(2);
        } catch (IOException | StoreException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static void run(Config config, boolean demo) throws IOException, InterruptedException {
        Moitessier moitessier = Moitessier.open(Moitessier.configuration());
        PrscdServer server;
        try {
            server = PrscdServer.builder(moitessier).config(config).start();
        } catch (IOException | RuntimeException e) {
            moitessier.close();
            throw e;
        }
        var ended = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            server.close();
                            moitessier.close();
                            ended.countDown();
                        },
                        "prscd-stop"));
        if (demo) {
            greet(server);
        }
        ended.await();
    }

    private static void greet(PrscdServer server) {
        String url = "https://localhost:" + server.port() + PrscdServer.PATH;
        System.out.println("prscd serves " + url + " over "
                + (server.servesWebTransport() ? "WebTransport and WebSocket" : "WebSocket") + "; connect with");
        System.out.println("  createPresence('" + url + "', { publicKey: 'demo', id: 'ada' })");
        System.out.println("The certificate is of its own making, until the process ends. Chromium takes it with");
        System.out.println("  --ignore-certificate-errors-spki-list="
                + server.publicKeyHash().orElse("") + " --origin-to-force-quic-on=localhost:" + server.port());
        System.out.println("or, without flags, a WebTransport with serverCertificateHashes of SHA-256");
        System.out.println("  " + server.certificateHash().orElse(""));
        System.out.println("Health: https://localhost:" + server.port() + "/healthz. Ctrl-C ends it.");
    }
}
