package dev.moitessier;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The system's clock; delays run on {@link System#nanoTime}, so a step of the wall clock moves none of them. */
final class SystemTime implements TimeSource {
    static final SystemTime INSTANCE = new SystemTime();

    private static final Logger LOG = LoggerFactory.getLogger(SystemTime.class);

    private final ScheduledThreadPoolExecutor timer;

    private SystemTime() {
        timer = new ScheduledThreadPoolExecutor(1, Threads.daemons("moitessier-timer"));
        timer.setRemoveOnCancelPolicy(true);
    }

    @Override
    public Instant instant() {
        return Instant.now();
    }

    @Override
    public long nanos() {
        return System.nanoTime();
    }

    @Override
    public Timer at(Instant when, Runnable task) {
        Instant now = instant();
        return schedule(when.isAfter(now) ? nanosOf(now, when) : 0, task);
    }

    @Override
    public Timer after(Duration delay, Runnable task) {
        return schedule(Durations.nanos(delay), task);
    }

    private Timer schedule(long nanos, Runnable task) {
        ScheduledFuture<?> waiting = timer.schedule(() -> run(task), Math.max(0, nanos), TimeUnit.NANOSECONDS);
        return () -> waiting.cancel(false);
    }

    private static void run(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error failure) {
            LOG.error("a timer's task failed", failure);
        }
    }

    private static long nanosOf(Instant from, Instant to) {
        return Durations.nanos(Duration.between(from, to));
    }
}
