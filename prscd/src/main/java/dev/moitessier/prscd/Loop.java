package dev.moitessier.prscd;

import java.util.concurrent.Executor;

/** One serial executor with its clock and timer: everything that a {@link Node} does, it does here. Tests bring their own. */
interface Loop extends Executor {
    /** Monotonic nanoseconds; only differences mean something. */
    long nanos();

    /** Wall clock; orders states of one client id roughly, nothing else. */
    long wallMillis();

    /** Runs the task after those before it; from any thread. */
    @Override
    void execute(Runnable task);

    /** Runs the task on this loop, not before so many nanoseconds have passed; from any thread. */
    Timer after(long nanos, Runnable task);

    /** A task that waits. */
    @FunctionalInterface
    interface Timer {
        void cancel();
    }
}
