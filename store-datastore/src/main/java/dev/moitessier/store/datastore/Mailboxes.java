package dev.moitessier.store.datastore;

import com.google.cloud.datastore.Datastore;
import com.google.cloud.datastore.Entity;
import com.google.cloud.datastore.Key;
import com.google.cloud.datastore.Query;
import com.google.cloud.datastore.QueryResults;
import com.google.cloud.datastore.StructuredQuery.CompositeFilter;
import com.google.cloud.datastore.StructuredQuery.Filter;
import com.google.cloud.datastore.StructuredQuery.OrderBy;
import com.google.cloud.datastore.StructuredQuery.PropertyFilter;
import com.google.cloud.datastore.Transaction;
import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.Members;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoredSubscriber;
import dev.moitessier.store.Subscribers;
import dev.moitessier.store.Unregistered;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Scopes, their mailboxes and subscribers. */
final class Mailboxes {
    static final String KEY = "__key__";
    /** Keys of one lookup; Datastore takes 1,000. */
    static final int MOST_KEYS = 1_000;
    /** Subscribers acknowledged by one transaction. */
    private static final int MOST_ACKNOWLEDGED = 200;

    private final Calls calls;
    private final Datastore datastore;
    private final Keys keys;
    private final Clocks clocks;
    private final Lanes lanes;
    private final Departures departures;
    private final Consumer<String> readable;

    Mailboxes(Calls calls, Keys keys, Clocks clocks, Lanes lanes, Departures departures, Consumer<String> readable) {
        this.calls = calls;
        this.datastore = calls.datastore();
        this.keys = keys;
        this.clocks = clocks;
        this.lanes = lanes;
        this.departures = departures;
        this.readable = readable;
    }

    // Coming and going

    Registered register(Registration registration) {
        String scope = registration.listener().scope();
        byte[] farewell = Log.farewell(registration.farewell());
        return lanes.call(
                scope,
                "register",
                calls.deadline(),
                call -> calls.transacting(
                        call, transaction -> register(transaction, registration, farewell, call.unknown())));
    }

    /** @param again an earlier try may have been committed after all: what it made is ours */
    private Registered register(
            Transaction transaction, Registration registration, byte @Nullable [] farewell, boolean again) {
        ListenerRef listener = registration.listener();
        Key scopeKey = keys.scope(listener.scope());
        Key listenerKey = keys.listener(listener);
        Subscription subscription = new Subscription(listener, registration.subscriber());
        Key subscriberKey = keys.subscriber(listener, registration.subscriber());
        List<Key> wanted = new ArrayList<>(List.of(scopeKey, listenerKey, subscriberKey));
        UUID session = registration.session();
        if (session != null) {
            wanted.add(keys.session(session));
        }
        List<Entity> found = transaction.fetch(wanted.toArray(Key[]::new));
        if (session != null) {
            Sessions.ensureAlive(found.get(3), session);
        }
        long now = clocks.micros();
        ScopeState before = ScopeState.of(found.get(0));
        ScopeState state = before == null ? ScopeState.created(now) : before;
        SubscriberState old = SubscriberState.of(found.get(2));
        MailboxState present = MailboxState.of(found.get(1));
        boolean created = present == null || (again && present.creator().equals(registration.id()));
        MailboxState mailbox = present == null ? new MailboxState(state.head(), registration.id(), 0) : present;
        if (old == null) {
            transaction.put(mailbox.with(1).entity(listenerKey));
        }
        if (present == null) {
            if (state.mailboxes() == 0) {
                transaction.put(Entity.newBuilder(keys.live(listener.scope())).build());
                transaction.put(Entity.newBuilder(keys.kept(listener.scope())).build());
            }
            state = state.withMailboxes(state.mailboxes() + 1);
            transaction.put(state.entity(scopeKey));
        }
        UUID heldBy = heldBy(transaction, old, registration);
        SubscriberState owner = owner(registration, farewell, old, now);
        replace(transaction, subscription, subscriberKey, old, owner);
        transaction.put(owner.entity(subscriberKey));
        return new Registered(
                mailbox.start(), state.head(), owner.acknowledgedPosition(), created, state.version(), heldBy);
    }

