package dev.moitessier.prscd;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Counts of one node; thread-safe. */
final class Counters {
    private final Map<Count, LongAdder> adders = new EnumMap<>(Count.class);

    Counters() {
        for (Count count : Count.values()) {
            adders.put(count, new LongAdder());
        }
    }

    void add(Count count) {
        add(count, 1);
    }

    void add(Count count, long howMany) {
        LongAdder adder = adders.get(count);
        if (adder != null) {
            adder.add(howMany);
        }
    }

    /** All that another has counted. */
    void addAll(Counters other) {
        for (Count count : Count.values()) {
            add(count, other.get(count));
        }
    }

    long get(Count count) {
        LongAdder adder = adders.get(count);
        return adder == null ? 0 : adder.sum();
    }
}
