package dev.moitessier.prscd;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;

/**
 * Makes the certificate of a demo: self-signed, ECDSA P-256, valid for less than two weeks, since browsers accept nothing
 * else by its hash ({@code serverCertificateHashes}, WebTransport §"custom certificate requirements"). The JDK signs; only
 * the frame of RFC 5280 is put together here, so that nobody needs a crypto library for a demo.
 */
final class DemoCertificate {
    static final Duration VALIDITY = Duration.ofDays(13);

    /** Of {@link #VALIDITY}: a browser's clock may be behind ours. */
    private static final Duration BACKDATED = Duration.ofHours(1);

    private static final String ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
    private static final String COMMON_NAME = "2.5.4.3";
    private static final String KEY_USAGE = "2.5.29.15";
    private static final String SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";
    private static final String BASIC_CONSTRAINTS = "2.5.29.19";
    private static final String EXTENDED_KEY_USAGE = "2.5.29.37";
    private static final String SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";
    private static final byte[] LOOPBACK_4 = {127, 0, 0, 1};
    private static final byte[] LOOPBACK_6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    private static final DateTimeFormatter UTC_TIME =
            DateTimeFormatter.ofPattern("yyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

    private DemoCertificate() {}

    /** For {@code localhost} and both loopback addresses. */
    static TlsIdentity make(Instant now) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair pair = generator.generateKeyPair();
            byte[] algorithm = Der.sequence(Der.oid(ECDSA_WITH_SHA256));
            byte[] body = body(pair, algorithm, now);
            Signature signature = Signature.getInstance("SHA256withECDSA");
            signature.initSign(pair.getPrivate());
            signature.update(body);
            byte[] certificate = Der.sequence(body, algorithm, Der.bits(signature.sign()));
            return new TlsIdentity(pair.getPrivate(), List.of((X509Certificate) CertificateFactory.getInstance("X.509")
                    .generateCertificate(new ByteArrayInputStream(certificate))));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JDK makes no ECDSA P-256 certificate", e);
        }
    }

    /** The TBSCertificate of RFC 5280 §4.1, field by field. */
    private static byte[] body(KeyPair pair, byte[] algorithm, Instant now) {
        byte[] name = Der.sequence(
                Der.tagged(Der.SET, Der.sequence(Der.oid(COMMON_NAME), Der.utf8("prscd demo on localhost"))));
        Instant from = now.minus(BACKDATED);
        return Der.sequence(
                Der.tagged(0xa0, Der.integer(BigInteger.TWO)),
                Der.integer(new BigInteger(159, new SecureRandom()).setBit(158)),
                algorithm,
                name,
                Der.sequence(time(from), time(from.plus(VALIDITY))),
                name,
                pair.getPublic().getEncoded(),
                Der.tagged(
                        0xa3,
                        Der.sequence(
                                critical(BASIC_CONSTRAINTS, Der.sequence()),
                                critical(KEY_USAGE, Der.tagged(Der.BIT_STRING, new byte[] {7, (byte) 0x80})),
                                extension(EXTENDED_KEY_USAGE, Der.sequence(Der.oid(SERVER_AUTHENTICATION))),
                                extension(
                                        SUBJECT_ALTERNATIVE_NAME,
                                        Der.sequence(
                                                Der.tagged(0x82, "localhost".getBytes(StandardCharsets.US_ASCII)),
                                                Der.tagged(0x87, LOOPBACK_4),
                                                Der.tagged(0x87, LOOPBACK_6))))));
    }

    private static byte[] time(Instant instant) {
        return Der.tagged(Der.UTC_TIME, UTC_TIME.format(instant).getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] extension(String oid, byte[] value) {
        return Der.sequence(Der.oid(oid), Der.tagged(Der.OCTET_STRING, value));
    }

    private static byte[] critical(String oid, byte[] value) {
        return Der.sequence(Der.oid(oid), Der.yes(), Der.tagged(Der.OCTET_STRING, value));
    }
}
