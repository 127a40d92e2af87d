package dev.moitessier.prscd;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;

/** A gateway on a loopback port with {@link TestRooms} behind it and a certificate of its own. */
final class TestGateway implements AutoCloseable {
    final TestRooms rooms = new TestRooms();
    final AtomicBoolean ready = new AtomicBoolean(true);
    final TlsKeys keys;
    final Gateway gateway;
    final Admissions admissions;

    TestGateway(String... settings) throws IOException {
        this(TlsKeys.demo(InstantSource.system()), TestGateway::byKey, settings);
    }

    TestGateway(Authenticator authenticator, String... settings) throws IOException {
        this(TlsKeys.demo(InstantSource.system()), authenticator, settings);
    }

    TestGateway(TlsKeys keys, String... settings) throws IOException {
        this(keys, TestGateway::byKey, settings);
    }

    private static CompletionStage<Admission> byKey(ConnectionAttempt attempt) {
        return CompletableFuture.completedStage(
                attempt.publicKey().equals("k") ? Admission.to("realm") : Admission.refused());
    }

    private TestGateway(TlsKeys keys, Authenticator authenticator, String... settings) throws IOException {
        this.keys = keys;
        Config limits = ConfigFactory.parseString(String.join("\n", settings))
                .withFallback(ConfigFactory.defaultReference().getConfig("prscd.limits"))
                .resolve();
        TransportLimits parsed = TransportLimits.of(limits);
        admissions = new Admissions(
                rooms,
                authenticator,
                null,
                new Origins(List.of("https://app.example.org", "http://localhost")),
                parsed);
        gateway = Gateway.start(
                List.of(InetAddress.getByName("127.0.0.1")),
                0,
                2,
                keys,
                true,
                parsed,
                admissions,
                new Routes(
                        ready::get,
                        Optional.of("secret"),
                        () -> CompletableFuture.completedStage("{\"realms\":{}}"),
                        new Pages(null),
                        Optional::empty));
    }

    int port() {
        return gateway.port();
    }

    @Override
    public void close() {
        gateway.close();
    }
}
