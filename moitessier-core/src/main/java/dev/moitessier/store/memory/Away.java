package dev.moitessier.store.memory;

import java.time.Instant;

/**
 * A durable subscriber that nobody is behind: when it is due it lapses (L6). An acknowledgement only moves {@code since}; the sweep
 * that finds it due then puts it back at its later time.
 */
final class Away implements Comparable<Away> {
    final Subscriber subscriber;
    final Instant due;
    private final long number;

    /** Guarded by the scope's lock. */
    Instant since;

    Away(Subscriber subscriber, Instant since, Instant due, long number) {
        this.subscriber = subscriber;
        this.since = since;
        this.due = due;
        this.number = number;
    }

    @Override
    public int compareTo(Away other) {
        int order = due.compareTo(other.due);
        return order != 0 ? order : Long.compare(number, other.number);
    }
}