    /** The session from which this registration takes the subscriber over (L5); one more read, where somebody is there. */
    private @Nullable UUID heldBy(Transaction transaction, @Nullable SubscriberState old, Registration registration) {
        UUID holder = old == null || old.registration().equals(registration.id()) ? null : old.session();
        if (holder == null || holder.equals(registration.session())) {
            return holder;
        }
        Entity session = transaction.get(keys.session(holder));
        return session == null || session.getBoolean("ended") ? null : holder;
    }

    private SubscriberState owner(
            Registration registration, byte @Nullable [] farewell, @Nullable SubscriberState old, long now) {
        boolean away = registration.session() == null;
        Long keep = registration.keep() == null ? null : (Long) Log.micros(registration.keep());
        return new SubscriberState(
                registration.id(),
                registration.session(),
                keep,
                registration.metadata().toBytes(),
                farewell,
                old == null ? null : old.acknowledged(),
                now,
                away ? keys.due(now + Objects.requireNonNull(keep)) : null);
    }

    /** Sees to it that the end of its session, or of its time, finds the subscriber, and no earlier one's does. */
    private void replace(
            Transaction transaction,
            Subscription subscription,
            Key key,
            @Nullable SubscriberState old,
            SubscriberState owner) {
        if (old != null && old.session() != null && !old.session().equals(owner.session())) {
            transaction.delete(keys.registered(old.session(), subscription));
        }
        if (old != null && old.due() != null) {
            transaction.delete(old.due());
        }
        if (owner.session() != null) {
            transaction.put(Entity.newBuilder(keys.registered(owner.session(), subscription))
                    .build());
        }
        if (owner.due() != null) {
            transaction.put(Agenda.lapse(owner.due(), key));
        }
    }

    Unregistered unregister(ListenerRef listener, String subscriber, UUID registration) {
        String scope = listener.scope();
        List<Subscription> one = List.of(new Subscription(listener, subscriber));
        boolean[] again = {false};
        Departures.Done done = lanes.call(
                scope,
                "unregister",
                calls.deadline(),
                call -> calls.transacting(call, transaction -> {
                    again[0] = call.unknown();
                    return departures.depart(
                            transaction,
                            scope,
                            one,
                            state -> state.registration().equals(registration)
                                    ? Departures.Fate.REMOVED
                                    : Departures.Fate.STAYS);
                }));
        if (done.appended()) {
            readable.accept(scope);
        }
        if (done.left() == 0 && again[0]) {
            // It went with a try whose answer was lost, or with the end of its session meanwhile.
            return new Unregistered(
                    true, !members(scope, Set.of(listener)).starts().containsKey(listener));
        }
        return new Unregistered(done.left() > 0, done.mailboxes() > 0);
    }

    // Looking

    Members members(String scope, @Nullable Set<ListenerRef> only) {
        Key scopeKey = keys.scope(scope);
        if (only == null) {
            return calls.call(
                    "list mailboxes",
                    call -> calls.snapshot(call, transaction -> {
                        ScopeState state = ScopeState.of(transaction.get(scopeKey));
                        Map<ListenerRef, Long> starts = new HashMap<>();
                        if (state != null && state.mailboxes() > 0) {
                            QueryResults<Entity> mailboxes = transaction.run(Query.newEntityQueryBuilder()
                                    .setKind(Keys.LISTENER)
                                    .setFilter(PropertyFilter.hasAncestor(scopeKey))
                                    .build());
                            mailboxes.forEachRemaining(mailbox -> starts.put(
                                    Keys.listener(scope, mailbox.getKey().getName()), mailbox.getLong("start")));
                        }
                        return members(state, starts);
                    }));
        }
        List<ListenerRef> asked =
                only.stream().filter(each -> each.scope().equals(scope)).toList();
        if (asked.size() >= MOST_KEYS) {
            Map<ListenerRef, Long> starts = new HashMap<>();
            Members all = members(scope, null);
            asked.forEach(each -> {
                Long start = all.starts().get(each);
                if (start != null) {
                    starts.put(each, start);
                }
            });
            return new Members(all.version(), all.head(), starts);
        }
        List<Key> wanted = new ArrayList<>(List.of(scopeKey));
        asked.forEach(each -> wanted.add(keys.listener(each)));
        return calls.call("look at mailboxes", call -> {
            // One lookup is of one moment.
            List<Entity> found = calls.reading(call, () -> datastore.fetch(wanted.toArray(Key[]::new)));
            Map<ListenerRef, Long> starts = new HashMap<>();
            for (int i = 0; i < asked.size(); i++) {
                Entity mailbox = found.get(i + 1);
                if (mailbox != null) {
                    starts.put(asked.get(i), mailbox.getLong("start"));
                }
            }
            return members(ScopeState.of(found.get(0)), starts);
        });
    }

