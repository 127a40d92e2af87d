package dev.moitessier.testkit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Base64;
import java.util.concurrent.TimeUnit;

/**
 * A self-signed certificate and its key, for tests of a store over TLS: made by the JDK's {@code keytool}, good for two days.
 * Immutable.
 *
 * @param pem the certificate, which is its own authority, as a PEM file
 * @param key its private key, as a PEM file that only its owner may read
 * @param certificate the same as {@code pem}
 */
public record TestCertificate(Path pem, Path key, Certificate certificate) {
    private static final String PASSWORD = "of a test";

    /**
     * Makes one, with files in that directory.
     *
     * @param name of its subject, and of the files
     * @param names whom it is good for, as keytool's SAN takes them: {@code dns:localhost,ip:127.0.0.1}
     * @throws IOException if keytool fails, with what it said
     */
    public static TestCertificate make(Path directory, String name, String names) throws IOException {
        Path store = directory.resolve(name + ".p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        name,
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-validity",
                        "2",
                        "-dname",
                        "CN=" + name,
                        "-ext",
                        "san=" + names,
                        "-ext",
                        "bc=ca:true",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        store.toString(),
                        "-storepass",
                        PASSWORD)
                .redirectErrorStream(true)
                .start();
        String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (!keytool.waitFor(60, TimeUnit.SECONDS) || keytool.exitValue() != 0) {
                throw new IOException("keytool: " + said);
            }
            char[] password = PASSWORD.toCharArray();
            KeyStore keys = KeyStore.getInstance(store.toFile(), password);
            Certificate certificate = keys.getCertificate(name);
            Path key = pem(
                    directory.resolve(name + ".key"),
                    "PRIVATE KEY",
                    keys.getKey(name, password).getEncoded());
            Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
            return new TestCertificate(
                    pem(directory.resolve(name + ".crt"), "CERTIFICATE", certificate.getEncoded()), key, certificate);
        } catch (GeneralSecurityException | InterruptedException e) {
            throw new IOException(e);
        }
    }

    private static Path pem(Path file, String what, byte[] bytes) throws IOException {
        String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
        return Files.writeString(file, "-----BEGIN " + what + "-----\n" + lines + "\n-----END " + what + "-----\n");
    }
}
