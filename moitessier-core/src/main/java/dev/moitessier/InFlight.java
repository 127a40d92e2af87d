package dev.moitessier;

import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Bounds the asynchronous dispatches and lets one wait for those before a moment: each belongs to the era in which it was
 * accepted, and a flush ends the present era and waits until it and those before are empty, whatever comes later.
 */
final class InFlight {
    private final int most;
    private final Moitessier.Overflow overflow;
    private final Duration timeout;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition left = lock.newCondition();
    private final ArrayDeque<Era> eras = new ArrayDeque<>();
    private int open;

    /** What one accepted dispatch hands back when it ends. */
    static final class Era {
        private int open;

        private Era() {}
    }

    InFlight(int most, Moitessier.Overflow overflow, Duration timeout) {
        this.most = most;
        this.overflow = overflow;
        this.timeout = timeout;
        eras.add(new Era());
    }

    /** Takes a place, waiting for one if that is the policy; {@link StoreException} if there is none. */
    Era enter() {
        lock.lock();
        try {
            if (open >= most) {
                awaitRoom();
            }
            open++;
            Era present = eras.getLast();
            present.open++;
            return present;
        } finally {
            lock.unlock();
        }
    }

    private void awaitRoom() {
        if (overflow == Moitessier.Overflow.FAIL) {
            throw new StoreException.Rejected("at most " + most + " asynchronous dispatches may be in flight");
        }
        try {
            long nanos = Durations.nanos(timeout);
            while (open >= most) {
                if (nanos <= 0) {
                    throw new StoreException.Unavailable(
                            most + " asynchronous dispatches were in flight for " + timeout, null, false);
                }
                nanos = left.awaitNanos(nanos);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException.Interrupted("interrupted while waiting for room in flight", false);
        }
    }

    void leave(Era era) {
        lock.lock();
        try {
            open--;
            era.open--;
            while (eras.size() > 1 && eras.getFirst().open == 0) {
                eras.removeFirst();
            }
            left.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits until all that entered before this call has left. */
    void flush() throws InterruptedException {
        lock.lock();
        try {
            if (open == 0) {
                return;
            }
            Era last = eras.getLast();
            eras.add(new Era());
            while (eras.contains(last)) {
                left.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Waits until nothing is in flight, at most until the deadline. */
    void awaitNone(long deadline) {
        lock.lock();
        try {
            long nanos = deadline - System.nanoTime();
            while (open > 0 && nanos > 0) {
                nanos = left.awaitNanos(nanos);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }
}
