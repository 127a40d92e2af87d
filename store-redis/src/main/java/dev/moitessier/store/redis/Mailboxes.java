package dev.moitessier.store.redis;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Content;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.Members;
import dev.moitessier.store.Payload;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoredSubscriber;
import dev.moitessier.store.Subscribers;
import dev.moitessier.store.Unregistered;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.Protocol;

/** Scopes, mailboxes and subscribers. */
final class Mailboxes {
    /** Shards that a listing of scopes asks at once. */
    private static final int SHARDS_AT_ONCE = 8;

    private static final UUID NOBODY = new UUID(0, 0);
    private static final byte[] END = {(byte) 0xff};

    private final Shards shards;
    private final Keys keys;
    private final Heads heads;
    private final Sessions sessions;
    private final Departures departures;

    Mailboxes(Shards shards, Keys keys, Heads heads, Sessions sessions, Departures departures) {
        this.shards = shards;
        this.keys = keys;
        this.heads = heads;
        this.sessions = sessions;
        this.departures = departures;
    }

    /** At the first use of a shard by a session, the session's home is asked whether it lives, and told of the shard (L1). */
    Registered register(Registration registration) {
        UUID session = registration.session();
        Scope scope = Scope.of(registration.listener().scope());
        Object reply = register(registration, scope, false);
        if (session != null
                && reply instanceof byte[] said
                && Replies.text(said).equals("join")) {
            if (!sessions.join(session, scope.shard())) {
                throw Sessions.ended(session);
            }
            reply = register(registration, scope, true);
        }
        if (session != null && !(reply instanceof List)) {
            throw Sessions.ended(session);
        }
        List<?> registered = (List<?>) Objects.requireNonNull(reply);
        long head = Positions.of((byte[]) registered.get(1));
        heads.saw(scope, head);
        return new Registered(
                Positions.of((byte[]) registered.get(0)),
                head,
                position(registered.get(2)),
                Replies.number(registered.get(3)) == 1,
                Replies.number(registered.get(4)));
    }

    private @Nullable Object register(Registration registration, Scope scope, boolean joined) {
        int shard = scope.shard();
        Content farewell = registration.farewell();
        UUID session = registration.session();
        Duration keep = registration.keep();
        Call call = Call.of(shard, Script.REGISTER)
                .key(keys.of(scope, "m:"))
                .key(keys.of(scope, "l:"))
                .key(keys.of(scope, "u:"))
                .key(keys.of(scope, "r:"))
                .key(keys.of(scope, "a:"))
                .key(keys.of(shard, "bonds"))
                .key(keys.of(shard, "away"))
                .key(keys.of(shard, "here"))
                .key(keys.of(shard, "ended"))
                .key(keys.of(shard, "live"))
                .key(keys.of(shard, "known"))
                .key(keys.of(shard, "dead"))
                .key(keys.of(shard, "floor"))
                .key(keys.of(scope, "s:"))
                .arg(scope.bytes())
                .arg(Listeners.name(registration.listener()))
                .arg(registration.subscriber())
                .arg(Keys.bytes(registration.id()))
                .arg(session == null ? new byte[0] : Keys.bytes(session))
                .arg(joined ? "1" : "")
                .arg(keep == null ? "" : Long.toString(millis(keep)))
                .arg(Contents.bytes(registration.metadata()));
        if (farewell == null) {
            call.arg("");
        } else {
            call.arg(Contents.entry(registration.id(), farewell, null));
        }
        return shards.one("register", true, call).value();
    }

    Unregistered unregister(ListenerRef listener, String subscriber, UUID registration) {
        return departures.unregister(listener, subscriber, registration);
    }

    Subscribers subscribers(ListenerRef listener, @Nullable String after, int limit) {
        Scope scope = Scope.of(listener.scope());
        List<?> reply = shards.one(
                        "list subscribers",
                        false,
                        Call.of(scope.shard(), Script.SUBSCRIBERS)
                                .key(keys.of(scope, "m:"))
                                .key(keys.of(scope, "u:"))
                                .key(keys.of(scope, "r:"))
                                .key(keys.of(scope, "a:"))
                                .arg(Listeners.name(listener))
                                .arg(after == null ? "" : after)
                                .arg(limit + 1L))
                .list();
        List<StoredSubscriber> list = new ArrayList<>();
        for (int i = 1; i < reply.size(); i += 4) {
            UUID session = Keys.uuid((byte[]) reply.get(i + 1));
            list.add(new StoredSubscriber(
                    Replies.text(reply.get(i)),
                    session.equals(NOBODY) ? null : session,
                    Payload.wrap((byte[]) reply.get(i + 2)),
                    position(reply.get(i + 3))));
        }
        boolean more = list.size() > limit;
        return new Subscribers(more ? list.subList(0, limit) : list, Positions.of((byte[]) reply.get(0)), more);
    }

