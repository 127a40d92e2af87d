package dev.moitessier.testkit;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The wirings of a class: one for each of its tests that run at the same time. Each has a namespace, a clock and instances of its
 * own, so tests meet nowhere but in the server. Usually that is one; a class with {@code @Execution(CONCURRENT)} gets as many as
 * JUnit has threads for it.
 */
final class Lanes implements AutoCloseable {
    private final Wired.Maker maker;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Wired> all = new ArrayList<>();
    private final Deque<Wired> free = new ArrayDeque<>();

    private Lanes(Wired.Maker maker) {
        this.maker = maker;
    }

    /** With a first one, so that what hinders all tests is said once. */
    static Lanes open(Wired.Maker maker) throws Exception {
        Lanes lanes = new Lanes(maker);
        lanes.giveBack(lanes.take());
        return lanes;
    }

    /** A wiring that no other test has now. */
    Wired take() throws Exception {
        lock.lock();
        try {
            if (!free.isEmpty()) {
                return free.pop();
            }
        } finally {
            lock.unlock();
        }
        Wired wired = Wired.open(maker, Bench.randomName());
        lock.lock();
        try {
            all.add(wired);
        } finally {
            lock.unlock();
        }
        return wired;
    }

    void giveBack(Wired wired) {
        lock.lock();
        try {
            free.push(wired);
        } finally {
            lock.unlock();
        }
    }

    /** The store's name, for the summary. */
    String store() {
        lock.lock();
        try {
            return all.get(0).capabilities().store();
        } finally {
            lock.unlock();
        }
    }

    /** Closes all of them, whatever happens; the first failure comes out. */
    @Override
    public void close() {
        RuntimeException failure = null;
        AssertionError error = null;
        for (Wired wired : all) {
            try {
                wired.close();
            } catch (RuntimeException e) {
                failure = failure == null ? e : failure;
            } catch (AssertionError e) {
                error = error == null ? e : error;
            }
        }
        if (failure != null) {
            throw failure;
        }
        if (error != null) {
            throw error;
        }
    }
}
