package dev.moitessier.store.datastore;

import com.google.cloud.datastore.DatastoreException;
import com.google.rpc.Code;
import dev.moitessier.store.StoreException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What went wrong, said in the store's terms. The client's own idea of what may be retried is not asked: it calls an aborted commit
 * final and an I/O error after a commit harmless.
 */
enum Failures {
    /** Somebody else was there first; nothing was written. */
    CONTENTION,
    /** The server or the way to it failed; a commit under way may have happened. */
    CONNECTION,
    /** The server was never reached: nothing can have happened. */
    NOT_REACHED,
    /** A quota is used up for now; nothing was written. */
    EXHAUSTED,
    /** An {@code insert} found its key; nothing was written. */
    EXISTS,
    /** An {@code update} did not find its key; nothing was written. */
    ABSENT,
    /** Rights, credentials, database or indexes. */
    SETTINGS,
    /** Datastore does not take it. */
    REFUSED;

    static Failures of(DatastoreException failure) {
        if (failure.getCode() == Code.ABORTED_VALUE || "ABORTED".equals(failure.getReason())) {
            return CONTENTION;
        }
        return switch (failure.getCode()) {
            case Code.ALREADY_EXISTS_VALUE -> EXISTS;
            case Code.NOT_FOUND_VALUE -> ABSENT;
            case Code.RESOURCE_EXHAUSTED_VALUE -> EXHAUSTED;
            case Code.PERMISSION_DENIED_VALUE,
                    Code.UNAUTHENTICATED_VALUE,
                    Code.FAILED_PRECONDITION_VALUE,
                    Code.UNIMPLEMENTED_VALUE -> SETTINGS;
            // A server that was restarted, or that we kept waiting, does not know the transaction any more.
            case Code.INVALID_ARGUMENT_VALUE -> ofTransaction(failure) ? CONTENTION : REFUSED;
            default -> notReached(failure) ? NOT_REACHED : CONNECTION;
        };
    }

    private static boolean ofTransaction(DatastoreException failure) {
        String message = String.valueOf(failure.getMessage()).toLowerCase(Locale.ROOT);
        return message.contains("transaction")
                && (message.contains("expired") || message.contains("no longer") || message.contains("invalid"));
    }

    private static boolean notReached(@Nullable Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof ConnectException
                    || cause instanceof NoRouteToHostException
                    || cause instanceof UnknownHostException) {
                return true;
            }
        }
        return false;
    }

    /**
     * The failure of a call.
     *
     * @param unknown whether a change may have happened, in this try or an earlier one
     */
    static StoreException thrown(DatastoreException failure, String doing, boolean unknown) {
        String message = "could not " + doing + ": " + failure.getMessage();
        return switch (of(failure)) {
            case CONTENTION, EXISTS ->
                unknown
                        ? new StoreException.Unavailable(message, failure, true)
                        : new StoreException.Conflict(message, failure);
            case CONNECTION, NOT_REACHED, EXHAUSTED -> new StoreException.Unavailable(message, failure, unknown);
            case SETTINGS ->
                new StoreException.Misconfigured(
                        message
                                + ": look at the project, the database (it must be Firestore in Datastore mode) and the rights of "
                                + "this account, which needs the role roles/datastore.user",
                        failure);
            case ABSENT ->
                new StoreException.Misconfigured(
                        message + ": look at moitessier.datastore.project and database", failure);
            case REFUSED -> new StoreException.Misconfigured(message, failure);
        };
    }
}
