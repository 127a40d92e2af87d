package dev.moitessier.store.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.StoreException;
import dev.moitessier.testkit.Eventually;
import dev.moitessier.testkit.TestCertificate;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.Jedis;

/** {@code rediss://} with a user of the server's ACL; the certificate is good for the name localhost and for no other. */
@OnPath
final class TlsTest {
    private static final String TRUST_STORE = "javax.net.ssl.trustStore";
    private static final String PASSWORD = "of a test";
    private static final String SECRET = "s3cret";

    private static int port;
    private static RedisServer server;
    private static Path trusting;
    private static Path mistrusting;

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        TestCertificate own = TestCertificate.make(directory, "server", "dns:localhost");
        trusting = trust(directory, "trusting", own);
        mistrusting = trust(directory, "mistrusting", TestCertificate.make(directory, "other", "dns:localhost"));
        port = RedisServer.freePort();
        server = RedisServer.onPath(
                        "--tls-port", "" + port,
                        "--tls-cert-file", own.pem().toString(),
                        "--tls-key-file", own.key().toString(),
                        "--tls-ca-cert-file", own.pem().toString(),
                        "--tls-auth-clients", "no")
                .orElseThrow();
        try (Jedis jedis = server.jedis()) {
            jedis.aclSetUser("app", "on", ">" + SECRET, "~{moitessier:*", "&{moitessier:*", "+@all");
            jedis.aclSetUser("default", "off");
        }
    }

    @AfterAll
    static void stop() throws IOException {
        System.clearProperty(TRUST_STORE);
        server.close();
    }

    private static Path trust(Path directory, String name, TestCertificate whom) throws Exception {
        KeyStore trusted = KeyStore.getInstance("JKS"); // its certificates are read without a password
        trusted.load(null, null);
        trusted.setCertificateEntry(name, whom.certificate());
        Path file = directory.resolve(name + ".jks");
        try (OutputStream out = Files.newOutputStream(file)) {
            trusted.store(out, PASSWORD.toCharArray());
        }
        return file;
    }

    private static RedisStore open(Path trust, String host, String password) {
        System.setProperty(TRUST_STORE, trust.toString());
        return RedisStore.builder("rediss://" + host + ":" + port, "app", password)
                .callLimit(Duration.ofSeconds(10))
                .open();
    }

    @Test
    void aUserWithAPasswordDispatchesReadsAndIsWokenOverTls() {
        try (RedisStore store = open(trusting, "localhost", SECRET);
                RedisStore other = open(trusting, "localhost", SECRET)) {
            Scratch.hear(store, "tls");
            AtomicInteger hints = new AtomicInteger();
            HintSink sink = new HintSink() {
                @Override
                public void dirty(String scope) {
                    hints.incrementAndGet();
                }

                @Override
                public void allDirty() {
                    // As above, but for none in particular.
                }
            };
            other.watch(sink).add("tls");
            Eventually.within(Duration.ofSeconds(20)).until("the watch is in effect", () -> hints.get() > 0);
            int before = hints.get();
            Scratch.stored(store, Scratch.say("tls", "m"));
            Eventually.within(Duration.ofSeconds(20)).until("a hint", () -> hints.get() > before);
            assertThat(Scratch.texts(other, "tls", 0)).containsExactly("m");
        }
    }

    @Test
    void aCertificateThatNobodyTrustsIsRefused() {
        assertThatThrownBy(() -> open(mistrusting, "localhost", SECRET).close())
                .isInstanceOf(StoreException.class)
                .hasStackTraceContaining("unable to find valid certification path");
    }

    @Test
    void aCertificateForAnotherNameIsRefused() {
        assertThatThrownBy(() -> open(trusting, "127.0.0.1", SECRET).close())
                .isInstanceOf(StoreException.class)
                .hasStackTraceContaining("No subject alternative names matching IP address");
    }

    @Test
    void aWrongPasswordIsSaidAndNotPrinted() {
        assertThatThrownBy(() -> open(trusting, "localhost", "wr0ng").close())
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("password")
                .satisfies(refused -> assertThat(refused.toString()).doesNotContain("wr0ng"));
    }

    /** Else the server would take what is not encrypted from the user, and this test would show nothing. */
    @Test
    void nobodyGetsInWithoutLogin() {
        try (Jedis jedis = server.jedis()) {
            assertThatThrownBy(jedis::ping).hasMessageContaining("NOAUTH");
        }
    }
}
