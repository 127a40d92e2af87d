package dev.moitessier.prscd;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.lang.reflect.InvocationTargetException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;

/** Threads for what blocks: virtual ones where the JDK has them (21 and newer), else kept daemon threads. */
final class Workers {
    private Workers() {}

    static ExecutorService perTask(String name) {
        try {
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            Class<?> ofVirtual = Class.forName("java.lang.Thread$Builder");
            Object named = ofVirtual.getMethod("name", String.class, long.class).invoke(builder, name + "-", 0L);
            ThreadFactory factory =
                    (ThreadFactory) ofVirtual.getMethod("factory").invoke(named);
            return (ExecutorService) Executors.class
                    .getMethod("newThreadPerTaskExecutor", ThreadFactory.class)
                    .invoke(null, factory);
        } catch (NoSuchMethodException | ClassNotFoundException older) {
            return Executors.newCachedThreadPool(new DefaultThreadFactory(name, true));
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("this JDK makes no virtual threads", e);
        }
    }
}
