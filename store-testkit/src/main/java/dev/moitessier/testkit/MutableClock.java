package dev.moitessier.testkit;

import dev.moitessier.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.PriorityQueue;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A clock and timer that stand still until a test moves them.
 *
 * <p>Tasks run on the thread that moves the clock, in the order of their instants, those of one instant in the order in which
 * they were added. Thread-safe; one thread at a time moves the clock, others wait for it. What a task throws comes out of the
 * move, which then has stopped at that task.
 */
public final class MutableClock implements TimeSource {
    private final ReentrantLock state = new ReentrantLock();
    private final ReentrantLock moving = new ReentrantLock();
    private final PriorityQueue<Waiting> waiting = new PriorityQueue<>();
    private Instant now;
    private long added;

    private MutableClock(Instant now) {
        this.now = now;
    }

    /** A clock that shows this instant, such as {@code "2026-11-22T10:00:00Z"}. */
    public static MutableClock at(String instant) {
        return new MutableClock(Instant.parse(instant));
    }

    /** A clock that shows this instant. */
    public static MutableClock at(Instant instant) {
        return new MutableClock(instant);
    }

    @Override
    public Instant instant() {
        state.lock();
        try {
            return now;
        } finally {
            state.unlock();
        }
    }

    /** Adds a task; one that is due already runs at the next move, not in this call. */
    @Override
    public Timer at(Instant when, Runnable task) {
        state.lock();
        try {
            Waiting entry = new Waiting(when, added++, task);
            waiting.add(entry);
            return () -> remove(entry);
        } finally {
            state.unlock();
        }
    }

    /**
     * Lets so much time pass: each task that falls due runs when the clock shows its instant, tasks that these add included.
     *
     * @throws IllegalArgumentException if negative; {@link #jump} sets a clock back
     */
    public void advance(Duration duration) {
        if (duration.isNegative()) {
            throw new IllegalArgumentException(
                    "time does not pass backwards: " + duration + "; use jump to set the clock back");
        }
        moving.lock();
        try {
            Instant end = instant().plus(duration);
            for (Waiting next = takeDue(end); next != null; next = takeDue(end)) {
                show(next.when.isAfter(instant()) ? next.when : instant());
                next.task.run();
            }
            show(end);
        } finally {
            moving.unlock();
        }
    }

    /**
     * Sets the clock forward or back, as an operator or NTP does: no time passes in between. After a jump forward, what is due
     * by then runs, late; after one back, tasks wait for their instant.
     */
    public void jump(Duration offset) {
        moving.lock();
        try {
            Instant end = instant().plus(offset);
            show(end);
            for (Waiting next = takeDue(end); next != null; next = takeDue(end)) {
                next.task.run();
            }
        } finally {
            moving.unlock();
        }
    }

    /** How many tasks wait. */
    public int waiting() {
        state.lock();
        try {
            return waiting.size();
        } finally {
            state.unlock();
        }
    }

    @Override
    public String toString() {
        return "MutableClock at " + instant();
    }

    private void show(Instant instant) {
        state.lock();
        try {
            now = instant;
        } finally {
            state.unlock();
        }
    }

    private @Nullable Waiting takeDue(Instant end) {
        state.lock();
        try {
            Waiting next = waiting.peek();
            return next == null || next.when.isAfter(end) ? null : waiting.poll();
        } finally {
            state.unlock();
        }
    }

    private void remove(Waiting entry) {
        state.lock();
        try {
            waiting.remove(entry);
        } finally {
            state.unlock();
        }
    }

    private static final class Waiting implements Comparable<Waiting> {
        private final Instant when;
        private final long order;
        private final Runnable task;

        Waiting(Instant when, long order, Runnable task) {
            this.when = when;
            this.order = order;
            this.task = task;
        }

        @Override
        public int compareTo(Waiting other) {
            int byTime = when.compareTo(other.when);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }
}
