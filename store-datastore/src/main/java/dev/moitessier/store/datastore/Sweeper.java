package dev.moitessier.store.datastore;

import com.google.cloud.datastore.Datastore;
import com.google.cloud.datastore.Entity;
import com.google.cloud.datastore.Key;
import com.google.cloud.datastore.Query;
import com.google.cloud.datastore.StructuredQuery.OrderBy;
import com.google.cloud.datastore.StructuredQuery.PropertyFilter;
import com.google.cloud.datastore.Transaction;
import dev.moitessier.store.Departed;
import dev.moitessier.store.Retention;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Housekeeping, in pieces of bounded length (S3): sessions end, what is due on the agenda is done, and a walk over all scopes trims
 * them by retention. The walk reads one entity of each scope, which is paid for, so it rests when it has come round.
 *
 * <p>What is trimmed cannot be read any more at once (S2) but stays for the longest time that dispatch ids may be remembered, since
 * the id of an entry is found by the entry: then both go.
 */
final class Sweeper {
    private static final int SCOPES_AT_ONCE = 500;
    private static final int DUE_AT_ONCE = 100;
    /** What is due may wait so long: it waited for a day or longer. */
    private static final long AGENDA_PAUSE = Duration.ofSeconds(30).toNanos();
    /** Entries that one transaction removes: up to three entities each, save those in parts. */
    private static final int ENTRIES_AT_ONCE = 50;

    private final Calls calls;
    private final Datastore datastore;
    private final Keys keys;
    private final Clocks clocks;
    private final Log log;
    private final Lanes lanes;
    private final Sessions sessions;
    private final Departures departures;
    private final Reads reads;
    private final Duration maxRemember;
    private final Duration rest;
    private final Consumer<String> readable;

    private final ReentrantLock walking = new ReentrantLock();
    /** Guarded by {@link #walking}: where the walk stands; null: at the beginning. */
    private @Nullable Key after;

    private long restsUntil;
    private boolean rests;
    /** Of the monotonic clock: when this process looked at the agenda and found nothing left to do. */
    private volatile @Nullable Long agendaDone;

    Sweeper(
            Calls calls,
            Keys keys,
            Clocks clocks,
            Log log,
            Lanes lanes,
            Sessions sessions,
            Departures departures,
            Reads reads,
            Duration maxRemember,
            Duration rest,
            Consumer<String> readable) {
        this.calls = calls;
        this.datastore = calls.datastore();
        this.keys = keys;
        this.clocks = clocks;
        this.log = log;
        this.lanes = lanes;
        this.sessions = sessions;
        this.departures = departures;
        this.reads = reads;
        this.maxRemember = maxRemember;
        this.rest = rest;
        this.readable = readable;
    }

    Swept sweep(SweepPolicy policy) {
        Duration timeToLive = log.timeToLive();
        if (timeToLive != null && policy.longest().compareTo(timeToLive) > 0) {
            throw new StoreException.Misconfigured(
                    "entries shall be kept for " + policy.longest() + ", but moitessier.datastore.time-to-live is "
                            + timeToLive + ": make it longer, or the retention shorter",
                    null);
        }
        return new Sweep(policy).run();
    }

    /** One call. */
    private final class Sweep {
        private final SweepPolicy policy;
        private final long deadline = calls.deadline();
        /** Nothing is begun after half of the time. */
        private final long until = deadline - calls.limit().toNanos() / 2;

        private final List<Departed> departed = new ArrayList<>();
        private int left;
        private long trimmed;

        Sweep(SweepPolicy policy) {
            this.policy = policy;
            left = policy.work();
        }

        Swept run() {
            boolean more = endSessions();
            more |= agenda();
            if (walking.tryLock()) {
                try {
                    more |= walk();
                } finally {
                    walking.unlock();
                }
            }
            return new Swept(departed, trimmed, more);
        }

        private boolean goesOn() {
            return left > 0 && System.nanoTime() - until < 0;
        }

        private boolean endSessions() {
            if (policy.endAsOf() != null) {
                sessions.endLapsed(policy.endAsOf(), deadline);
            }
            List<UUID> ending = sessions.ending(Math.min(left, 100), deadline);
            for (UUID session : ending) {
                int before = departed.size();
                boolean clear = sessions.clear(session, left, until, deadline, departed);
                left -= departed.size() - before;
                if (!clear) {
                    return true;
                }
            }
            return ending.size() == Math.min(policy.work(), 100);
        }

        // What is due

