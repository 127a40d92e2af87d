package dev.moitessier.prscd;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads what Go's {@code tls.LoadX509KeyPair} reads, so that the files of a present prscd can stay: PKCS #8, PKCS #1 and SEC 1. */
final class Pem {
    private static final Pattern PRIVATE_KEY = Pattern.compile(
            "-----BEGIN ((?:[A-Z]+ )*)PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END \\1PRIVATE KEY-----");
    private static final String RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
    private static final String EC_PUBLIC_KEY = "1.2.840.10045.2.1";
    private static final byte[] NULL = {0x05, 0x00};

    private Pem() {}

    /** An identity of these two files; they may be one and the same. */
    static TlsIdentity identity(byte[] chain, byte[] key) {
        return new TlsIdentity(privateKey(key), certificates(chain));
    }

    private static List<X509Certificate> certificates(byte[] pem) {
        String text = new String(pem, StandardCharsets.ISO_8859_1);
        int first = text.indexOf("-----BEGIN CERTIFICATE-----");
        int end = text.lastIndexOf("-----END CERTIFICATE-----");
        if (first < 0 || end < first) {
            throw new IllegalArgumentException("no certificate in PEM form");
        }
        // The factory stumbles over a private key that stands after the chain in the same file.
        byte[] certificates = text.substring(first, end + "-----END CERTIFICATE-----".length())
                .getBytes(StandardCharsets.ISO_8859_1);
        try {
            return CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(certificates))
                    .stream()
                    .map(X509Certificate.class::cast)
                    .toList();
        } catch (CertificateException e) {
            throw new IllegalArgumentException("no certificate chain in PEM form: " + e.getMessage(), e);
        }
    }

    private static PrivateKey privateKey(byte[] pem) {
        Matcher block = PRIVATE_KEY.matcher(new String(pem, StandardCharsets.ISO_8859_1));
        if (!block.find()) {
            throw new IllegalArgumentException("no private key in PEM form");
        }
        byte[] content;
        try {
            content = Base64.getMimeDecoder().decode(block.group(2));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the private key is no base64", e);
        }
        return switch (block.group(1).trim()) {
            case "" -> pkcs8(content);
            case "RSA" -> pkcs8(pkcs8Of(Der.sequence(Der.oid(RSA_ENCRYPTION), NULL), content));
            case "EC" -> pkcs8(pkcs8Of(Der.sequence(Der.oid(EC_PUBLIC_KEY), curve(content)), content));
            case "ENCRYPTED" ->
                throw new IllegalArgumentException(
                        "the private key is encrypted; give it without a pass phrase, readable by the server alone");
            default -> throw new IllegalArgumentException("unknown kind of key: " + block.group(1) + "PRIVATE KEY");
        };
    }

    private static PrivateKey pkcs8(byte[] encoded) {
        var spec = new PKCS8EncodedKeySpec(encoded);
        return Stream.of("EC", "RSA", "Ed25519")
                .flatMap(algorithm -> key(algorithm, spec).stream())
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("the private key is neither EC nor RSA nor Ed25519"));
    }

    private static Optional<PrivateKey> key(String algorithm, PKCS8EncodedKeySpec spec) {
        try {
            return Optional.of(KeyFactory.getInstance(algorithm).generatePrivate(spec));
        } catch (InvalidKeySpecException ofAnotherAlgorithm) {
            return Optional.empty();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** PrivateKeyInfo of RFC 5208 §5 around a key in the older form. */
    private static byte[] pkcs8Of(byte[] algorithm, byte[] key) {
        return Der.sequence(Der.integer(BigInteger.ZERO), algorithm, Der.tagged(Der.OCTET_STRING, key));
    }

    /** The {@code [0] parameters} of RFC 5915 §3: SEQUENCE { 1, OCTET STRING key, [0] { OID curve }, … }, lengths all below 128 but the first. */
    private static byte[] curve(byte[] sec1) {
        try {
            int at = sec1[1] >= 0 ? 2 : 2 + (sec1[1] & 0x7f);
            at += 2 + sec1[at + 1];
            at += 2 + sec1[at + 1];
            if ((sec1[at] & 0xff) == 0xa0 && sec1[at + 2] == Der.OID) {
                byte[] oid = new byte[2 + sec1[at + 3]];
                System.arraycopy(sec1, at + 2, oid, 0, oid.length);
                return oid;
            }
        } catch (IndexOutOfBoundsException | NegativeArraySizeException e) {
            throw new IllegalArgumentException("the EC private key is cut short", e);
        }
        throw new IllegalArgumentException("the EC private key names no curve");
    }
}
