package dev.moitessier.store.datastore;

import com.google.cloud.datastore.Datastore;
import com.google.cloud.datastore.Key;
import com.google.cloud.datastore.PathElement;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Party;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The kinds, and where everything lies:
 *
 * <pre>
 * Scope/s                              head, members version and so on: the one entity that every append writes; never deleted
 * Scope/s / Listener/l                 a mailbox, with its start
 * Scope/s / Listener/l / Subscriber/b  who subscribes
 * Scope/s / Message/position           an entry; positions follow each other without a gap, so keys are known without a query
 * Scope/s / Message/position / Part/n  what of a large content did not fit
 * Scope/s / Dedup/dispatch             a dispatch id that is remembered
 * Live/s, Kept/s                       scopes with a mailbox; scopes that a sweep has to look at
 * Session/i, Beat/i, Ending/i          a session; its last heartbeat while it lives; that something of it is left
 * Session/i / Scope/s / … Registered/b the subscribers of a session, by the same path
 * Due/time-random                      what a sweep has to do after that time
 * </pre>
 */
final class Keys {
    static final String SCOPE = "MoitessierScope";
    static final String LISTENER = "MoitessierListener";
    static final String SUBSCRIBER = "MoitessierSubscriber";
    static final String MESSAGE = "MoitessierMessage";
    static final String PART = "MoitessierPart";
    static final String DEDUP = "MoitessierDedup";
    static final String LIVE = "MoitessierLive";
    static final String KEPT = "MoitessierKept";
    static final String SESSION = "MoitessierSession";
    static final String BEAT = "MoitessierBeat";
    static final String ENDING = "MoitessierEnding";
    static final String REGISTERED = "MoitessierRegistered";
    static final String DUE = "MoitessierDue";

    private static final String SEPARATOR = ",";

    private final Datastore datastore;

    Keys(Datastore datastore) {
        this.datastore = datastore;
    }

    Key scope(String scope) {
        return root(SCOPE, Names.encode(scope));
    }

    Key listener(ListenerRef listener) {
        return Key.newBuilder(scope(listener.scope()), LISTENER, name(listener)).build();
    }

    Key subscriber(ListenerRef listener, String subscriber) {
        return Key.newBuilder(listener(listener), SUBSCRIBER, Names.hex(subscriber))
                .build();
    }

    Key message(String scope, long position) {
        return Key.newBuilder(scope(scope), MESSAGE, position).build();
    }

    static Key part(Key message, int number) {
        return Key.newBuilder(message, PART, number).build();
    }

    Key dedup(String scope, UUID dispatch) {
        return Key.newBuilder(scope(scope), DEDUP, dispatch.toString()).build();
    }

    Key live(String scope) {
        return root(LIVE, Names.encode(scope));
    }

    Key kept(String scope) {
        return root(KEPT, Names.encode(scope));
    }

    Key session(UUID session) {
        return root(SESSION, session.toString());
    }

    Key beat(UUID session) {
        return root(BEAT, session.toString());
    }

    Key ending(UUID session) {
        return root(ENDING, session.toString());
    }

    Key registered(UUID session, Subscription subscription) {
        ListenerRef listener = subscription.listener();
        Key scope = Key.newBuilder(session(session), SCOPE, Names.encode(listener.scope()))
                .build();
        Key mailbox = Key.newBuilder(scope, LISTENER, name(listener)).build();
        return Key.newBuilder(mailbox, REGISTERED, Names.hex(subscription.subscriber()))
                .build();
    }

    /** Sorted by time; random, so that two at one time do not meet. */
    Key due(long micros) {
        return root(DUE, String.format(Locale.ROOT, "%017d-%s", Math.max(0, micros), UUID.randomUUID()));
    }

    /** Before every key of that time or later. */
    Key dueFrom(long micros) {
        return root(DUE, String.format(Locale.ROOT, "%017d", Math.max(0, micros)));
    }

    Key root(String kind, String name) {
        return datastore.newKeyFactory().setKind(kind).newKey(name);
    }

    /** Whom a key of kind {@link #REGISTERED} or {@link #SUBSCRIBER} is about. */
    static Subscription subscription(Key key) {
        List<PathElement> path = key.getAncestors();
        String scope = Names.decode(path.get(path.size() - 2).getName());
        return new Subscription(listener(scope, path.get(path.size() - 1).getName()), Names.unhex(key.getName()));
    }

    static ListenerRef listener(String scope, String name) {
        String[] parts = name.split(SEPARATOR, -1);
        ListenerType type =
                switch (parts[0]) {
                    case "S" -> ListenerType.SHARED;
                    case "P" -> ListenerType.PRIVATE;
                    case "H" -> ListenerType.HANDLER;
                    default -> throw new IllegalStateException("a mailbox's key is named " + name);
                };
        @Nullable Party owner = parts.length < 3 ? null : new Party(Names.decode(parts[1]), Names.decode(parts[2]));
        return new ListenerRef(scope, type, owner);
    }

    private static String name(ListenerRef listener) {
        String type = listener.type().name().substring(0, 1);
        Party owner = listener.owner();
        return owner == null
                ? type
                : type + SEPARATOR + Names.encode(owner.person()) + SEPARATOR + Names.encode(owner.client());
    }
}