    private static Members members(@Nullable ScopeState state, Map<ListenerRef, Long> starts) {
        return state == null ? new Members(0, 0, Map.of()) : new Members(state.version(), state.head(), starts);
    }

    Subscribers subscribers(ListenerRef listener, @Nullable String after, int limit) {
        Key listenerKey = keys.listener(listener);
        Filter within = PropertyFilter.hasAncestor(listenerKey);
        Filter filter = after == null
                ? within
                : CompositeFilter.and(within, PropertyFilter.gt(KEY, keys.subscriber(listener, after)));
        Query<Entity> query = Query.newEntityQueryBuilder()
                .setKind(Keys.SUBSCRIBER)
                .setFilter(filter)
                .setOrderBy(OrderBy.asc(KEY))
                .setLimit(limit == Integer.MAX_VALUE ? limit : limit + 1)
                .build();
        return calls.call(
                "list subscribers",
                call -> calls.snapshot(call, transaction -> {
                    ScopeState state = ScopeState.of(transaction.get(keys.scope(listener.scope())));
                    List<StoredSubscriber> list = new ArrayList<>();
                    QueryResults<Entity> found = transaction.run(query);
                    while (found.hasNext() && list.size() < limit) {
                        Entity entity = found.next();
                        SubscriberState subscriber = Objects.requireNonNull(SubscriberState.of(entity));
                        list.add(subscriber.stored(Names.unhex(entity.getKey().getName())));
                    }
                    return new Subscribers(list, state == null ? 0 : state.head(), found.hasNext());
                }));
    }

    List<String> scopes(String prefix, @Nullable String after, int limit) {
        if (!wellFormed(prefix)) {
            return List.of();
        }
        String encoded = Names.encode(prefix);
        List<Filter> filters = new ArrayList<>();
        if (after != null && wellFormed(after) && Names.encode(after).compareTo(encoded) >= 0) {
            filters.add(PropertyFilter.gt(KEY, keys.root(Keys.LIVE, Names.encode(after))));
        } else if (!encoded.isEmpty()) {
            filters.add(PropertyFilter.ge(KEY, keys.root(Keys.LIVE, encoded)));
        }
        if (!encoded.isEmpty()) {
            filters.add(PropertyFilter.lt(KEY, keys.root(Keys.LIVE, encoded + Names.LAST)));
        }
        var query = Query.newKeyQueryBuilder()
                .setKind(Keys.LIVE)
                .setOrderBy(OrderBy.asc(KEY))
                .setLimit(limit);
        if (!filters.isEmpty()) {
            query.setFilter(filters.size() == 1 ? filters.get(0) : CompositeFilter.and(filters.get(0), filters.get(1)));
        }
        return calls.call(
                "list scopes",
                call -> calls.reading(call, () -> {
                    List<String> names = new ArrayList<>();
                    datastore.run(query.build()).forEachRemaining(key -> names.add(Names.decode(key.getName())));
                    return names;
                }));
    }

    /** Half a surrogate begins no name. */
    private static boolean wellFormed(String text) {
        return Names.decode(Names.encode(text)).equals(text);
    }

    // Acknowledging

