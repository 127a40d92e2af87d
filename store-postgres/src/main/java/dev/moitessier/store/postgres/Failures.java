package dev.moitessier.store.postgres;

import dev.moitessier.store.StoreException;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;

/** What went wrong, said in the store's terms. */
final class Failures {
    private Failures() {}

    /** Worth another try with nothing written: deadlock, serialisation failure, a lock that was not to be had. */
    static boolean contention(@Nullable Throwable failure) {
        return switch (state(failure)) {
            case "40001", "40P01", "55P03" -> true;
            default -> false;
        };
    }

    /** Contention, and what passes when everything is looked at again: rows that came or went meanwhile. */
    static boolean passing(@Nullable Throwable failure) {
        return contention(failure) || uniqueViolation(failure) || foreignKeyViolation(failure);
    }

    static boolean lockTimeout(@Nullable Throwable failure) {
        return state(failure).equals("55P03");
    }

    static boolean uniqueViolation(@Nullable Throwable failure) {
        return state(failure).equals("23505");
    }

    static boolean foreignKeyViolation(@Nullable Throwable failure) {
        return state(failure).equals("23503");
    }

    /** The server was not reached, or is starting or stopping. */
    static boolean connection(@Nullable Throwable failure) {
        String state = state(failure);
        return state.startsWith("08") || state.startsWith("57P");
    }

    /**
     * The failure of a call.
     *
     * @param sent whether a change was under way, so that a lost connection leaves it unknown
     */
    static StoreException of(SQLException failure, String doing, boolean sent) {
        String state = state(failure);
        String message = "could not " + doing + ": " + failure.getMessage();
        if (contention(failure)) {
            return new StoreException.Conflict(message, failure);
        }
        switch (state) {
            case "42P01", "3F000", "42703", "42883" -> {
                return new StoreException.Misconfigured(
                        message
                                + ": the schema is missing or older than this library; run PostgresStore.migrate(dataSource) or what "
                                + "PostgresStore.schemaSql() prints",
                        failure);
            }
            case "42501" -> {
                return new StoreException.Misconfigured(
                        message + ": run what PostgresStore.grantsSql(role) prints, as the owner of the schema",
                        failure);
            }
            case "3D000", "28000", "28P01" -> {
                return new StoreException.Misconfigured(
                        message + ": look at moitessier.postgres.url, user and password", failure);
            }
            case "25006" -> {
                return new StoreException.Unavailable(
                        message + ": this server is read-only; connect to the primary (targetServerType=primary)",
                        failure,
                        false);
            }
            default -> {
                return new StoreException.Unavailable(message, failure, sent && !answered(failure));
            }
        }
    }

    /** An answer of the server means that it has rolled back; one that ends the connection may follow a commit. */
    static boolean answered(SQLException failure) {
        return failure instanceof PSQLException said
                && said.getServerErrorMessage() != null
                && !state(failure).startsWith("57P");
    }

    private static String state(@Nullable Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof SQLException said && said.getSQLState() != null) {
                return said.getSQLState();
            }
        }
        return "";
    }
}
