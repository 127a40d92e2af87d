package dev.moitessier;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;

/** A clock and timer that stand still until a test moves them; tasks run on the thread that does. */
final class SettableClock implements TimeSource {
    private final PriorityQueue<Waiting> waiting =
            new PriorityQueue<>(Comparator.comparing(Waiting::when).thenComparing(Waiting::order));
    private Instant now = Instant.parse("2026-11-22T00:00:00Z");
    private long order;

    private record Waiting(Instant when, long order, Runnable task) {}

    @Override
    public synchronized Instant instant() {
        return now;
    }

    @Override
    public synchronized Timer at(Instant when, Runnable task) {
        Waiting entry = new Waiting(when, order++, task);
        waiting.add(entry);
        return () -> cancel(entry);
    }

    private synchronized void cancel(Waiting entry) {
        waiting.remove(entry);
    }

    /** Lets time pass: what falls due runs when the clock shows its instant. */
    void advance(Duration duration) {
        Instant end = instant().plus(duration);
        for (Waiting next = due(end); next != null; next = due(end)) {
            next.task().run();
        }
        show(end);
    }

    /** As {@link #advance}, but the process stood still: all that fell due runs at the end. */
    void pause(Duration duration) {
        show(instant().plus(duration));
        advance(Duration.ZERO);
    }

    private synchronized void show(Instant instant) {
        now = instant;
    }

    private synchronized Waiting due(Instant end) {
        Waiting next = waiting.peek();
        if (next == null || next.when().isAfter(end)) {
            return null;
        }
        waiting.remove(next);
        if (next.when().isAfter(now)) {
            now = next.when();
        }
        return next;
    }
}
