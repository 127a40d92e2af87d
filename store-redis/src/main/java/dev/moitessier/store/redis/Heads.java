package dev.moitessier.store.redis;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The highest position that this process has seen of a scope, or of another that shares its place here. Each append passes it, and is
 * given a higher one: replication is asynchronous, so after a failover the server may have forgotten the newest positions, which
 * readers have as cursors (O3).
 */
final class Heads {
    private static final int PLACES = 4_096;

    private final AtomicLongArray highest = new AtomicLongArray(PLACES);

    void saw(Scope scope, long position) {
        int place = place(scope);
        if (position > highest.get(place)) {
            highest.accumulateAndGet(place, position, Math::max);
        }
    }

    /** As an argument of a script. */
    byte[] known(Scope scope) {
        return Positions.id(highest.get(place(scope)));
    }

    private static int place(Scope scope) {
        int hash = scope.name().hashCode();
        return (hash ^ (hash >>> 15)) & (PLACES - 1);
    }
}
