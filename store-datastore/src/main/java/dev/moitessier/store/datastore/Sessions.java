package dev.moitessier.store.datastore;

import com.google.cloud.datastore.BooleanValue;
import com.google.cloud.datastore.Datastore;
import com.google.cloud.datastore.DatastoreException;
import com.google.cloud.datastore.Entity;
import com.google.cloud.datastore.Key;
import com.google.cloud.datastore.Query;
import com.google.cloud.datastore.StructuredQuery.PropertyFilter;
import com.google.cloud.datastore.Transaction;
import dev.moitessier.store.Beat;
import dev.moitessier.store.Departed;
import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Sessions. {@code Session} says whether one has ended: a register reads it in its transaction (L1). {@code Beat} is there while it
 * lives, and a heartbeat replaces it: an entity of its own, or heartbeats and registers would hinder each other. The end removes the
 * beat in the transaction that marks the session, so a heartbeat that finds its beat is proof that the session lives (L2).
 *
 * <p>No clocks are compared (L3): a sweeper ends a session whose beat it has seen unchanged for a lease on its own monotonic clock,
 * in a transaction that reads the beat again.
 */
final class Sessions {
    /** How long the end of a session is remembered. */
    private static final Duration MEMORY = Duration.ofDays(1);
    /** Subscribers that one transaction of an ending session removes. */
    private static final int CHUNK = 50;

    private final Calls calls;
    private final Datastore datastore;
    private final Keys keys;
    private final Clocks clocks;
    private final Lanes lanes;
    private final Departures departures;
    private final Consumer<String> readable;

    /** Beats as this process last saw them. */
    private final Map<Key, Watched> watched = new ConcurrentHashMap<>();

    private record Watched(String beat, long since) {}

    Sessions(Calls calls, Keys keys, Clocks clocks, Lanes lanes, Departures departures, Consumer<String> readable) {
        this.calls = calls;
        this.datastore = calls.datastore();
        this.keys = keys;
        this.clocks = clocks;
        this.lanes = lanes;
        this.departures = departures;
        this.readable = readable;
    }

    static void ensureAlive(@Nullable Entity session, UUID id) {
        if (session == null) {
            throw new StoreException.SessionEnded("session " + id + " was never opened, or ended long ago");
        }
        if (session.getBoolean("ended")) {
            throw new StoreException.SessionEnded("session " + id + " has ended");
        }
    }

    void open(UUID session, Duration lease) {
        Key key = keys.session(session);
        calls.call(
                "open a session",
                call -> calls.transacting(call, transaction -> {
                    Entity present = transaction.get(key);
                    if (present != null) {
                        ensureAlive(present, session);
                    } else {
                        transaction.put(session(key, false));
                        transaction.put(beat(session, lease));
                    }
                    return session;
                }));
    }

    Beat heartbeat(UUID session, Duration lease) {
        boolean alive = calls.call("renew a session", call -> {
            try {
                calls.putting(call, () -> datastore.update(beat(session, lease)));
                return true;
            } catch (DatastoreException failure) {
                if (Failures.of(failure) == Failures.ABSENT) {
                    return false;
                }
                throw failure;
            }
        });
        return new Beat(alive, clocks.wall().instant());
    }

    /** Ends it and, as far as one call may take, all that hangs on it; a sweep does the rest. */
    Beat end(UUID session) {
        long deadline = calls.deadline();
        long until = deadline - calls.limit().toNanos() / 2;
        boolean ended =
                calls.call("end a session", deadline, call -> calls.transacting(call, tx -> ends(tx, session, null)));
        if (ended) {
            clear(session, Integer.MAX_VALUE, until, deadline, new ArrayList<>());
        }
        return new Beat(false, clocks.wall().instant());
    }

    private static Entity session(Key key, boolean ended) {
        return Entity.newBuilder(key)
                .set(
                        "ended",
                        BooleanValue.newBuilder(ended)
                                .setExcludeFromIndexes(true)
                                .build())
                .build();
    }

    private Entity beat(UUID session, Duration lease) {
        return Entity.newBuilder(keys.beat(session))
                .set("beat", Values.of(UUID.randomUUID().toString()))
                .set("lease", Values.of(Log.micros(lease)))
                .build();
    }

    /**
     * Marks it as ended, if it is open and its beat is still this one.
     *
     * @param beat null: whatever it is
     */
    private boolean ends(Transaction transaction, UUID session, @Nullable String beat) {
        Key key = keys.session(session);
        Key beatKey = keys.beat(session);
        List<Entity> found = transaction.fetch(key, beatKey);
        Entity present = found.get(0);
        if (present == null || present.getBoolean("ended")) {
            return present != null;
        }
        Entity last = found.get(1);
        if (beat != null && last != null && !last.getString("beat").equals(beat)) {
            return false;
        }
        transaction.put(session(key, true));
        transaction.delete(beatKey);
        transaction.put(Entity.newBuilder(keys.ending(session)).build());
        transaction.put(Agenda.session(keys.due(clocks.micros() + Log.micros(MEMORY)), key));
        return true;
    }

