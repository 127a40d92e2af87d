package dev.moitessier.yomo;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Where handlers run: a virtual thread each where the JDK has them (21), else a few daemon threads. */
final class Threads {
    private static final int MOST = 64;
    private static final @Nullable ExecutorService VIRTUAL = virtualThreads();

    private Threads() {}

    /** To be shut down by who asked, unless {@link #areVirtual}. */
    static ExecutorService handlers(String name) {
        if (VIRTUAL != null) {
            return VIRTUAL;
        }
        var pool = new ThreadPoolExecutor(
                MOST, MOST, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), daemons("yomo-" + name));
        pool.allowCoreThreadTimeOut(true);
        return pool;
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
