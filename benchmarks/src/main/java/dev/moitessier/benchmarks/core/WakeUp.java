package dev.moitessier.benchmarks.core;

import dev.moitessier.Conditions;
import dev.moitessier.ListenOptions;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.store.memory.MemoryStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * From before the call of one thread until the code of another one runs. All contenders live in one JVM, speak from the same thread,
 * which parks until it has been heard, and take turns in blocks; before each call both sides have been parked for 200 µs. They are
 * warmed up by many exchanges without a pause, so that what is compared is compiled code.
 */
final class WakeUp implements AutoCloseable {
    private static final Person ADA = Person.of("ada");
    private static final Person BOB = Person.of("bob");
    private static final int BLOCK = 250;

    /** Medians, in microseconds. */
    record Micros(double unpark, double subscription, double listenUntil) {}

    private final Thread speaker = Thread.currentThread();
    private final AtomicLong heardAt = new AtomicLong();
    private final Moitessier moitessier = Moitessier.on(new MemoryStore());
    private final List<Thread> threads = new ArrayList<>();

    static Micros measure(int warmUp, int times) {
        try (WakeUp wakeUp = new WakeUp()) {
            List<Runnable> calls = List.of(wakeUp.unpark(), wakeUp.subscription(), wakeUp.listenUntil());
            for (Runnable call : calls) {
                for (int i = 0; i < warmUp; i++) {
                    wakeUp.nanos(call);
                }
            }
            long[][] nanos = new long[calls.size()][times];
            for (int block = 0; block < times; block += BLOCK) {
                for (int contender = 0; contender < calls.size(); contender++) {
                    for (int i = block; i < Math.min(times, block + BLOCK); i++) {
                        LockSupport.parkNanos(200_000);
                        nanos[contender][i] = wakeUp.nanos(calls.get(contender));
                    }
                }
            }
            return new Micros(micros(nanos[0]), micros(nanos[1]), micros(nanos[2]));
        }
    }

    private static double micros(long[] nanos) {
        return Listening.median(nanos) / 1_000;
    }

    private long nanos(Runnable call) {
        heardAt.set(0);
        long began = System.nanoTime();
        call.run();
        while (heardAt.get() == 0) {
            LockSupport.parkNanos(1_000_000);
        }
        return heardAt.get() - began;
    }

    private void heard() {
        heardAt.set(System.nanoTime());
        LockSupport.unpark(speaker);
    }

    /** What no wake-up can do without. */
    private Runnable unpark() {
        AtomicLong turns = new AtomicLong();
        Thread sleeper = started(() -> {
            long seen = 0;
            while (!Thread.currentThread().isInterrupted()) {
                if (turns.get() == seen) {
                    LockSupport.park();
                } else {
                    seen++;
                    heard();
                }
            }
        });
        return () -> {
            turns.incrementAndGet();
            LockSupport.unpark(sleeper);
        };
    }

    private Runnable subscription() {
        moitessier.listen(Conditions.shared(ADA, "subscription")).subscribe(message -> heard());
        return () -> moitessier.dispatch(BOB, "subscription", "hello");
    }

    private Runnable listenUntil() {
        Listener listener = moitessier.listen(Conditions.shared(ADA, "listenUntil"));
        started(() -> {
            try {
                listener.listenUntil(ListenOptions.defaults(), messages -> heard());
            } catch (InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        });
        return () -> moitessier.dispatch(BOB, "listenUntil", "hello");
    }

    private Thread started(Runnable task) {
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        thread.start();
        threads.add(thread);
        return thread;
    }

    @Override
    public void close() {
        moitessier.close();
        threads.forEach(Thread::interrupt);
    }
}
