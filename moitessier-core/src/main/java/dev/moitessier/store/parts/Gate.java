package dev.moitessier.store.parts;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Lets calls through until it is shut; shutting waits for those under way (W3, X6). Thread-safe. */
public final class Gate {
    private static final long PATIENCE_NANOS = 1_000_000_000L;

    private final AtomicInteger inside = new AtomicInteger();
    private volatile boolean shut;
    private volatile @Nullable Thread shutting;

    /** Open. */
    public Gate() {}

    /** Whether the call may go on; then {@link #leave} must follow. */
    public boolean enter() {
        inside.incrementAndGet();
        if (shut) {
            leave();
            return false;
        }
        return true;
    }

    /** The call is over. */
    public void leave() {
        if (inside.decrementAndGet() == 0 && shut) {
            LockSupport.unpark(shutting);
        }
    }

    /** Whether it has been shut. */
    public boolean isShut() {
        return shut;
    }

    /** Lets none through any more; for a caller that is itself inside, and so cannot wait. */
    public void shutWithin() {
        shut = true;
    }

    /** Lets none through any more. Waits a second at most, since a callee may itself be waiting for the caller. */
    public void shut() {
        shutting = Thread.currentThread();
        shut = true;
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        boolean interrupted = false;
        for (long left = PATIENCE_NANOS; inside.get() > 0 && left > 0; left = deadline - System.nanoTime()) {
            LockSupport.parkNanos(this, left);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