        private boolean agenda() {
            int limit = Math.min(left, DUE_AT_ONCE);
            Long done = agendaDone;
            long nanos = clocks.nanos().getAsLong();
            if (done != null && nanos - done < Math.min(rest.toNanos(), AGENDA_PAUSE)) {
                return false;
            }
            if (!goesOn()) {
                return true;
            }
            Key now = keys.dueFrom(clocks.micros());
            List<Entity> due = calls.call(
                    "look at the agenda",
                    deadline,
                    call -> calls.reading(call, () -> {
                        List<Entity> found = new ArrayList<>();
                        datastore
                                .run(Query.newEntityQueryBuilder()
                                        .setKind(Keys.DUE)
                                        .setFilter(PropertyFilter.lt(Mailboxes.KEY, now))
                                        .setOrderBy(OrderBy.asc(Mailboxes.KEY))
                                        .setLimit(limit)
                                        .build())
                                .forEachRemaining(found::add);
                        return found;
                    }));
            for (Entity item : due) {
                if (!goesOn()) {
                    return true;
                }
                switch (item.getString(Agenda.WHAT)) {
                    case Agenda.LAPSE -> lapse(item);
                    case Agenda.TRIMMED -> remove(item);
                    case Agenda.SESSION -> forget(item);
                    default ->
                        throw new IllegalStateException("the agenda says " + item.getString(Agenda.WHAT)
                                + ", which this version does not know");
                }
            }
            agendaDone = due.size() == limit ? null : (Long) nanos;
            return due.size() == limit;
        }

        private void lapse(Entity item) {
            Key subscriber = item.getKey("subscriber");
            Subscription subscription = Keys.subscription(subscriber);
            String scope = subscription.listener().scope();
            Departures.Done done = lanes.call(
                    scope,
                    "remove a lapsed subscriber",
                    deadline,
                    call -> calls.transacting(call, transaction -> lapse(transaction, item, subscriber, subscription)));
            left -= done.left();
            if (done.appended()) {
                readable.accept(scope);
            }
        }

        private Departures.Done lapse(Transaction transaction, Entity item, Key subscriber, Subscription subscription) {
            long now = clocks.micros();
            @Nullable SubscriberState[] later = {null};
            Departures.Done done =
                    departures.depart(transaction, subscription.listener().scope(), List.of(subscription), state -> {
                        boolean ours = state.session() == null
                                && state.due() != null
                                && item.getKey().getName().equals(state.due().getName());
                        if (ours && state.lapses() <= now) {
                            return Departures.Fate.REMOVED;
                        }
                        later[0] = ours ? state : null;
                        return Departures.Fate.STAYS;
                    });
            transaction.delete(item.getKey());
            SubscriberState state = later[0];
            if (state != null) {
                // It was acknowledged for since.
                Key due = keys.due(state.lapses());
                transaction.put(Agenda.lapse(due, subscriber));
                transaction.put(state.dueAt(due).entity(subscriber));
            }
            return done;
        }

        private void remove(Entity item) {
            String scope = item.getString("scope");
            long from = item.getLong("after");
            long to = item.getLong("to");
            while (from < to && goesOn()) {
                long first = from;
                long last = Math.min(to, from + Math.min(ENTRIES_AT_ONCE, left));
                lanes.call(
                        scope,
                        "remove entries",
                        deadline,
                        call -> calls.transacting(call, transaction -> {
                            remove(transaction, scope, first, last);
                            if (last == to) {
                                transaction.delete(item.getKey());
                            } else {
                                transaction.put(Agenda.trimmed(item.getKey(), scope, last, to));
                            }
                            return last;
                        }));
                left -= (int) (last - from);
                from = last;
            }
        }

        /** Entries, and their dispatch ids unless a later append has taken one over. */
        private void remove(Transaction transaction, String scope, long from, long to) {
            List<Key> wanted = new ArrayList<>();
            for (long position = from + 1; position <= to; position++) {
                wanted.add(keys.message(scope, position));
            }
            List<Entity> entries = transaction.fetch(wanted.toArray(Key[]::new)).stream()
                    .filter(Objects::nonNull)
                    .toList();
            List<Entity> ids = entries.isEmpty()
                    ? List.of()
                    : transaction.fetch(entries.stream()
                            .map(entry -> keys.dedup(scope, UUID.fromString(entry.getString("dispatch"))))
                            .toArray(Key[]::new));
            for (int i = 0; i < entries.size(); i++) {
                Entity entry = entries.get(i);
                transaction.delete(entry.getKey());
                Log.parts(entry).forEach(transaction::delete);
                Entity id = ids.get(i);
                if (id != null && id.getLong("position") == entry.getKey().getId()) {
                    transaction.delete(id.getKey());
                }
            }
        }

