package dev.moitessier.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.StoreException;
import dev.moitessier.testkit.Eventually;
import dev.moitessier.testkit.TestCertificate;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The driver's TLS modes, on a server whose certificate is good for the name localhost and for no other. */
final class TlsTest {
    /** Of two roots, the one that the server's certificate is. */
    private static Path root;

    private static Path otherRoot;
    private static PostgresServer server;

    @BeforeAll
    static void startServer(@TempDir Path directory) throws Exception {
        TestCertificate own = TestCertificate.make(directory, "server", "dns:localhost");
        root = own.pem();
        otherRoot = TestCertificate.make(directory, "other", "dns:localhost").pem();
        server = PostgresServer.own(Map.of(
                "ssl", "on",
                "ssl_cert_file", root.toString(),
                "ssl_key_file", own.key().toString()));
        try (PostgresStore store =
                store("disable").schemaMode(SchemaMode.MIGRATE).open()) {
            Scratch.hear(store, "room");
        }
    }

    @AfterAll
    static void stopServer() throws IOException {
        server.close();
    }

    private static PostgresStore.Builder store(String mode) {
        return PostgresStore.builder(server.url("postgres") + "&sslmode=" + mode, "postgres", null)
                .callLimit(Duration.ofSeconds(5));
    }

    private static String trusting(String mode, Path root) {
        return mode + "&sslrootcert=" + root;
    }

    /** Calls, hints and the volatile lane: all that a store sends goes through TLS. */
    private static void works(PostgresStore.Builder first, PostgresStore.Builder second) throws Exception {
        Queue<String> dirty = new ConcurrentLinkedQueue<>();
        AtomicInteger all = new AtomicInteger();
        HintSink sink = new HintSink() {
            @Override
            public void dirty(String scope) {
                dirty.add(scope);
            }

            @Override
            public void allDirty() {
                all.incrementAndGet();
            }
        };
        try (PostgresStore here = first.open();
                PostgresStore there = second.open();
                var watch = there.watch(sink)) {
            watch.add("room");
            Eventually.within(Duration.ofSeconds(10)).until("the other listens", () -> all.get() > 0);
            int before = all.get() + dirty.size();
            Scratch.stored(here, Scratch.say("room", "through TLS"));
            Eventually.within(Duration.ofSeconds(10))
                    .until("a hint from the other process", () -> all.get() + dirty.size() > before);
            assertThat(there.broadcaster())
                    .as("the server's notifications come through")
                    .isPresent();
            long[] plainAndAll = plainAndAll();
            assertThat(plainAndAll[1])
                    .as("connections of two stores, one of each listens")
                    .isGreaterThanOrEqualTo(4);
            assertThat(plainAndAll[0]).as("of them without TLS").isZero();
        }
    }

    private static long[] plainAndAll() throws Exception {
        try (var connection = server.dataSource("postgres").getConnection();
                var statement = connection.createStatement();
                var row =
                        statement.executeQuery("select count(*) filter (where not s.ssl), count(*) from pg_stat_ssl s "
                                + "join pg_stat_activity a using (pid) where a.application_name = 'moitessier'")) {
            row.next();
            return new long[] {row.getLong(1), row.getLong(2)};
        }
    }

    @Test
    void requireEncryptsAndTrustsAnyone() throws Exception {
        works(store("require"), store("require"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"verify-ca", "verify-full"})
    void theRightRootIsTrusted(String mode) throws Exception {
        works(store(trusting(mode, root)), store(trusting(mode, root)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"verify-ca", "verify-full"})
    void anotherRootIsRefused(String mode) {
        assertThatThrownBy(() -> store(trusting(mode, otherRoot))
                        .callLimit(Duration.ofSeconds(1))
                        .open())
                .isInstanceOf(StoreException.Unavailable.class)
                .hasMessageContaining("SSL");
    }

    @Test
    void aNameThatTheCertificateDoesNotHaveIsRefusedByVerifyFullAlone() throws Exception {
        String byAddress = server.url("postgres").replace("localhost", "127.0.0.1") + "&sslmode=";
        assertThatThrownBy(() -> PostgresStore.builder(byAddress + trusting("verify-full", root), "postgres", null)
                        .callLimit(Duration.ofSeconds(1))
                        .open())
                .isInstanceOf(StoreException.Unavailable.class)
                .hasMessageContaining("127.0.0.1");
        works(
                PostgresStore.builder(byAddress + trusting("verify-ca", root), "postgres", null),
                store(trusting("verify-ca", root)));
    }

    /** A direct URL has a mode of its own. */
    @Test
    void theConnectionForHintsIsVerifiedToo() throws Exception {
        String direct = server.url("postgres") + "&sslmode=";
        assertThatThrownBy(() -> store("disable")
                        .direct(direct + trusting("verify-full", otherRoot), "postgres", null)
                        .open())
                .isInstanceOf(StoreException.Unavailable.class)
                .hasMessageContaining("hints")
                .hasMessageContaining("SSL");
        works(
                store("require").direct(direct + trusting("verify-full", root), "postgres", null),
                store(trusting("verify-full", root)).direct(direct + "require", "postgres", null));
    }
}
