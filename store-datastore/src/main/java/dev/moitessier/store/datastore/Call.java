package dev.moitessier.store.datastore;

import dev.moitessier.store.StoreException;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One call of the SPI under way: its time, and whether something of it may have been written. Who waits and who works meet here:
 * after the one has left, the other commits nothing; once a commit has gone out, leaving says that the outcome is unknown.
 */
final class Call {
    final String doing;
    final long deadline;

    private final ReentrantLock lock = new ReentrantLock();
    private boolean unknown;
    private @Nullable StoreException ended;

    Call(String doing, long deadline) {
        this.doing = doing;
        this.deadline = deadline;
    }

    /** Whether a commit has gone out whose answer has not come. */
    boolean unknown() {
        lock.lock();
        try {
            return unknown;
        } finally {
            lock.unlock();
        }
    }

    /** A commit goes out; false: nobody waits any more, so it must not. */
    boolean sends() {
        lock.lock();
        try {
            unknown |= ended == null;
            return ended == null;
        } finally {
            lock.unlock();
        }
    }

    /** What was sent is known to have happened, or not to. */
    void settled() {
        lock.lock();
        try {
            unknown = false;
        } finally {
            lock.unlock();
        }
    }

    /** Nobody waits for it any more: it must start nothing else. */
    StoreException end(Function<Boolean, StoreException> why) {
        lock.lock();
        try {
            StoreException reason = why.apply(unknown);
            ended = reason;
            return reason;
        } finally {
            lock.unlock();
        }
    }

    long nanosLeft() {
        return deadline - System.nanoTime();
    }

    /** Throws where nothing more must be started. */
    void proceed() {
        StoreException why;
        lock.lock();
        try {
            why = ended;
        } finally {
            lock.unlock();
        }
        if (why != null) {
            throw why;
        }
        if (nanosLeft() <= 0) {
            throw new StoreException.Unavailable("could not " + doing + " in time", null, unknown());
        }
    }

    /** Between two tries. */
    void pause(long nanos) {
        LockSupport.parkNanos(Math.min(nanos, Math.max(1, nanosLeft())));
        proceed();
    }
}
