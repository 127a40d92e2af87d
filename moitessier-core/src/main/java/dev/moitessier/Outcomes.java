package dev.moitessier;

import dev.moitessier.store.Appended;
import dev.moitessier.store.StoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Collects what became of each scope of one dispatch: all of them, or the first failure with the others suppressed. */
final class Outcomes {
    private final UUID id;
    private final List<Dispatched.Entry> entries;
    private @Nullable RuntimeException failure;
    private @Nullable List<Failed> failed;

    /** A scope that failed, for meters. */
    record Failed(String scope, RuntimeException cause) {}

    Outcomes(UUID id, int scopes) {
        this.id = id;
        this.entries = new ArrayList<>(scopes);
    }

    void add(String scope, Combiner.Answer answer) {
        if (answer.appended() != null) {
            add(scope, answer.appended(), answer.results(), answer.failures());
        } else if (answer.broken() != null) {
            fail(scope, answer.broken());
        }
    }

    void add(String scope, Appended appended, List<Dispatched.Result> results, List<Dispatched.Failure> failures) {
        Dispatched.Entry entry = entry(scope, appended, results, failures);
        if (entry != null) {
            entries.add(entry);
        } else if (appended instanceof Appended.Failed refused) {
            fail(scope, named(refused.cause(), scope));
        } else {
            fail(scope, new IllegalStateException("the store found an append stale that had no condition: " + scope));
        }
    }

    /** Null: it failed. */
    static Dispatched.@Nullable Entry entry(
            String scope, Appended appended, List<Dispatched.Result> results, List<Dispatched.Failure> failures) {
        if (appended instanceof Appended.Stored stored) {
            OptionalLong position = OptionalLong.of(stored.position());
            return new Dispatched.Entry(
                    scope, Dispatched.Outcome.STORED, position, stored.duplicate(), results, failures);
        }
        OptionalLong none = OptionalLong.empty();
        if (appended instanceof Appended.Unheard) {
            return new Dispatched.Entry(scope, Dispatched.Outcome.UNHEARD, none, false, results, failures);
        }
        return appended instanceof Appended.Enlisted
                ? new Dispatched.Entry(scope, Dispatched.Outcome.ENLISTED, none, false, results, failures)
                : null;
    }

    @SuppressWarnings("ReferenceEquality") // an exception cannot suppress itself
    void fail(String scope, RuntimeException cause) {
        if (failure == null) {
            failure = cause;
            failed = new ArrayList<>(1);
        } else if (failure != cause) {
            failure.addSuppressed(cause);
        }
        if (failed != null) {
            failed.add(new Failed(scope, cause));
        }
    }

    UUID id() {
        return id;
    }

    String firstScope() {
        return !entries.isEmpty()
                ? entries.get(0).scope()
                : failed().isEmpty() ? "" : failed().get(0).scope();
    }

    List<Dispatched.Entry> entries() {
        return entries;
    }

    List<Failed> failed() {
        return failed == null ? List.of() : failed;
    }

    Dispatched dispatched() {
        if (failure != null) {
            throw failure;
        }
        return new Dispatched(id, entries);
    }

    /** The same kind of exception, from the caller's stack, with what the caller needs to try again. */
    private StoreException named(StoreException cause, String scope) {
        boolean unknown = cause.outcomeUnknown();
        String message = "dispatch " + id + " to " + scope + " failed: " + cause.getMessage()
                + (unknown ? "; it may have been written" : "; nothing was written to this scope")
                + (unknown || cause.retryable()
                        ? "; a retry must use the same id: dispatch.id(UUID.fromString(\"" + id + "\"))"
                        : "");
        if (cause instanceof StoreException.Unavailable) {
            return new StoreException.Unavailable(message, cause, unknown);
        } else if (cause instanceof StoreException.Conflict) {
            return new StoreException.Conflict(message, cause);
        } else if (cause instanceof StoreException.Misconfigured) {
            return new StoreException.Misconfigured(message, cause);
        }
        StoreException named = cause instanceof StoreException.Rejected
                ? new StoreException.Rejected(message)
                : cause instanceof StoreException.Interrupted
                        ? new StoreException.Interrupted(message, unknown)
                        : cause instanceof StoreException.SessionEnded
                                ? new StoreException.SessionEnded(message)
                                : new StoreException.Closed(unknown);
        named.addSuppressed(cause); // these kinds take no cause
        return named;
    }
}
