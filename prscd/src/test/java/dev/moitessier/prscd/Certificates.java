package dev.moitessier.prscd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.time.Instant;
import java.util.Base64;

/** PEM files for tests. */
public final class Certificates {
    private Certificates() {}

    /** A file with a certificate for localhost and its key, and what a browser calls that key. */
    public record Demo(Path pem, String keyHash) {}

    public static Demo demo(Path folder) throws IOException, CertificateEncodingException {
        TlsIdentity identity = DemoCertificate.make(Instant.now());
        return new Demo(write(folder, identity), identity.keyHash());
    }

    /** Certificate and key in one file, whose path is returned. */
    static Path write(Path folder, TlsIdentity identity) throws IOException, CertificateEncodingException {
        Path file = folder.resolve("both.pem").toAbsolutePath();
        Files.write(file, pem(identity));
        Files.write(file, pem("PRIVATE KEY", identity.key().getEncoded()), java.nio.file.StandardOpenOption.APPEND);
        return file;
    }

    static byte[] pem(TlsIdentity identity) throws CertificateEncodingException {
        return pem("CERTIFICATE", identity.certificate().getEncoded());
    }

    static byte[] pem(String kind, byte[] content) {
        return ("-----BEGIN " + kind + "-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content)
                        + "\n-----END " + kind + "-----\n")
                .getBytes(StandardCharsets.US_ASCII);
    }
}
