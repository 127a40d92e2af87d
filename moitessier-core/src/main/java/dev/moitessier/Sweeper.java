package dev.moitessier;

import dev.moitessier.store.Departed;
import dev.moitessier.store.Retention;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Housekeeping in the background (S1 to S5), every sixth of a lease. Every node does it; the store sees to it that each thing happens
 * once. What fails is done at the next turn, by whichever node.
 */
final class Sweeper {
    private static final Logger LOG = LoggerFactory.getLogger(Moitessier.class);
    private static final int WORK = 1_000;
    /** Then the next turn goes on. */
    private static final int CALLS_A_TURN = 20;

    /** How long entries are kept, by the beginning of the scope's name; "" is for all. */
    record Rules(Map<String, Retention> byPrefix) {
        Rules {
            byPrefix = Map.copyOf(byPrefix);
        }

        Retention of(String scope) {
            String best = "";
            for (String prefix : byPrefix.keySet()) {
                if (prefix.length() > best.length() && scope.startsWith(prefix)) {
                    best = prefix;
                }
            }
            return Objects.requireNonNull(byPrefix.get(best), "there is a rule for all");
        }

        Duration longest() {
            return byPrefix.values().stream()
                    .map(Retention::age)
                    .max(Comparator.naturalOrder())
                    .orElseThrow();
        }
    }

    private final Engine engine;
    private final Rules rules;
    private final @Nullable Consumer<List<Subscriber>> onExpired;
    private final Duration pause;

    private volatile boolean closed;
    private volatile TimeSource.@Nullable Timer next;
    private boolean failing;

    Sweeper(Engine engine, Rules rules, @Nullable Consumer<List<Subscriber>> onExpired) {
        this.engine = engine;
        this.rules = rules;
        this.onExpired = onExpired;
        this.pause = engine.node.settings().lease().dividedBy(6);
    }

    Map<String, Retention> rules() {
        return new TreeMap<>(rules.byPrefix());
    }

    void start() {
        if (!closed) {
            next = engine.node.time().after(pause, () -> engine.onStoreThread(this::turn));
        }
    }

    private void turn() {
        if (closed) {
            return;
        }
        try {
            for (int calls = 0; calls < CALLS_A_TURN && !closed; calls++) {
                if (!sweep(engine.keeper.endAsOf()).more()) {
                    break;
                }
            }
            failing = false;
        } catch (StoreException.Closed storeClosed) {
            return;
        } catch (RuntimeException failure) {
            if (!failing && !closed) {
                LOG.warn("sweeping failed and is tried again every {} ms: {}", pause.toMillis(), failure.toString());
            }
            failing = true;
        }
        start();
    }

    private Swept sweep(@Nullable Instant endAsOf) {
        Swept swept = engine.node.store().sweep(new SweepPolicy(rules::of, rules.longest(), endAsOf, WORK));
        List<Departed> departed = swept.departed();
        if (swept.scopesTrimmed() > 0 || !departed.isEmpty()) {
            engine.node.observer().swept((int) Math.min(Integer.MAX_VALUE, swept.scopesTrimmed()), departed.size());
        }
        if (onExpired != null && !departed.isEmpty()) {
            List<Subscriber> expired = new ArrayList<>();
            for (Departed one : departed) {
                try {
                    expired.add(subscriber(one));
                } catch (IllegalArgumentException foreign) {
                    LOG.warn("{} was swept, which no node registered", one, foreign);
                }
            }
            engine.node.executor().execute(() -> onExpired.accept(List.copyOf(expired)));
        }
        return swept;
    }

    private static Subscriber subscriber(Departed one) {
        return new Subscriber(one.listener().scope(), one.subscriber(), Metadata.decode(one.metadata()));
    }

    /** After this node's session has ended: removes what hung on it, as far as that goes quickly; else another node does. */
    void sweepUp(Duration limit) {
        long deadline = System.nanoTime() + Durations.nanos(limit);
        boolean more = true;
        while (more && System.nanoTime() < deadline) {
            more = sweep(null).more();
        }
    }

    void close() {
        closed = true;
        TimeSource.Timer timer = next;
        if (timer != null) {
            timer.cancel();
        }
    }
}
