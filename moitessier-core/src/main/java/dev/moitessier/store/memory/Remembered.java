package dev.moitessier.store.memory;

import java.util.UUID;

/**
 * The dispatch ids that one scope remembers, each with its position, until its time is over (I1). An open-addressed table of plain
 * longs: it costs no object per append, and the dead are left out whenever it is rebuilt. Guarded by its scope's lock.
 */
final class Remembered {
    private static final int SMALLEST = 4;
    private static final int WIDTH = 4; // most, least, position (0: free), last microsecond of validity

    private long[] table = new long[SMALLEST * WIDTH];
    private int used;
    private long latest = Long.MIN_VALUE;
    private long rebuilt;

    /** Number of slots, dead and free ones included. */
    int capacity() {
        return table.length / WIDTH;
    }

    /** Whether none of the ids is valid any more. */
    boolean isDead(long now) {
        return latest < now;
    }

    /** When it was last rebuilt, in epoch microseconds. */
    long rebuilt() {
        return rebuilt;
    }

    /** The position under which the id is remembered; 0: it is not. */
    long find(UUID id, long now) {
        int at = locate(table, id.getMostSignificantBits(), id.getLeastSignificantBits());
        return table[at + 2] != 0 && table[at + 3] >= now ? table[at + 2] : 0;
    }

    /** Whether {@code put} needs a {@code rebuild} before it. */
    boolean isFull() {
        return used >= capacity() / 2 + capacity() / 4;
    }

    /** The capacity that {@code rebuild} would give. */
    int capacityFor(long now) {
        int alive = 0;
        for (int at = 0; at < table.length; at += WIDTH) {
            if (table[at + 2] != 0 && table[at + 3] >= now) {
                alive++;
            }
        }
        return Math.max(SMALLEST, Integer.highestOneBit(alive) * 4);
    }

    /** Leaves out the dead and changes to this capacity: a power of two, with room for those alive and more. */
    void rebuild(int capacity, long now) {
        long[] old = table;
        table = new long[capacity * WIDTH];
        used = 0;
        rebuilt = now;
        for (int from = 0; from < old.length; from += WIDTH) {
            if (old[from + 2] != 0 && old[from + 3] >= now) {
                System.arraycopy(old, from, table, locate(table, old[from], old[from + 1]), WIDTH);
                used++;
            }
        }
    }

    void put(UUID id, long position, long until) {
        int at = locate(table, id.getMostSignificantBits(), id.getLeastSignificantBits());
        if (table[at + 2] == 0) {
            used++;
        }
        table[at] = id.getMostSignificantBits();
        table[at + 1] = id.getLeastSignificantBits();
        table[at + 2] = position;
        table[at + 3] = until;
        latest = Math.max(latest, until);
    }

    /** Where this id is, or the free slot where it would go. */
    private static int locate(long[] table, long most, long least) {
        int mask = table.length / WIDTH - 1;
        int slot = spread(most, least) & mask;
        while (true) {
            int at = slot * WIDTH;
            if (table[at + 2] == 0 || (table[at] == most && table[at + 1] == least)) {
                return at;
            }
            slot = (slot + 1) & mask;
        }
    }

    /** Callers may choose ids that count up: the bits are mixed as by MurmurHash3's finalizer. */
    private static int spread(long most, long least) {
        long hash = most * 31 + least;
        hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
        hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return (int) (hash ^ (hash >>> 33));
    }
}
