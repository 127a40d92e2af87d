package dev.moitessier;

import dev.moitessier.store.Capabilities;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether the store answers. One log line when it no longer does, one when all that failed works again, however many calls fail in
 * between; and how long to wait before the next try. Thread-safe.
 */
final class Outage {
    /** Each repeats itself until it has succeeded, so none can hold the outage open for ever. */
    enum Work {
        READ,
        HEARTBEAT,
        REGISTER,
        UNREGISTER,
        ACKNOWLEDGE
    }

    private static final Logger LOG = LoggerFactory.getLogger(Moitessier.class);
    private static final int FIRST_MILLIS = 50;
    private static final int MOST_MILLIS = 1_000;

    private final TimeSource time;
    private final Observer observer;
    private final String store;

    private final Set<Work> failing = EnumSet.noneOf(Work.class);
    private final Map<Work, Integer> tries = new EnumMap<>(Work.class);
    private long since;

    Outage(TimeSource time, Observer observer, Capabilities capabilities) {
        this.time = time;
        this.observer = observer;
        this.store = capabilities.store();
    }

    /** Answers how long to wait before the next try: growing, with jitter, so that nodes do not come back in step. */
    Duration failed(Work work, Throwable cause) {
        boolean first;
        int tried;
        synchronized (this) {
            first = failing.isEmpty();
            if (first) {
                since = time.nanos();
            }
            failing.add(work);
            tried = tries.merge(work, 1, Integer::sum);
        }
        if (first) {
            LOG.warn("store {} does not answer, will go on when it does: {}", store, cause.toString());
            observer.storeDown(cause);
        }
        int most = Math.min(MOST_MILLIS, FIRST_MILLIS << Math.min(tried - 1, 10));
        return Duration.ofMillis(most / 2 + ThreadLocalRandom.current().nextInt(most / 2 + 1));
    }

    void succeeded(Work work) {
        Duration took;
        synchronized (this) {
            tries.remove(work);
            if (!failing.remove(work) || !failing.isEmpty()) {
                return;
            }
            took = Duration.ofNanos(time.nanos() - since);
        }
        LOG.info("store {} answers again, after {} ms", store, took.toMillis());
        observer.storeUp(took);
    }
}