    // Sweeping

    /** Ends sessions whose beat has not changed for a lease (L3). */
    void endLapsed(Instant asOf, long deadline) {
        List<Entity> beats = calls.call(
                "look at heartbeats",
                deadline,
                call -> calls.reading(call, () -> {
                    List<Entity> all = new ArrayList<>();
                    datastore
                            .run(Query.newEntityQueryBuilder()
                                    .setKind(Keys.BEAT)
                                    .build())
                            .forEachRemaining(all::add);
                    return all;
                }));
        long now = clocks.nanos().getAsLong();
        Duration age = Duration.between(asOf, clocks.wall().instant());
        Set<Key> there = new HashSet<>();
        for (Entity beat : beats) {
            there.add(beat.getKey());
            String value = beat.getString("beat");
            Watched before = watched.get(beat.getKey());
            if (before == null || !before.beat.equals(value)) {
                watched.put(beat.getKey(), new Watched(value, now));
                continue;
            }
            long lease = beat.getLong("lease") * 1_000;
            boolean fresh = age.toNanos() <= lease / 3;
            if (fresh && now - before.since >= lease) {
                UUID session = UUID.fromString(beat.getKey().getName());
                calls.call("end a session", deadline, call -> calls.transacting(call, tx -> ends(tx, session, value)));
            }
        }
        watched.keySet().retainAll(there);
    }

    /** Sessions that have ended and still have something hanging on them. */
    List<UUID> ending(int limit, long deadline) {
        return calls.call(
                "find ended sessions",
                deadline,
                call -> calls.reading(call, () -> {
                    List<UUID> ending = new ArrayList<>();
                    datastore
                            .run(Query.newKeyQueryBuilder()
                                    .setKind(Keys.ENDING)
                                    .setLimit(limit)
                                    .build())
                            .forEachRemaining(key -> ending.add(UUID.fromString(key.getName())));
                    return ending;
                }));
    }

    /**
     * Removes or detaches subscribers of an ended session.
     *
     * @return whether nothing is left
     */
    boolean clear(UUID session, int work, long until, long deadline, List<Departed> departed) {
        int left = work;
        while (true) {
            if (left <= 0 || System.nanoTime() - until > 0) {
                return false;
            }
            List<Key> registered = registered(session, Math.min(left, 500), deadline);
            if (registered.isEmpty()) {
                forget(session, deadline);
                return true;
            }
            Map<String, List<Key>> byScope = new LinkedHashMap<>();
            registered.forEach(key -> byScope.computeIfAbsent(
                            Keys.subscription(key).listener().scope(), scope -> new ArrayList<>())
                    .add(key));
            for (Map.Entry<String, List<Key>> of : byScope.entrySet()) {
                List<Key> some =
                        of.getValue().subList(0, Math.min(CHUNK, of.getValue().size()));
                departed.addAll(depart(session, of.getKey(), some, deadline));
                left -= some.size();
                if (left <= 0 || System.nanoTime() - until > 0) {
                    break;
                }
            }
        }
    }

    /** In a transaction, since the Datastore emulator opens one of its own for such a query and leaves it open for minutes. */
    private List<Key> registered(UUID session, int limit, long deadline) {
        return calls.call(
                "find subscribers of a session",
                deadline,
                call -> calls.snapshot(call, transaction -> {
                    List<Key> found = new ArrayList<>();
                    transaction
                            .run(Query.newKeyQueryBuilder()
                                    .setKind(Keys.REGISTERED)
                                    .setFilter(PropertyFilter.hasAncestor(keys.session(session)))
                                    .setLimit(limit)
                                    .build())
                            .forEachRemaining(found::add);
                    return found;
                }));
    }

    private List<Departed> depart(UUID session, String scope, List<Key> registered, long deadline) {
        List<Subscription> subscriptions =
                registered.stream().map(Keys::subscription).toList();
        Departures.Done done = lanes.call(
                scope,
                "remove subscribers",
                deadline,
                call -> calls.transacting(call, transaction -> {
                    Departures.Done step = departures.depart(transaction, scope, subscriptions, state -> {
                        if (!session.equals(state.session())) {
                            return Departures.Fate.STAYS;
                        }
                        return state.keep() == null ? Departures.Fate.REMOVED : Departures.Fate.DETACHED;
                    });
                    registered.subList(0, step.looked()).forEach(transaction::delete);
                    return step;
                }));
        if (done.appended()) {
            readable.accept(scope);
        }
        return done.departed();
    }

    private void forget(UUID session, long deadline) {
        calls.call("forget a session", deadline, call -> {
            calls.putting(call, () -> datastore.delete(keys.ending(session)));
            return session;
        });
    }
}
