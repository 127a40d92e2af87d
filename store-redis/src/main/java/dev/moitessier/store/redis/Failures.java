package dev.moitessier.store.redis;

import dev.moitessier.store.StoreException;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.exceptions.JedisAccessControlException;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisException;

/** What went wrong, said in the store's terms. */
final class Failures {
    private Failures() {}

    /** What the server says while it starts, fails over or moves slots; the command was not run (E2). */
    static boolean passing(JedisDataException said) {
        String message = message(said);
        return message.startsWith("TRYAGAIN")
                || message.startsWith("CLUSTERDOWN")
                || message.startsWith("LOADING")
                || message.startsWith("MASTERDOWN")
                || message.startsWith("READONLY")
                || message.startsWith("BUSY")
                || message.contains("-READONLY")
                || message.contains("non local key");
    }

    /** The driver's failure of a call; {@code sent}: it may have been carried out. */
    static StoreException of(RuntimeException failure, String doing, boolean sent) {
        if (failure instanceof StoreException said) {
            return said;
        }
        String message = "could not " + doing + ": " + message(failure);
        if (message(failure).contains("NOPERM")) {
            return new StoreException.Misconfigured(
                    message + "; docs/store-redis.md lists what the user must be allowed", failure);
        }
        if (caused(failure, JedisAccessControlException.class)
                || message(failure).startsWith("NOAUTH")) {
            return new StoreException.Misconfigured(message + "; look at user and password", failure);
        }
        // An answer of the server means that the script was refused or stopped at its first write.
        boolean answered = failure instanceof JedisDataException;
        return new StoreException.Unavailable(message, failure, sent && !answered);
    }

    /** The connection is of no use any more. */
    static boolean connection(RuntimeException failure) {
        return failure instanceof JedisConnectionException;
    }

    static boolean driver(RuntimeException failure) {
        return failure instanceof JedisException;
    }

    private static boolean caused(Throwable failure, Class<? extends Throwable> by) {
        for (@Nullable Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (by.isInstance(cause)) {
                return true;
            }
        }
        return false;
    }

    private static String message(Throwable failure) {
        return String.valueOf(failure.getMessage());
    }
}
