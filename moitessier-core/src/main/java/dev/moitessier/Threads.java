package dev.moitessier;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Where work runs: a virtual thread each where the JDK has them (21), else few daemon threads. */
final class Threads {
    private static final @Nullable ThreadFactory VIRTUAL = virtualThreads();

    private Threads() {}

    /** For calls that block on the store. Never refuses, never queues behind another call. */
    static ExecutorService blocking(String name) {
        if (VIRTUAL != null) {
            return perTask(VIRTUAL);
        }
        return new ThreadPoolExecutor(
                0, Integer.MAX_VALUE, 10, TimeUnit.SECONDS, new SynchronousQueue<>(), daemons(name));
    }

    /** For responders, which may block: thousands of short tasks on a few threads, more only while those are stuck. */
    static ExecutorService responders(String name) {
        return VIRTUAL != null ? perTask(VIRTUAL) : new Elastic(daemons(name));
    }

    static ThreadFactory daemons(String name) {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    /** True if this executor runs a task on the thread that hands it over, as {@code Runnable::run} does. */
    static boolean direct(Executor executor) {
        Thread caller = Thread.currentThread();
        AtomicBoolean here = new AtomicBoolean();
        executor.execute(() -> here.set(Thread.currentThread() == caller));
        return here.get();
    }

    private static ExecutorService perTask(ThreadFactory factory) {
        try {
            return (ExecutorService) MethodHandles.publicLookup()
                    .findStatic(
                            Executors.class,
                            "newThreadPerTaskExecutor",
                            MethodType.methodType(ExecutorService.class, ThreadFactory.class))
                    .invoke(factory);
        } catch (Throwable impossible) {
            throw new LinkageError("virtual threads without newThreadPerTaskExecutor", impossible);
        }
    }

    private static @Nullable ThreadFactory virtualThreads() {
        if (Runtime.version().feature() < 21) {
            return null;
        }
        try {
            Class<?> builder = Class.forName("java.lang.Thread$Builder");
            Object ofVirtual = Thread.class.getMethod("ofVirtual").invoke(null);
            Object named = builder.getMethod("name", String.class, long.class).invoke(ofVirtual, "moitessier-", 0L);
            return (ThreadFactory) builder.getMethod("factory").invoke(named);
        } catch (ReflectiveOperationException absent) {
            return null;
        }
    }

    /**
     * As many threads as processors; one more whenever tasks have waited for 10 ms and none has ended meanwhile, so that
     * responders that sleep hold up no others, and 10,000 quick ones do not make 10,000 threads.
     */
    private static final class Elastic extends ThreadPoolExecutor {
        private static final int MOST = 256;
        private static final long LOOK_MILLIS = 10;

        private final int least;
        private final AtomicBoolean looking = new AtomicBoolean();
        private volatile long seen;

        Elastic(ThreadFactory factory) {
            super(
                    Runtime.getRuntime().availableProcessors(),
                    MOST,
                    10,
                    TimeUnit.SECONDS,
                    new LinkedBlockingQueue<>(),
                    factory);
            this.least = getCorePoolSize();
            allowCoreThreadTimeOut(true);
        }

        @Override
        public void execute(Runnable task) {
            super.execute(task);
            look();
        }

        private void look() {
            if (!getQueue().isEmpty() && looking.compareAndSet(false, true)) {
                seen = getCompletedTaskCount();
                SystemTime.INSTANCE.after(java.time.Duration.ofMillis(LOOK_MILLIS), this::growIfStuck);
            }
        }

        private void growIfStuck() {
            looking.set(false);
            Queue<Runnable> waiting = getQueue();
            if (waiting.isEmpty()) {
                setCorePoolSize(least);
            } else {
                if (getCompletedTaskCount() == seen && getCorePoolSize() < MOST) {
                    setCorePoolSize(getCorePoolSize() + 1);
                }
                look();
            }
        }
    }
}
