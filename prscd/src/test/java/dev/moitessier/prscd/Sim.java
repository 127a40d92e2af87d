package dev.moitessier.prscd;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.TreeMap;

/** Simulated time: events in order, one after the other, each from a seed. */
final class Sim {
    final Random random;
    final List<String> violations = new ArrayList<>();
    final Map<String, Integer> stats = new TreeMap<>();
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private long now;
    private long count;

    private record Event(long at, long order, Runnable task) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(order, other.order);
        }
    }

    Sim(long seed) {
        random = new Random(seed * 0x9E3779B97F4A7C15L + 17);
    }

    long now() {
        return now;
    }

    double seconds() {
        return now / 1e9;
    }

    void at(long time, Runnable task) {
        events.add(new Event(Math.max(time, now), count++, task));
    }

    void after(long nanos, Runnable task) {
        at(now + nanos, task);
    }

    void after(double seconds, Runnable task) {
        after((long) (seconds * 1e9), task);
    }

    void run(double untilSeconds) {
        long until = (long) (untilSeconds * 1e9);
        while (!events.isEmpty() && events.peek().at <= until) {
            Event next = events.poll();
            now = next.at;
            next.task.run();
        }
        now = until;
    }

    long events() {
        return count;
    }

    /** Exponentially distributed, in nanoseconds. */
    long around(double meanSeconds) {
        return (long) (-Math.log(1 - random.nextDouble()) * meanSeconds * 1e9);
    }

    double uniform(double from, double to) {
        return from + (to - from) * random.nextDouble();
    }

    boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    @SafeVarargs
    final <T> T oneOf(T... choices) {
        return choices[random.nextInt(choices.length)];
    }

    <T> T oneOf(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    void count(String what) {
        stats.merge(what, 1, Integer::sum);
    }

    void bad(String what) {
        violations.add(String.format("%.3f %s", seconds(), what));
    }
}
