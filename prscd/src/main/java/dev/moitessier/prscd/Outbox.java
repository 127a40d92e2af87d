package dev.moitessier.prscd;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Data of one channel that waits for the store; bounded here and, by {@link Backlog}, over all channels of the node. */
final class Outbox {
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    private final int maxMessages;
    private final int maxBytes;
    private final Backlog node;
    private int bytes;

    private record Waiting(Datum datum, long since) {}

    /** Bytes that wait in all channels of a node. */
    static final class Backlog {
        private final long maxBytes;
        private long bytes;

        Backlog(long maxBytes) {
            this.maxBytes = maxBytes;
        }

        long bytes() {
            return bytes;
        }
    }

    Outbox(int maxMessages, int maxBytes, Backlog node) {
        this.maxMessages = maxMessages;
        this.maxBytes = maxBytes;
        this.node = node;
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    int size() {
        return waiting.size();
    }

    /** Whether one more may be accepted without dropping another. */
    boolean hasRoom(Datum datum) {
        return node.bytes + datum.weight() <= node.maxBytes
                && (waiting.isEmpty() || (waiting.size() < maxMessages && bytes + datum.weight() <= maxBytes));
    }

    /** Whether it is worth while to ask those to go on who had to wait. */
    boolean hasRoomAgain() {
        return waiting.size() <= maxMessages / 2 && bytes <= maxBytes / 2 && node.bytes <= node.maxBytes / 2;
    }

    void add(Datum datum, long now) {
        waiting.addLast(new Waiting(datum, now));
        count(datum.weight());
    }

    /** Adds, and drops the oldest until the bounds hold; or this one, if other channels have it all. Returns how many were dropped. */
    int addDroppingOldest(Datum datum, long now) {
        int dropped = 0;
        while (!hasRoom(datum)) {
            if (waiting.isEmpty()) {
                return dropped + 1;
            }
            removeFirst();
            dropped++;
        }
        add(datum, now);
        return dropped;
    }

    int dropBefore(long since) {
        int dropped = 0;
        while (!waiting.isEmpty() && waiting.getFirst().since - since < 0) {
            removeFirst();
            dropped++;
        }
        return dropped;
    }

    /** Takes the oldest, at least one and at most so many bytes of them. */
    List<Datum> take(int maxBytes) {
        List<Datum> taken = new ArrayList<>();
        int weight = 0;
        while (!waiting.isEmpty()) {
            Datum next = waiting.getFirst().datum;
            weight += next.weight();
            if (weight > maxBytes && !taken.isEmpty()) {
                break;
            }
            taken.add(removeFirst());
        }
        return taken;
    }

    /** Puts back, in order, what was taken. */
    void putBack(List<Datum> taken, long now) {
        for (int i = taken.size() - 1; i >= 0; i--) {
            waiting.addFirst(new Waiting(taken.get(i), now));
            count(taken.get(i).weight());
        }
    }

    void clear() {
        while (!waiting.isEmpty()) {
            removeFirst();
        }
    }

    private Datum removeFirst() {
        Datum first = waiting.removeFirst().datum;
        count(-first.weight());
        return first;
    }

    private void count(int weight) {
        bytes += weight;
        node.bytes += weight;
    }
}
