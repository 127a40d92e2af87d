package dev.moitessier.benchmarks.core;

import dev.moitessier.Conditions;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.store.memory.MemoryStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** What is timed by hand, since it ends on other threads than it begins on. */
final class Listening {
    private static final Person BOB = Person.of("bob");
    private static final String ROOM = "room/42";

    private Listening() {}

    /** Microseconds of the dispatching call, the median of {@code calls}, each made when the one before has been heard by all. */
    static double callMicros(int subscribers, int calls) {
        try (Room room = new Room(subscribers)) {
            long[] nanos = new long[calls];
            for (int i = 0; i < 2 * calls; i++) { // the first half warms up
                long began = System.nanoTime();
                room.moitessier.dispatch(BOB, ROOM, "hello");
                nanos[i % calls] = System.nanoTime() - began;
                room.awaitHeard(subscribers * (i + 1L));
            }
            return median(nanos) / 1_000;
        }
    }

    /** Messages handed to responders per second, over all subscribers of one scope. */
    static double deliveriesPerSecond(int subscribers, int messages) {
        try (Room room = new Room(subscribers)) {
            deliver(room, subscribers, messages, 0);
            long began = System.nanoTime();
            deliver(room, subscribers, messages, (long) subscribers * messages);
            return (double) subscribers * messages * 1e9 / (System.nanoTime() - began);
        }
    }

    private static void deliver(Room room, int subscribers, int messages, long heardBefore) {
        for (int i = 0; i < messages; i++) {
            room.moitessier.dispatch(BOB, ROOM, "hello");
        }
        room.awaitHeard(heardBefore + (long) subscribers * messages);
    }

    /** Bytes of heap per listener that has registered and is subscribed, with nothing to hear. */
    static double bytesPerIdleListener(int listeners) {
        try (Moitessier moitessier = Moitessier.on(new MemoryStore())) {
            open(moitessier, 1_000).forEach(Listener::close); // what is made once is there
            long before = usedHeap();
            List<Listener> open = open(moitessier, listeners);
            double bytes = (double) (usedHeap() - before) / open.size();
            open.forEach(Listener::close);
            return bytes;
        }
    }

    private static List<Listener> open(Moitessier moitessier, int listeners) {
        List<Listener> open = new ArrayList<>(listeners);
        for (int i = 0; i < listeners; i++) {
            Listener listener = moitessier.listen(Conditions.shared(Person.of("p" + i), ROOM));
            listener.subscribe(message -> {});
            open.add(listener);
        }
        return open;
    }

    private static long usedHeap() {
        long used = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            System.gc();
            used = Math.min(
                    used,
                    Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
        }
        return used;
    }

    static double median(long[] nanos) {
        Arrays.sort(nanos);
        return nanos[nanos.length / 2];
    }

    /** A scope with so many subscribers that count what they hear. */
    private static final class Room implements AutoCloseable {
        final Moitessier moitessier = Moitessier.on(new MemoryStore());
        private final AtomicLong[] heard;

        Room(int subscribers) {
            heard = new AtomicLong[subscribers];
            for (int i = 0; i < subscribers; i++) {
                AtomicLong mine = new AtomicLong();
                heard[i] = mine;
                Listener listener = moitessier.listen(Conditions.shared(Person.of("p" + i), ROOM));
                listener.subscribe(message -> mine.lazySet(mine.get() + 1));
            }
        }

        void awaitHeard(long wanted) {
            long deadline = System.nanoTime() + 120_000_000_000L;
            long sum = 0;
            while (sum < wanted) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(sum + " heard, not " + wanted);
                }
                LockSupport.parkNanos(100_000);
                sum = 0;
                for (AtomicLong one : heard) {
                    sum += one.get();
                }
            }
        }

        @Override
        public void close() {
            moitessier.close();
        }
    }
}
