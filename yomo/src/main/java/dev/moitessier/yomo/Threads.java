package dev.moitessier.yomo;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinWorkerThread;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Where handlers run: a virtual thread each where the JDK has them (21), else a few daemon threads. */
final class Threads {
    private static final int MOST = 64;
    private static final int IDLE_SECONDS = 10;
    private static final @Nullable ExecutorService VIRTUAL = virtualThreads();

    private Threads() {}

    /** To be shut down by who asked, unless {@link #areVirtual}. */
    static ExecutorService handlers(String name) {
        if (VIRTUAL != null) {
            return VIRTUAL;
        }
        // It wakes the thread that has just gone to sleep; a queue's waiters take turns, and each is the coldest.
        return new ForkJoinPool(
                MOST, workers("yomo-" + name), null, true, 0, MOST, 1, null, IDLE_SECONDS, TimeUnit.SECONDS);
    }

    private static ForkJoinPool.ForkJoinWorkerThreadFactory workers(String name) {
        AtomicInteger count = new AtomicInteger();
        return pool -> {
            var worker = new ForkJoinWorkerThread(pool) {};
            worker.setName(name + "-" + count.incrementAndGet());
            return worker;
        };
    }

    /** Of these nothing is to be shut down: one executor serves the whole process. */
    static boolean areVirtual() {
        return VIRTUAL != null;
    }

    static ThreadFactory daemons(String name) {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + count.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    private static @Nullable ExecutorService virtualThreads() {
        if (Runtime.version().feature() < 21) {
            return null;
        }
        try {
            return (ExecutorService) MethodHandles.publicLookup()
                    .findStatic(
                            Executors.class,
                            "newVirtualThreadPerTaskExecutor",
                            MethodType.methodType(ExecutorService.class))
                    .invoke();
        } catch (Throwable impossible) {
            throw new LinkageError("a JDK 21 or newer without virtual threads", impossible);
        }
    }
}
