package dev.moitessier.store.redis;

import dev.moitessier.store.Departed;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.Payload;
import dev.moitessier.store.Unregistered;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import redis.clients.jedis.Protocol;

/** Subscribers that go, each in one step with its farewell (L7). */
final class Departures {
    /** Subscribers that go in one pipeline. */
    static final int CHUNK = 200;

    private static final byte[] END = {(byte) 0xff};

    private final Shards shards;
    private final Keys keys;
    private final Heads heads;
    private final Hints hints;

    Departures(Shards shards, Keys keys, Heads heads, Hints hints) {
        this.shards = shards;
        this.keys = keys;
        this.heads = heads;
        this.hints = hints;
    }

    Unregistered unregister(ListenerRef listener, String subscriber, UUID registration) {
        Listeners.Named named = new Listeners.Named(listener, subscriber);
        List<?> reply = shards.one("unregister", true, call(named, "r", Keys.bytes(registration)))
                .list();
        boolean removed = Replies.number(reply.get(0)) == 1;
        if (removed) {
            hints.readable(Set.of(listener.scope()));
        }
        return new Unregistered(removed, Replies.number(reply.get(1)) == 1);
    }

    /** What one step removed, and whether there was as much as it could take. */
    record Step(List<Departed> departed, boolean more) {}

    /** Removes or detaches what hangs on an ended session in one shard; when nothing is left the shard forgets it. */
    Step ofSession(int shard, byte[] session, int most) {
        List<?> names = shards.one(
                        "find who leaves",
                        false,
                        Call.of(shard, Protocol.Command.ZRANGEBYLEX)
                                .key(keys.of(shard, "bonds"))
                                .arg(Keys.join(Keys.utf8("["), session))
                                .arg(Keys.join(Keys.utf8("("), session, END))
                                .arg("LIMIT")
                                .arg(0)
                                .arg(most))
                .list();
        List<Listeners.Named> leaving = new ArrayList<>();
        for (Object name : names) {
            byte[] bond = (byte[]) name;
            leaving.add(Listeners.Named.parse(Arrays.copyOfRange(bond, session.length, bond.length)));
        }
        List<Departed> departed = depart(leaving, "s", session, Keys.uuid(session));
        if (names.size() < most) {
            shards.one(
                    "end a session",
                    true,
                    Call.of(shard, Script.FINISH)
                            .key(keys.of(shard, "ending"))
                            .key(keys.of(shard, "bonds"))
                            .key(keys.of(shard, "p:", session))
                            .arg(session));
        }
        return new Step(departed, names.size() == most);
    }

    /** Removes durable subscribers that have been away for too long (L6); answers how many. */
    int lapsed(List<byte[]> names) {
        return depart(names.stream().map(Listeners.Named::parse).toList(), "l", new byte[0], new UUID(0, 0))
                .size();
    }

    private List<Departed> depart(List<Listeners.Named> leaving, String why, byte[] who, UUID session) {
        List<Call> calls = leaving.stream().map(named -> call(named, why, who)).toList();
        List<Departed> departed = new ArrayList<>();
        Set<String> scopes = new HashSet<>();
        List<Outcome> outcomes = shards.all("let subscribers go", true, calls);
        for (int i = 0; i < leaving.size(); i++) {
            List<?> reply = outcomes.get(i).list();
            if (Replies.number(reply.get(0)) == 1) {
                ListenerRef listener = leaving.get(i).listener();
                departed.add(new Departed(
                        listener,
                        leaving.get(i).subscriber(),
                        session,
                        Payload.wrap((byte[]) reply.get(2)),
                        Replies.number(reply.get(1)) == 1));
                scopes.add(listener.scope());
            }
        }
        if (!scopes.isEmpty()) {
            hints.readable(scopes);
        }
        return departed;
    }

    private Call call(Listeners.Named named, String why, byte[] who) {
        Scope scope = Scope.of(named.listener().scope());
        int shard = scope.shard();
        Call call = Call.of(shard, Script.DEPART)
                .key(keys.of(scope, "s:"))
                .key(keys.of(scope, "m:"))
                .key(keys.of(scope, "l:"))
                .key(keys.of(scope, "u:"))
                .key(keys.of(scope, "r:"))
                .key(keys.of(scope, "a:"))
                .key(keys.of(shard, "bonds"))
                .key(keys.of(shard, "away"))
                .key(keys.of(shard, "live"))
                .key(keys.of(shard, "dead"));
        return hints.tell(call)
                .arg(heads.known(scope))
                .arg(scope.bytes())
                .arg(Listeners.name(named.listener()))
                .arg(named.subscriber())
                .arg(why)
                .arg(who);
    }
}