    void acknowledge(List<Acknowledgement> acknowledgements) {
        List<Call> calls = new ArrayList<>();
        for (Acknowledgement each : acknowledgements) {
            Scope scope = Scope.of(each.listener().scope());
            byte[] field = Keys.join(Listeners.name(each.listener()), new byte[1], Keys.utf8(each.subscriber()));
            calls.add(Call.of(scope.shard(), Script.ACKNOWLEDGE)
                    .key(keys.of(scope, "m:"))
                    .key(keys.of(scope, "r:"))
                    .key(keys.of(scope, "a:"))
                    .key(keys.of(scope.shard(), "away"))
                    .arg(field)
                    .arg(Keys.join(scope.bytes(), new byte[1], field))
                    .arg(Keys.bytes(each.registration()))
                    .arg(Positions.id(Math.max(0, each.position()))));
        }
        for (Outcome outcome : shards.all("acknowledge", true, calls)) {
            if (outcome.failure() != null) {
                throw outcome.failure();
            }
        }
    }

    Members members(String name, @Nullable Set<ListenerRef> only) {
        Scope scope = Scope.of(name);
        Call call =
                Call.of(scope.shard(), Script.MEMBERS).key(keys.of(scope, "m:")).key(keys.of(scope, "l:"));
        if (only != null) {
            for (ListenerRef listener : only) {
                if (listener.scope().equals(name)) {
                    call.arg(Listeners.name(listener));
                }
            }
            if (call.argumentCount() == 0) {
                // Without an argument the script lists all; no mailbox has this name.
                call.arg("-");
            }
        }
        List<?> reply = shards.one("list mailboxes", false, call).list();
        if (reply.isEmpty()) {
            return new Members(0, 0, Map.of());
        }
        Map<ListenerRef, Long> starts = new HashMap<>();
        for (int i = 2; i < reply.size(); i += 2) {
            starts.put(Listeners.parse(name, (byte[]) reply.get(i)), Positions.of((byte[]) reply.get(i + 1)));
        }
        long head = Positions.of((byte[]) reply.get(1));
        heads.saw(scope, head);
        return new Members(Replies.number(reply.get(0)), head, starts);
    }

    long position(String name, Instant at) {
        Scope scope = Scope.of(name);
        Object head = shards.one(
                        "find a position",
                        false,
                        Call.of(scope.shard(), Protocol.Command.HGET)
                                .key(keys.of(scope, "m:"))
                                .arg("h"))
                .value();
        return head == null ? 0 : Math.min(Positions.of((byte[]) head), Positions.before(at));
    }

    /** Shard by shard, and within a shard in the order of bytes (N2). */
    List<String> scopes(String prefix, @Nullable String after, int limit) {
        shards.ensureOpen();
        List<String> scopes = new ArrayList<>();
        int first = after == null ? 0 : Scope.of(after).shard();
        byte[] from = Keys.utf8("[" + prefix);
        for (int shard = first; shard < Keys.SHARDS && scopes.size() < limit; shard += SHARDS_AT_ONCE) {
            List<Call> calls = new ArrayList<>();
            for (int each = shard; each < Math.min(Keys.SHARDS, shard + SHARDS_AT_ONCE); each++) {
                calls.add(Call.of(each, Protocol.Command.ZRANGEBYLEX)
                        .key(keys.of(each, "live"))
                        .arg(after != null && each == first ? later(prefix, after) : from)
                        .arg(Keys.join(Keys.utf8("(" + prefix), END))
                        .arg("LIMIT")
                        .arg(0)
                        .arg(limit - scopes.size()));
            }
            for (Outcome outcome : shards.all("list scopes", false, calls)) {
                for (Object name : outcome.list()) {
                    if (scopes.size() < limit) {
                        scopes.add(Replies.text(name));
                    }
                }
            }
        }
        return scopes;
    }

    private static byte[] later(String prefix, String after) {
        boolean afterIsLater = Arrays.compareUnsigned(Keys.utf8(after), Keys.utf8(prefix)) >= 0;
        return Keys.utf8(afterIsLater ? "(" + after : "[" + prefix);
    }

    private static OptionalLong position(Object id) {
        byte[] bytes = (byte[]) id;
        return bytes.length == 0 ? OptionalLong.empty() : OptionalLong.of(Positions.of(bytes));
    }

    private static long millis(Duration time) {
        // Lua has numbers up to 2^53 only; a hundred years are as good as for ever.
        Duration most = Duration.ofDays(36_525);
        return (time.compareTo(most) > 0 ? most : time).plusNanos(999_999).toMillis();
    }
}
