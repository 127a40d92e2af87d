package dev.moitessier.yomo;

import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whom a client trusts and who it is, over TLS 1.3. The zipper's certificate and its name are verified, unless
 * {@link #trustAll} says otherwise: that is what a Go client does where nothing is set. Immutable.
 */
public final class ZipperTls {
    private static final ZipperTls VERIFIED = new ZipperTls(null, null, null, false);

    private final @Nullable Path authority;
    private final @Nullable Path certificate;
    private final @Nullable Path key;
    private final boolean trustAll;

    private ZipperTls(@Nullable Path authority, @Nullable Path certificate, @Nullable Path key, boolean trustAll) {
        this.authority = authority;
        this.certificate = certificate;
        this.key = key;
        this.trustAll = trustAll;
    }

    /** Trusts the authorities that the JDK trusts; the default. */
    public static ZipperTls verified() {
        return VERIFIED;
    }

    /** Trusts the authorities in this PEM file, and no others. */
    public static ZipperTls trusting(Path authorities) {
        return new ZipperTls(authorities, null, null, false);
    }

    /**
     * For development: any zipper under any name, such as one that made its own certificate. Whoever is in between reads and
     * changes everything, the credential included.
     */
    public static ZipperTls trustAll() {
        return new ZipperTls(null, null, null, true);
    }

    /**
     * By the variables that Go's zippers and clients read: {@code YOMO_TLS_CACERT_FILE}, {@code YOMO_TLS_CERT_FILE},
     * {@code YOMO_TLS_KEY_FILE}. Verifies also where {@code YOMO_TLS_VERIFY_PEER} is not true, unlike Go.
     */
    public static ZipperTls fromEnvironment() {
        return fromEnvironment(System.getenv());
    }

    static ZipperTls fromEnvironment(Map<String, String> environment) {
        String authorities = environment.getOrDefault("YOMO_TLS_CACERT_FILE", "");
        String certificate = environment.getOrDefault("YOMO_TLS_CERT_FILE", "");
        String key = environment.getOrDefault("YOMO_TLS_KEY_FILE", "");
        ZipperTls tls = authorities.isEmpty() ? verified() : trusting(Path.of(authorities));
        return certificate.isEmpty() || key.isEmpty() ? tls : tls.identity(Path.of(certificate), Path.of(key));
    }

    /** The same, and shows this certificate chain to a zipper that asks: PEM files, the key in PKCS#8, not encrypted. */
    public ZipperTls identity(Path certificate, Path key) {
        return new ZipperTls(authority, certificate, key, trustAll);
    }

    /** {@link IllegalArgumentException} that names the file if one cannot be used. */
    QuicSslContext context() {
        QuicSslContextBuilder builder = QuicSslContextBuilder.forClient()
                .applicationProtocols("yomo")
                .endpointIdentificationAlgorithm(trustAll ? "" : "HTTPS");
        if (trustAll) {
            builder.trustManager(InsecureTrustManagerFactory.INSTANCE);
        } else if (authority != null) {
            builder.trustManager(readable(authority).toFile());
        }
        if (certificate != null && key != null) {
            try {
                builder.keyManager(
                        readable(key).toFile(), null, readable(certificate).toFile());
            } catch (IllegalArgumentException unusable) {
                throw new IllegalArgumentException(
                        "TLS identity from " + certificate + " and " + key
                                + " cannot be used (certificates and a PKCS#8 key in PEM are): "
                                + unusable.getMessage(),
                        unusable);
            }
        }
        try {
            return builder.build();
        } catch (RuntimeException unusable) {
            throw new IllegalArgumentException(
                    "TLS cannot be set up from " + this + ": " + unusable.getMessage(), unusable);
        }
    }

    private static Path readable(Path file) {
        if (!Files.isReadable(file)) {
            throw new IllegalArgumentException("TLS file " + file + " cannot be read");
        }
        return file;
    }

    /** Names of files, no content. */
    @Override
    public String toString() {
        return "ZipperTls["
                + (trustAll ? "trusts all" : authority == null ? "the JDK's authorities" : "authorities " + authority)
                + (certificate == null ? "" : ", identity " + certificate) + "]";
    }
}
