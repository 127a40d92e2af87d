package dev.moitessier.store.datastore;

import com.google.cloud.datastore.Entity;
import com.google.cloud.datastore.Key;
import com.google.cloud.datastore.Transaction;
import dev.moitessier.store.Departed;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.Payload;
import dev.moitessier.store.parts.Contents;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;

/**
 * Subscribers of one scope that go, in one transaction: it removes or detaches them, removes mailboxes that have nobody left (L4),
 * and appends their farewells for the mailboxes that stay (L7).
 */
final class Departures {
    /** Farewells in one transaction: far below the 10 MiB that a commit may have. */
    private static final long MOST_BYTES = 6 << 20;

    private final Keys keys;
    private final Clocks clocks;
    private final Appends appends;

    Departures(Keys keys, Clocks clocks, Appends appends) {
        this.keys = keys;
        this.clocks = clocks;
        this.appends = appends;
    }

    /** What becomes of a subscriber. */
    enum Fate {
        /** It is not ours to touch. */
        STAYS,
        /** It is durable, and nobody is there now (L6). */
        DETACHED,
        REMOVED
    }

    /** Says what becomes of a subscriber. */
    @FunctionalInterface
    interface Judge {
        Fate judge(SubscriberState state);
    }

    /**
     * What was done.
     *
     * @param departed those who had a session
     * @param left how many were removed or detached
     * @param mailboxes how many mailboxes went with them
     * @param looked how many of the subscriptions were looked at, from the first: the farewells of the rest did not fit
     * @param appended whether there are farewells to read
     */
    record Done(List<Departed> departed, int left, int mailboxes, int looked, boolean appended) {}

    Done depart(Transaction transaction, String scope, List<Subscription> subscriptions, Judge judge) {
        Key scopeKey = keys.scope(scope);
        List<Key> wanted = new ArrayList<>(List.of(scopeKey));
        subscriptions.forEach(each -> wanted.add(keys.subscriber(each.listener(), each.subscriber())));
        List<Entity> found = transaction.fetch(wanted.toArray(Key[]::new));
        ScopeState state = ScopeState.of(found.get(0));
        if (state == null) {
            return new Done(List.of(), 0, 0, subscriptions.size(), false);
        }
        long now = clocks.micros();
        Map<ListenerRef, Integer> removed = new LinkedHashMap<>();
        List<Log.Draft> farewells = new ArrayList<>();
        List<Leaving> leaving = new ArrayList<>();
        long bytes = 0;
        int looked = 0;
        for (Subscription each : subscriptions) {
            SubscriberState subscriber = SubscriberState.of(found.get(looked + 1));
            Fate fate = subscriber == null ? Fate.STAYS : judge.judge(subscriber);
            if (subscriber != null && fate != Fate.STAYS) {
                byte[] farewell = subscriber.farewell();
                bytes += farewell == null ? 0 : farewell.length;
                if (bytes > MOST_BYTES && looked > 0) {
                    break;
                }
                if (farewell != null) {
                    farewells.add(new Log.Draft(subscriber.registration(), Contents.read(farewell)));
                }
                Key key = wanted.get(looked + 1);
                go(transaction, key, subscriber, fate, now);
                leaving.add(new Leaving(each, subscriber));
                if (fate == Fate.REMOVED) {
                    removed.merge(each.listener(), 1, Integer::sum);
                }
            }
            looked++;
        }
        ScopeState next = state;
        Set<ListenerRef> gone = new HashSet<>();
        for (Map.Entry<ListenerRef, MailboxState> left :
                left(transaction, removed).entrySet()) {
            Key mailbox = keys.listener(left.getKey());
            if (left.getValue().subscribers() == 0) {
                transaction.delete(mailbox);
                gone.add(left.getKey());
                next = next.withMailboxes(next.mailboxes() - 1);
            } else {
                transaction.put(left.getValue().entity(mailbox));
            }
        }
        if (!gone.isEmpty() && next.mailboxes() == 0) {
            transaction.delete(keys.live(scope));
        }
        boolean appended = next.mailboxes() > 0 && !farewells.isEmpty();
        if (appended) {
            for (Log.Draft farewell : farewells) {
                next = appends.farewell(transaction, scope, next, farewell);
            }
        }
        if (!next.equals(state)) {
            transaction.put(next.entity(scopeKey));
        }
        return new Done(departed(leaving, gone), leaving.size(), gone.size(), looked, appended);
    }

    private void go(Transaction transaction, Key key, SubscriberState subscriber, Fate fate, long now) {
        Subscription subscription = Keys.subscription(key);
        if (subscriber.session() != null) {
            transaction.delete(keys.registered(subscriber.session(), subscription));
        }
        if (subscriber.due() != null) {
            transaction.delete(subscriber.due());
        }
        if (fate == Fate.REMOVED) {
            transaction.delete(key);
        } else {
            Entity due = Agenda.lapse(keys.due(now + Objects.requireNonNull(subscriber.keep())), key);
            transaction.put(due);
            transaction.put(subscriber.detached(now, due.getKey()).entity(key));
        }
    }

    /** The mailboxes without those who are removed. */
    private Map<ListenerRef, MailboxState> left(Transaction transaction, Map<ListenerRef, Integer> removed) {
        Map<ListenerRef, MailboxState> left = new LinkedHashMap<>();
        if (removed.isEmpty()) {
            return left;
        }
        List<Map.Entry<ListenerRef, Integer>> each = List.copyOf(removed.entrySet());
        List<Entity> found = transaction.fetch(
                each.stream().map(of -> keys.listener(of.getKey())).toArray(Key[]::new));
        for (int i = 0; i < each.size(); i++) {
            MailboxState mailbox = MailboxState.of(found.get(i));
            if (mailbox != null) {
                left.put(each.get(i).getKey(), mailbox.with(-each.get(i).getValue()));
            }
        }
        return left;
    }

    private record Leaving(Subscription subscription, SubscriberState state) {}

    private static List<Departed> departed(List<Leaving> leaving, Set<ListenerRef> gone) {
        List<Departed> departed = new ArrayList<>();
        for (Leaving each : leaving) {
            UUID session = each.state.session();
            if (session != null) {
                ListenerRef listener = each.subscription.listener();
                departed.add(new Departed(
                        listener,
                        each.subscription.subscriber(),
                        session,
                        Payload.wrap(each.state.metadata()),
                        gone.contains(listener)));
            }
        }
        return departed;
    }
}
