package dev.moitessier.store;

import org.jspecify.annotations.Nullable;

/** Every failure of a store; the driver's exception is the cause. */
public abstract sealed class StoreException extends RuntimeException {
    private final boolean retryable, outcomeUnknown;
    StoreException(String message, @Nullable Throwable cause, boolean retryable, boolean outcomeUnknown) {
        super(message, cause); this.retryable = retryable; this.outcomeUnknown = outcomeUnknown; }
    /** The same call may succeed later. */
    public boolean retryable() { return retryable; }
    /** The call may have taken effect (E1). */
    public boolean outcomeUnknown() { return outcomeUnknown; }
    /** Down, unreachable, out of time, or interrupted. */
    public static final class Unavailable extends StoreException { public Unavailable(String m, @Nullable Throwable c, boolean unknown) { super(m, c, true, unknown); } }
    /** Contention outlasted the retry budget; in a caller's transaction: roll back and redo it. Nothing was written. */
    public static final class Conflict extends StoreException { public Conflict(String m, @Nullable Throwable c) { super(m, c, true, false); } }
    /** Size, name or text beyond a limit that the message states. Nothing was written. */
    public static final class Rejected extends StoreException { public Rejected(String m) { super(m, null, false, false); } }
    /** Rights, schema, version or settings; the message says what to run. */
    public static final class Misconfigured extends StoreException { public Misconfigured(String m, @Nullable Throwable c) { super(m, c, false, false); } }
    /** The session has ended (L2); open a new one and register again. */
    public static final class SessionEnded extends StoreException { public SessionEnded(String m) { super(m, null, false, false); } }
    /** The thread was interrupted; its flag is set again (E3). */
    public static final class Interrupted extends StoreException {
        public Interrupted(String m, boolean unknown) { super(m, null, true, unknown); }
    }
    /** The store was closed. */
    public static final class Closed extends StoreException { public Closed(boolean unknown) { super("store is closed", null, false, unknown); } }
}
