package dev.moitessier.prscd;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;

/** Who the server is to its clients: a private key and the chain that vouches for it, the server's own certificate first. */
record TlsIdentity(PrivateKey key, List<X509Certificate> chain) {
    TlsIdentity {
        chain = List.copyOf(chain);
        if (chain.isEmpty()) {
            throw new IllegalArgumentException("a certificate chain has at least one certificate");
        }
        requirePair(key, chain.get(0).getPublicKey());
    }

    X509Certificate certificate() {
        return chain.get(0);
    }

    X509Certificate[] chainArray() {
        return chain.toArray(X509Certificate[]::new);
    }

    /** What {@code serverCertificateHashes} wants, in hex. */
    String certificateHash() {
        try {
            return HexFormat.of().formatHex(sha256(certificate().getEncoded()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What Chromium's {@code --ignore-certificate-errors-spki-list} wants. */
    String keyHash() {
        return Base64.getEncoder()
                .encodeToString(sha256(certificate().getPublicKey().getEncoded()));
    }

    private static byte[] sha256(byte[] content) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(content);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Two files that are replaced one after the other do not fit for a moment; that must not end the server's TLS. */
    private static void requirePair(PrivateKey key, PublicKey publicKey) {
        String algorithm =
                switch (key.getAlgorithm()) {
                    case "EC" -> "SHA256withECDSA";
                    case "RSA" -> "SHA256withRSA";
                    case "EdDSA", "Ed25519" -> "Ed25519";
                    default ->
                        throw new IllegalArgumentException(
                                "a TLS key is RSA, EC or Ed25519, not " + key.getAlgorithm());
                };
        boolean fits;
        try {
            byte[] probe = "probe".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            Signature signature = Signature.getInstance(algorithm);
            signature.initSign(key);
            signature.update(probe);
            byte[] signed = signature.sign();
            signature.initVerify(publicKey);
            signature.update(probe);
            fits = signature.verify(signed);
        } catch (GeneralSecurityException e) {
            fits = false;
        }
        if (!fits) {
            throw new IllegalArgumentException("the private key does not belong to the first certificate of the chain");
        }
    }
}
