package dev.moitessier.prscd;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's identity and how it changes: files that were replaced are taken up without a restart, a demo's certificate is
 * renewed before it ends. New connections see the new one. Files that cannot be read leave the present one in force.
 */
final class TlsKeys {
    private static final Logger log = LoggerFactory.getLogger(TlsKeys.class);
    private static final Duration RENEW_BEFORE_END = Duration.ofDays(1);

    private final Source source;
    private final List<User> users = new CopyOnWriteArrayList<>();
    private volatile TlsIdentity present;
    private String complaint = "";

    /** Makes of an identity what it needs, which may fail; what that gives puts it in force, which may not. */
    interface User {
        Runnable prepare(TlsIdentity identity);
    }

    /** Where an identity comes from; the same again if nothing has changed. */
    private interface Source {
        TlsIdentity next(TlsIdentity present) throws IOException;
    }

    private TlsKeys(TlsIdentity first, Source source) {
        this.present = first;
        this.source = source;
    }

    /** {@link IllegalArgumentException} that names the file if there is no usable identity now. */
    static TlsKeys files(Path chain, Path key) {
        byte[] chainNow = read(chain);
        byte[] keyNow = read(key);
        TlsIdentity first;
        try {
            first = Pem.identity(chainNow, keyNow);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("TLS from " + chain + " and " + key + ": " + e.getMessage(), e);
        }
        return new TlsKeys(first, new Source() {
            private byte[] chainSeen = chainNow;
            private byte[] keySeen = keyNow;

            @Override
            public TlsIdentity next(TlsIdentity present) throws IOException {
                byte[] newChain = Files.readAllBytes(chain);
                byte[] newKey = Files.readAllBytes(key);
                if (MessageDigest.isEqual(newChain, chainSeen) && MessageDigest.isEqual(newKey, keySeen)) {
                    return present;
                }
                TlsIdentity changed = Pem.identity(newChain, newKey);
                chainSeen = newChain;
                keySeen = newKey;
                return changed;
            }
        });
    }

    /** A certificate of its own making, see {@link DemoCertificate}. */
    static TlsKeys demo(InstantSource clock) {
        return new TlsKeys(DemoCertificate.make(clock.instant()), present -> {
            Instant end = present.certificate().getNotAfter().toInstant();
            return clock.instant().isBefore(end.minus(RENEW_BEFORE_END))
                    ? present
                    : DemoCertificate.make(clock.instant());
        });
    }

    TlsIdentity present() {
        return present;
    }

    /** Called now and after each change, by the thread that calls {@link #refresh}. All users change, or none. */
    void use(User user) {
        user.prepare(present).run();
        users.add(user);
    }

    /** Looks whether there is a new identity; called now and then, by one thread. */
    void refresh() {
        try {
            TlsIdentity next = source.next(present);
            if (!next.equals(present)) {
                List<Runnable> prepared =
                        users.stream().map(user -> user.prepare(next)).toList();
                prepared.forEach(Runnable::run);
                present = next;
                log.info(
                        "new TLS certificate, valid until {}",
                        next.certificate().getNotAfter().toInstant());
            }
            complaint = "";
        } catch (IOException | RuntimeException e) {
            String now = String.valueOf(e.getMessage());
            if (!now.equals(complaint)) {
                log.warn("the TLS files have changed but cannot be used, the present certificate stays: {}", now);
                complaint = now;
            }
        }
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException("TLS: cannot read " + file, e);
        }
    }
}
