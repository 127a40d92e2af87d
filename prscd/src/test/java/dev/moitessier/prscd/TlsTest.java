package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class TlsTest {
    private static final Instant NOW = Instant.parse("2026-11-22T12:00:00Z");

    @TempDir
    Path folder;

    @Test
    @DisplayName("the demo's certificate: P-256, signed by itself, for localhost, valid now and for less than 14 days")
    void demoCertificate() throws Exception {
        TlsIdentity identity = DemoCertificate.make(NOW);
        var certificate = identity.certificate();
        certificate.verify(certificate.getPublicKey());
        certificate.checkValidity(java.util.Date.from(NOW));
        assertThat(Duration.between(
                        certificate.getNotBefore().toInstant(),
                        certificate.getNotAfter().toInstant()))
                .isLessThanOrEqualTo(Duration.ofDays(14));
        assertThat(certificate.getSigAlgName()).isEqualTo("SHA256withECDSA");
        assertThat(certificate.getSubjectAlternativeNames())
                .contains(List.of(2, "localhost"), List.of(7, "127.0.0.1"), List.of(7, "0:0:0:0:0:0:0:1"));
        assertThat(certificate.getBasicConstraints()).as("no authority").isEqualTo(-1);
        assertThat(certificate.getExtendedKeyUsage()).containsExactly("1.3.6.1.5.5.7.3.1");
        assertThat(identity.certificateHash()).matches("[0-9a-f]{64}");
        assertThat(DemoCertificate.make(NOW).certificateHash()).isNotEqualTo(identity.certificateHash());
    }

    @Test
    @DisplayName("a demo's certificate is renewed a day before it ends")
    void demoRenewal() {
        var now = new AtomicReference<>(NOW);
        TlsKeys keys = TlsKeys.demo(now::get);
        TlsIdentity first = keys.present();
        now.set(NOW.plus(Duration.ofDays(11)));
        keys.refresh();
        assertThat(keys.present()).isSameAs(first);
        now.set(NOW.plus(Duration.ofDays(12)));
        keys.refresh();
        assertThat(keys.present()).isNotSameAs(first);
        assertThat(keys.present().certificate().getNotAfter().toInstant()).isAfter(NOW.plus(Duration.ofDays(20)));
    }

    @Test
    @DisplayName("keys as PKCS #8, PKCS #1 and SEC 1 are read")
    void keyForms() throws Exception {
        TlsIdentity identity = DemoCertificate.make(Instant.now());
        byte[] chain = Certificates.pem(identity);
        ECPrivateKey ec = (ECPrivateKey) identity.key();
        assertThat(Pem.identity(chain, Certificates.pem("PRIVATE KEY", ec.getEncoded()))
                        .key())
                .isEqualTo(ec);
        byte[] scalar = new byte[32];
        byte[] minimal = ec.getS().toByteArray();
        System.arraycopy(
                minimal,
                Math.max(0, minimal.length - 32),
                scalar,
                Math.max(0, 32 - minimal.length),
                Math.min(32, minimal.length));
        byte[] sec1 = Der.sequence(
                Der.integer(BigInteger.ONE),
                Der.tagged(Der.OCTET_STRING, scalar),
                Der.tagged(0xa0, Der.oid("1.2.840.10045.3.1.7")));
        // As "openssl ecparam -genkey" writes it, with the parameters in front.
        byte[] withParameters = concat(
                Certificates.pem("EC PARAMETERS", Der.oid("1.2.840.10045.3.1.7")),
                Certificates.pem("EC PRIVATE KEY", sec1));
        assertThat(((ECPrivateKey) Pem.identity(chain, withParameters).key()).getS())
                .isEqualTo(ec.getS());

        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        KeyPair pair = generator.generateKeyPair();
        RSAPrivateCrtKey rsa = (RSAPrivateCrtKey) pair.getPrivate();
        byte[] pkcs1 = Der.sequence(
                Der.integer(BigInteger.ZERO),
                Der.integer(rsa.getModulus()),
                Der.integer(rsa.getPublicExponent()),
                Der.integer(rsa.getPrivateExponent()),
                Der.integer(rsa.getPrimeP()),
                Der.integer(rsa.getPrimeQ()),
                Der.integer(rsa.getPrimeExponentP()),
                Der.integer(rsa.getPrimeExponentQ()),
                Der.integer(rsa.getCrtCoefficient()));
        assertThatThrownBy(() -> Pem.identity(chain, Certificates.pem("RSA PRIVATE KEY", pkcs1)))
                .as("read, but it belongs to another certificate")
                .hasMessageContaining("does not belong");
    }

    @Test
    @DisplayName("what cannot be used is refused with a sentence, never with the key in it")
    void badFiles() throws Exception {
        TlsIdentity identity = DemoCertificate.make(Instant.now());
        byte[] chain = Certificates.pem(identity);
        byte[] key = Certificates.pem("PRIVATE KEY", identity.key().getEncoded());
        byte[] other = Certificates.pem(
                "PRIVATE KEY", DemoCertificate.make(Instant.now()).key().getEncoded());
        assertThatThrownBy(() -> Pem.identity(chain, other)).hasMessageContaining("does not belong");
        assertThatThrownBy(() -> Pem.identity(key, key)).hasMessageContaining("no certificate");
        assertThatThrownBy(() -> Pem.identity(chain, chain)).hasMessageContaining("no private key");
        assertThatThrownBy(() -> Pem.identity(chain, Certificates.pem("ENCRYPTED PRIVATE KEY", new byte[40])))
                .hasMessageContaining("encrypted");
        assertThatThrownBy(() -> Pem.identity(chain, Certificates.pem("PRIVATE KEY", new byte[40])))
                .hasMessageContaining("neither EC nor RSA");
        assertThatThrownBy(() -> Pem.identity(chain, Certificates.pem("EC PRIVATE KEY", new byte[] {0x30, 3, 2, 1, 1})))
                .hasMessageContaining("EC private key");
        assertThatThrownBy(() -> TlsKeys.files(folder.resolve("none.pem"), folder.resolve("none.key")))
                .hasMessageContaining("none.pem");
    }

    @Test
    @DisplayName("files that were replaced are taken up by both transports; broken ones leave the present in force")
    void reload() throws Exception {
        Path chain = folder.resolve("chain.pem");
        Path key = folder.resolve("key.pem");
        TlsIdentity first = DemoCertificate.make(Instant.now());
        write(chain, key, first);
        TlsKeys keys = TlsKeys.files(chain, key);
        try (var server = new TestGateway(keys)) {
            assertThat(certificateOf(server)).isEqualTo(first.certificate());

            TlsIdentity second = DemoCertificate.make(Instant.now());
            // Only one of the two files has been replaced yet.
            Files.write(chain, Certificates.pem(second));
            keys.refresh();
            assertThat(certificateOf(server)).isEqualTo(first.certificate());

            write(chain, key, second);
            keys.refresh();
            assertThat(certificateOf(server)).isEqualTo(second.certificate());
            try (var client = QuicClient.open(server.port(), "ada")) {
                assertThat(client.connection.sslEngine().getSession().getPeerCertificates()[0])
                        .isEqualTo(second.certificate());
            }

            Files.delete(key);
            keys.refresh();
            assertThat(certificateOf(server)).isEqualTo(second.certificate());
        }
    }

    @Test
    @DisplayName("a certificate that one transport cannot use is taken up by neither")
    void allOrNone() throws Exception {
        Path chain = folder.resolve("chain.pem");
        Path key = folder.resolve("key.pem");
        TlsIdentity first = DemoCertificate.make(Instant.now());
        write(chain, key, first);
        TlsKeys keys = TlsKeys.files(chain, key);
        var used = new AtomicReference<TlsIdentity>();
        keys.use(identity -> () -> used.set(identity));
        keys.use(identity -> {
            if (!identity.equals(first)) {
                throw new IllegalArgumentException("not this one");
            }
            return () -> {};
        });
        write(chain, key, DemoCertificate.make(Instant.now()));
        keys.refresh();
        keys.refresh();
        assertThat(used.get()).isEqualTo(first);
        assertThat(keys.present()).isEqualTo(first);
    }

    private static java.security.cert.X509Certificate certificateOf(TestGateway server) throws IOException {
        try (var client = RawClient.tls(server.port())) {
            return client.certificate();
        }
    }

    private static void write(Path chain, Path key, TlsIdentity identity) throws Exception {
        Files.write(chain, Certificates.pem(identity));
        Files.write(key, Certificates.pem("PRIVATE KEY", identity.key().getEncoded()));
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] both = java.util.Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }
}
