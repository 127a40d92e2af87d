package dev.moitessier.store.parts;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Finds sessions whose lease is over without comparing clocks of two processes (L3): each heartbeat changes the session's beat, and
 * one that this process saw unchanged for a lease is silent. For stores that have no clock of their own. The store must look at the
 * beat again in the transaction that ends the session. Thread-safe.
 */
public final class Beats {
    private final LongSupplier nanos;
    private final Map<UUID, Seen> seen = new ConcurrentHashMap<>();

    private record Seen(long beat, long since) {}

    /** A session that has not ended, as it is stored now. */
    public record Beating(UUID session, long beat, Duration lease) {}

    /** @param nanos a clock that only passes, such as {@link System#nanoTime} */
    public Beats(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /**
     * Those that are silent; to be called at every sweep, also when it may end none.
     *
     * @param open all sessions that have not ended
     */
    public List<Beating> silent(List<Beating> open) {
        seen.keySet().retainAll(open.stream().map(Beating::session).toList());
        return open.stream().filter(this::isSilent).toList();
    }

    private boolean isSilent(Beating session) {
        long now = nanos.getAsLong();
        Seen first = seen.compute(
                session.session,
                (id, before) -> before != null && before.beat == session.beat ? before : new Seen(session.beat, now));
        return now - first.since > session.lease.toNanos();
    }
}
