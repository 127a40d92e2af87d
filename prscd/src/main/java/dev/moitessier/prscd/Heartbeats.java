package dev.moitessier.prscd;

import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** Lets each connection of one event loop beat once per interval, spread over it: one timer for all. Used on that loop only. */
final class Heartbeats {
    private static final int SLOTS = 20;

    private final List<Set<Beating>> slots = new ArrayList<>(SLOTS);
    private int turn;

    interface Beating {
        void beat(long nanos);
    }

    Heartbeats(EventLoop loop, Duration interval) {
        for (int i = 0; i < SLOTS; i++) {
            slots.add(new LinkedHashSet<>());
        }
        long tick = Math.max(1, interval.toNanos() / SLOTS);
        // Never two in a row to catch up: after a pause of the process nobody would have had the time to answer.
        Future<?> unused = loop.scheduleWithFixedDelay(this::tick, tick, tick, TimeUnit.NANOSECONDS);
    }

    /** First beat after about one interval; returns the place, for {@link #remove}. */
    int add(Beating beating) {
        int slot = (turn + SLOTS - 1) % SLOTS;
        slots.get(slot).add(beating);
        return slot;
    }

    void remove(int slot, Beating beating) {
        slots.get(slot).remove(beating);
    }

    private void tick() {
        long nanos = System.nanoTime();
        // A copy: a connection that ends in its beat removes itself.
        for (Beating beating : List.copyOf(slots.get(turn))) {
            beating.beat(nanos);
        }
        turn = (turn + 1) % SLOTS;
    }
}
