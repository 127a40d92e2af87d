package dev.moitessier.store.redis;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The highest position that this process has seen of any scope. Each append passes it, and is given a higher one: replication is
 * asynchronous, so after a failover the server may have forgotten the newest positions, which readers have as cursors (O3).
 */
final class Heads {
    private final AtomicLong highest = new AtomicLong();

    void saw(long position) {
        if (position > highest.get()) {
            highest.accumulateAndGet(position, Math::max);
        }
    }

    /** Adds the arguments that say it to a script's. */
    Call tell(Call call) {
        long known = highest.get();
        return call.arg(Positions.millis(known)).arg(Positions.sequence(known));
    }
}
