package dev.moitessier.store.memory;

import dev.moitessier.store.Entry;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** The kept entries of one scope, ascending by position, in a circular array. Guarded by its scope's lock. */
final class Ring {
    private static final int SMALLEST = 4;

    private @Nullable Entry[] slots = new @Nullable Entry[SMALLEST];
    private int first;
    private int size;

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** The entry at this index, from the oldest on. */
    @SuppressWarnings("NullAway") // a slot within size is never null
    Entry get(int index) {
        return slots[slot(index)];
    }

    void add(Entry entry) {
        if (size == slots.length) {
            resize(size * 2);
        }
        slots[slot(size)] = entry;
        size++;
    }

    /** Drops the oldest {@code count}. */
    void drop(int count) {
        int straight = Math.min(count, slots.length - first);
        Arrays.fill(slots, first, first + straight, null);
        Arrays.fill(slots, 0, count - straight, null);
        first = slot(count);
        size -= count;
        if (slots.length > SMALLEST && size < slots.length / 4) {
            resize(Math.max(SMALLEST, slots.length / 2));
        }
    }

    /** Index of the oldest entry with a greater position; {@code size()} if there is none. */
    int indexAfter(long position) {
        if (size == 0 || get(size - 1).position() <= position) {
            return size; // most readers have caught up
        }
        int low = 0;
        int high = size - 1;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (get(middle).position() > position) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** A copy of {@code count} entries from this index on. */
    Entry[] copy(int index, int count) {
        Entry[] copy = new Entry[count];
        int from = slot(index);
        int straight = Math.min(count, slots.length - from);
        System.arraycopy(slots, from, copy, 0, straight);
        System.arraycopy(slots, 0, copy, straight, count - straight);
        return copy;
    }

    private int slot(int index) {
        return (first + index) & (slots.length - 1); // the length is a power of two
    }

    private void resize(int length) {
        Entry[] kept = copy(0, size);
        slots = Arrays.copyOf(kept, length);
        first = 0;
    }
}