        private void forget(Entity item) {
            Key session = item.getKey("session");
            calls.call("forget a session", deadline, call -> {
                UUID id = UUID.fromString(session.getName());
                if (calls.reading(call, () -> datastore.get(keys.ending(id))) == null) {
                    calls.putting(call, () -> datastore.delete(session, item.getKey()));
                }
                return id;
            });
        }

        // Retention

        private boolean walk() {
            if ((rests && clocks.nanos().getAsLong() - restsUntil < 0) || !goesOn()) {
                return !rests && !goesOn();
            }
            rests = false;
            int limit = Math.min(SCOPES_AT_ONCE, Math.max(left, 1));
            Key from = after;
            List<Key> kept = calls.call(
                    "look for scopes to trim",
                    deadline,
                    call -> calls.reading(call, () -> {
                        var query = Query.newKeyQueryBuilder()
                                .setKind(Keys.KEPT)
                                .setOrderBy(OrderBy.asc(Mailboxes.KEY))
                                .setLimit(limit);
                        if (from != null) {
                            query.setFilter(PropertyFilter.gt(Mailboxes.KEY, from));
                        }
                        List<Key> found = new ArrayList<>();
                        datastore.run(query.build()).forEachRemaining(found::add);
                        return found;
                    }));
            List<String> scopes =
                    kept.stream().map(key -> Names.decode(key.getName())).toList();
            Map<String, ScopeState> states =
                    calls.call("look for what to trim", deadline, call -> reads.states(call, scopes));
            for (int i = 0; i < kept.size(); i++) {
                ScopeState state = states.get(scopes.get(i));
                if (state != null) {
                    if (!goesOn()) {
                        return true;
                    }
                    tidy(scopes.get(i), state);
                }
                after = kept.get(i);
            }
            if (kept.size() < limit) {
                after = null;
                rests = true;
                restsUntil = clocks.nanos().getAsLong() + rest.toNanos();
                return false;
            }
            return true;
        }

        private void tidy(String scope, ScopeState state) {
            Retention retention = policy.retention().apply(scope);
            long now = clocks.micros();
            Duration age = retention.age().compareTo(policy.longest()) < 0 ? retention.age() : policy.longest();
            long bound = now - Log.micros(age);
            long byCount = state.head() - Math.min(state.head(), Math.max(0, retention.count()));
            boolean old = state.oldest() < bound;
            if (byCount > state.floor() || old) {
                Reads.Place place = calls.call("find what to trim", deadline, call -> {
                    long byAge = old ? reads.before(call, scope, state, bound).position() : 0;
                    long to = Math.min(Math.max(byCount, byAge), state.floor() + left);
                    return new Reads.Place(to, reads.instantAfter(call, scope, state, to));
                });
                trim(scope, place);
            } else if (state.mailboxes() == 0 && state.floor() == state.head()) {
                drop(scope);
            }
        }

        private void trim(String scope, Reads.Place place) {
            long removed = lanes.call(
                    scope,
                    "trim",
                    deadline,
                    call -> calls.transacting(call, transaction -> {
                        Key key = keys.scope(scope);
                        ScopeState state = ScopeState.of(transaction.get(key));
                        if (state == null || state.floor() >= place.position()) {
                            return 0L;
                        }
                        // What was appended since is the oldest now, if nothing was left.
                        long oldest = place.position() == state.head()
                                ? ScopeState.NONE
                                : place.next() == ScopeState.NONE ? state.oldest() : place.next();
                        transaction.put(
                                state.trimmedTo(place.position(), oldest).entity(key));
                        transaction.put(Agenda.trimmed(
                                keys.due(clocks.micros() + Log.micros(maxRemember)),
                                scope,
                                state.floor(),
                                place.position()));
                        return place.position() - state.floor();
                    }));
            left -= (int) Math.min(left, removed);
            trimmed += removed > 0 ? 1 : 0;
        }

        /** Nothing is left to be trimmed, and nobody is there who could append. */
        private void drop(String scope) {
            lanes.call(
                    scope,
                    "leave a scope",
                    deadline,
                    call -> calls.transacting(call, transaction -> {
                        ScopeState state = ScopeState.of(transaction.get(keys.scope(scope)));
                        if (state == null || (state.mailboxes() == 0 && state.floor() == state.head())) {
                            transaction.delete(keys.kept(scope));
                        }
                        return scope;
                    }));
        }
    }
}
