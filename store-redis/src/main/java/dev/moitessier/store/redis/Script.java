package dev.moitessier.store.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/** The scripts. Each is one atomic step over keys of one shard, all of which it is given. */
enum Script {
    APPEND,
    REGISTER,
    DEPART,
    ACKNOWLEDGE,
    PAGE,
    NEWEST,
    MEMBERS,
    SUBSCRIBERS,
    SESSION,
    LEAVE,
    FINISH,
    CHORES,
    TRIM,
    DROP,
    SEEN,
    DEAD,
    PROBE;

    private final String source;
    private final String sha;

    Script() {
        String file = name().toLowerCase(Locale.ROOT);
        source = load("positions") + load(file);
        try {
            sha = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(Keys.utf8(source)));
        } catch (NoSuchAlgorithmException none) {
            throw new IllegalStateException("every Java platform has SHA-1", none);
        }
    }

    byte[] source() {
        return Keys.utf8(source);
    }

    /** What the server knows it by once it has run. */
    byte[] sha() {
        return Keys.utf8(sha);
    }

    private static String load(String file) {
        try (InputStream in = Script.class.getResourceAsStream(file + ".lua")) {
            if (in == null) {
                throw new IllegalStateException(file + ".lua is missing beside " + Script.class);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
