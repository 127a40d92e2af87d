package dev.moitessier.prscd;

import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A loop on a thread of its own. */
final class TestLoop implements Loop, AutoCloseable {
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(task -> {
        var daemon = new Thread(task, "test-loop");
        daemon.setDaemon(true);
        return daemon;
    });

    @Override
    public long nanos() {
        return System.nanoTime();
    }

    @Override
    public long wallMillis() {
        return System.currentTimeMillis();
    }

    @Override
    public void execute(Runnable task) {
        try {
            thread.execute(() -> shielded(task));
        } catch (RejectedExecutionException closed) {
            // Nothing happens any more on a loop that is closed.
            return;
        }
    }

    @Override
    public Timer after(long nanos, Runnable task) {
        if (thread.isShutdown()) {
            return () -> {};
        }
        Future<?> waiting = thread.schedule(() -> shielded(task), nanos, TimeUnit.NANOSECONDS);
        return () -> waiting.cancel(false);
    }

    private static void shielded(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            Thread.currentThread().getUncaughtExceptionHandler().uncaughtException(Thread.currentThread(), e);
        }
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