    void acknowledge(List<Acknowledgement> acknowledgements) {
        calls.ensureMayStart();
        long deadline = calls.deadline();
        Map<String, List<Raise>> byScope = new LinkedHashMap<>();
        for (int from = 0; from < acknowledgements.size(); from += MOST_KEYS / 2) {
            List<Acknowledgement> part =
                    acknowledgements.subList(from, Math.min(acknowledgements.size(), from + MOST_KEYS / 2));
            calls.call("acknowledge", deadline, call -> owned(call, part))
                    .forEach(each -> byScope.computeIfAbsent(each.of.listener().scope(), scope -> new ArrayList<>())
                            .add(each));
        }
        Map<Call, CompletableFuture<Boolean>> writing = new LinkedHashMap<>();
        byScope.forEach((scope, list) -> {
            for (int from = 0; from < list.size(); from += MOST_ACKNOWLEDGED) {
                List<Raise> part = list.subList(from, Math.min(list.size(), from + MOST_ACKNOWLEDGED));
                Call call = new Call("acknowledge", deadline);
                writing.put(
                        call,
                        lanes.submit(
                                scope,
                                call,
                                running -> calls.transacting(running, transaction -> raise(transaction, part))));
            }
        });
        @Nullable StoreException failure = null;
        for (Map.Entry<Call, CompletableFuture<Boolean>> each : writing.entrySet()) {
            try {
                calls.await(each.getValue(), each.getKey());
            } catch (StoreException failed) {
                failure = failure == null || failed.outcomeUnknown() ? failed : failure;
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    /**
     * One that its subscriber's owner made.
     *
     * @param position within the head
     * @param lost what is acknowledged already, if that is past the head: of data that are gone (C5)
     */
    private record Raise(
            Acknowledgement of, long position, @Nullable Long lost) {
        static Raise of(Acknowledgement acknowledgement, ScopeState scope, SubscriberState subscriber) {
            Long already = subscriber.acknowledged();
            return new Raise(
                    acknowledgement,
                    Math.max(0, Math.min(acknowledgement.position(), scope.head())),
                    already != null && already > scope.head() ? already : null);
        }

        long over(@Nullable Long already) {
            return already == null || already.equals(lost) ? position : Math.max(already, position);
        }
    }

    /** Looks at all at once, outside any transaction: the scope's entity is not to be locked for this. */
    private List<Raise> owned(Call call, List<Acknowledgement> acknowledgements) {
        List<Key> wanted = new ArrayList<>();
        for (Acknowledgement each : acknowledgements) {
            wanted.add(keys.scope(each.listener().scope()));
            wanted.add(keys.subscriber(each.listener(), each.subscriber()));
        }
        Map<Key, Entity> found = new HashMap<>();
        calls.reading(call, () -> datastore.fetch(wanted.stream().distinct().toArray(Key[]::new))).stream()
                .filter(Objects::nonNull)
                .forEach(entity -> found.put(entity.getKey(), entity));
        List<Raise> owned = new ArrayList<>();
        for (int i = 0; i < acknowledgements.size(); i++) {
            Acknowledgement each = acknowledgements.get(i);
            ScopeState scope = ScopeState.of(found.get(wanted.get(2 * i)));
            SubscriberState subscriber = SubscriberState.of(found.get(wanted.get(2 * i + 1)));
            if (scope != null && subscriber != null && subscriber.registration().equals(each.registration())) {
                owned.add(Raise.of(each, scope, subscriber));
            }
        }
        return owned;
    }

    private boolean raise(Transaction transaction, List<Raise> raises) {
        List<Key> wanted = new ArrayList<>();
        raises.forEach(each -> wanted.add(keys.subscriber(each.of.listener(), each.of.subscriber())));
        Map<Key, SubscriberState> states = new HashMap<>();
        for (Entity entity : transaction.fetch(wanted.stream().distinct().toArray(Key[]::new))) {
            if (entity != null) {
                states.put(entity.getKey(), Objects.requireNonNull(SubscriberState.of(entity)));
            }
        }
        long now = clocks.micros();
        Map<Key, SubscriberState> raised = new LinkedHashMap<>();
        for (int i = 0; i < raises.size(); i++) {
            Raise each = raises.get(i);
            SubscriberState state = states.get(wanted.get(i));
            if (state != null && state.registration().equals(each.of.registration())) {
                SubscriberState next = state.acknowledged(each.over(state.acknowledged()), now);
                states.put(wanted.get(i), next);
                raised.put(wanted.get(i), next);
            }
        }
        raised.forEach((key, state) -> transaction.put(state.entity(key)));
        return !raised.isEmpty();
    }
}
