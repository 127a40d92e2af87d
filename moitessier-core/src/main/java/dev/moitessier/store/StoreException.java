package dev.moitessier.store;

import org.jspecify.annotations.Nullable;

/** Every failure of a store; a driver's exception is the cause. */
public abstract sealed class StoreException extends RuntimeException {
    private final boolean retryable;
    private final boolean outcomeUnknown;

    private StoreException(String message, @Nullable Throwable cause, boolean retryable, boolean outcomeUnknown) {
        super(message, cause);
        this.retryable = retryable;
        this.outcomeUnknown = outcomeUnknown;
    }

    /** Whether the same call may succeed later. */
    public boolean retryable() {
        return retryable;
    }

    /** Whether the call may have taken effect; a retry with the same ids is safe (E1). */
    public boolean outcomeUnknown() {
        return outcomeUnknown;
    }

    /** Down, unreachable, or out of time. */
    public static final class Unavailable extends StoreException {
        public Unavailable(String message, @Nullable Throwable cause, boolean outcomeUnknown) {
            super(message, cause, true, outcomeUnknown);
        }
    }

    /** Contention outlasted the retry budget; in a caller's transaction: roll back and redo it. Nothing was written. */
    public static final class Conflict extends StoreException {
        public Conflict(String message, @Nullable Throwable cause) {
            super(message, cause, true, false);
        }
    }

    /** Size, name or text beyond a limit that the message states. Nothing was written. */
    public static final class Rejected extends StoreException {
        public Rejected(String message) {
            super(message, null, false, false);
        }
    }

    /** Rights, schema, version or settings; the message says what to do. Nothing was written. */
    public static final class Misconfigured extends StoreException {
        public Misconfigured(String message, @Nullable Throwable cause) {
            super(message, cause, false, false);
        }
    }

    /** The session has ended (L2); open a new one and register again. Nothing was written. */
    public static final class SessionEnded extends StoreException {
        public SessionEnded(String message) {
            super(message, null, false, false);
        }
    }

    /** The thread was interrupted; its flag is set again (E3). */
    public static final class Interrupted extends StoreException {
        public Interrupted(String message, boolean outcomeUnknown) {
            super(message, null, true, outcomeUnknown);
        }
    }

    /** The store was closed (E4). */
    public static final class Closed extends StoreException {
        public Closed(boolean outcomeUnknown) {
            super("store is closed", null, false, outcomeUnknown);
        }
    }
}
