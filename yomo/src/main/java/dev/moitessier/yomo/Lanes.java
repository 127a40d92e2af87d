package dev.moitessier.yomo;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Runs tasks: those of one lane one after the other in order, those of several at once. A lane exists while it has tasks.
 * No more than so many wait, and so many bytes.
 */
final class Lanes {
    private static final ThreadLocal<Lanes> INSIDE = new ThreadLocal<>();

    private final Executor executor;
    private final int mostTasks;
    private final long mostBytes;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition idle = lock.newCondition();
    private final Map<Object, Lane> lanes = new HashMap<>();
    private int waiting;
    private long bytes;

    Lanes(Executor executor, int mostTasks, long mostBytes) {
        this.executor = executor;
        this.mostTasks = mostTasks;
        this.mostBytes = mostBytes;
    }

    private record Task(Runnable work, int bytes) {}

    /** False, and nothing is run, if too much waits already, or the executor takes nothing. */
    boolean submit(Object key, int size, Runnable work) {
        Lane start = null;
        lock.lock();
        try {
            if (waiting >= mostTasks || bytes + size > mostBytes) {
                return false;
            }
            waiting++;
            bytes += size;
            Lane lane = lanes.get(key);
            if (lane == null) {
                lane = new Lane(key);
                lanes.put(key, lane);
                start = lane;
            }
            lane.tasks.add(new Task(work, size));
        } finally {
            lock.unlock();
        }
        if (start != null) {
            try {
                executor.execute(start);
            } catch (RejectedExecutionException shutDown) {
                start.abandon();
                return false;
            }
        }
        return true;
    }

    /** Whether the calling thread runs a task of these lanes. */
    boolean isInside() {
        return INSIDE.get() == this;
    }

    /** False if tasks were left at the deadline; tasks keep running. */
    boolean awaitIdle(long nanos) throws InterruptedException {
        long left = nanos;
        lock.lockInterruptibly();
        try {
            while (!lanes.isEmpty()) {
                if (left <= 0) {
                    return false;
                }
                left = idle.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Lets go what has not begun; returns how many that were. */
    int abandon() {
        lock.lock();
        try {
            int abandoned = waiting;
            for (Lane lane : lanes.values()) {
                lane.tasks.clear();
            }
            waiting = 0;
            bytes = 0;
            return abandoned;
        } finally {
            lock.unlock();
        }
    }

    private final class Lane implements Runnable {
        /** Of one go; then others may have the thread. */
        private static final long SLICE = TimeUnit.MILLISECONDS.toNanos(10);

        private final Object key;
        private final ArrayDeque<Task> tasks = new ArrayDeque<>();

        Lane(Object key) {
            this.key = key;
        }

        @Override
        public void run() {
            INSIDE.set(Lanes.this);
            try {
                long start = System.nanoTime();
                for (Task task = next(); task != null; task = next()) {
                    task.work.run();
                    if (System.nanoTime() - start > SLICE && goesOnLater()) {
                        return;
                    }
                }
            } finally {
                INSIDE.remove();
            }
        }

        private boolean goesOnLater() {
            try {
                executor.execute(this);
                return true;
            } catch (RejectedExecutionException shutDown) {
                return false;
            }
        }

        private @Nullable Task next() {
            lock.lock();
            try {
                Task task = tasks.poll();
                if (task == null) {
                    lanes.remove(key);
                    if (lanes.isEmpty()) {
                        idle.signalAll();
                    }
                } else {
                    waiting--;
                    bytes -= task.bytes;
                }
                return task;
            } finally {
                lock.unlock();
            }
        }

        private void abandon() {
            lock.lock();
            try {
                for (Task task : tasks) {
                    waiting--;
                    bytes -= task.bytes;
                }
                lanes.remove(key);
            } finally {
                lock.unlock();
            }
        }
    }
}
