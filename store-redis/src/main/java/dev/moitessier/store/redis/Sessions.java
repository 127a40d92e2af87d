package dev.moitessier.store.redis;

import dev.moitessier.store.Beat;
import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * Sessions. Each has its lease in one shard, its home, and is renewed and ended there. The home knows the other shards in which
 * something hangs on it; its end is brought to them, by whoever ended it and if need be by the next sweep.
 */
final class Sessions {
    private final Shards shards;
    private final Keys keys;
    private final Departures departures;

    Sessions(Shards shards, Keys keys, Departures departures) {
        this.shards = shards;
        this.keys = keys;
        this.departures = departures;
    }

    static StoreException.SessionEnded ended(UUID session) {
        return new StoreException.SessionEnded("session " + session + " has ended or was never opened");
    }

    static int home(byte[] session) {
        return Keys.shard(session);
    }

    void open(UUID session, Duration lease) {
        List<?> reply = atHome("open a session", "open", Keys.bytes(session), Long.toString(millis(lease)));
        if (Replies.number(reply.get(0)) == 0) {
            throw ended(session);
        }
    }

    Beat heartbeat(UUID session, Duration lease) {
        if (lease.isZero()) {
            return new Beat(false, end(Keys.bytes(session)));
        }
        List<?> reply = atHome("renew a session", "beat", Keys.bytes(session), Long.toString(millis(lease)));
        return new Beat(Replies.number(reply.get(0)) == 1, instant(reply));
    }

    /** Whether the session lives; then its home knows that it uses the shard. */
    boolean join(UUID session, int shard) {
        List<?> reply = atHome("ask for a session", "join", Keys.bytes(session), Integer.toString(shard));
        return Replies.number(reply.get(0)) == 1;
    }

    /** Whether a session lives, as its home sees it. */
    List<Boolean> alive(List<byte[]> sessions) {
        List<Call> calls =
                sessions.stream().map(session -> call("look", session, "")).toList();
        List<Boolean> alive = new ArrayList<>();
        for (Outcome outcome : shards.all("ask for sessions", false, calls)) {
            alive.add(Replies.number(outcome.list().get(0)) == 1);
        }
        return alive;
    }

    /** Ends it and, as far as one call may take, all that hangs on it; a sweep does the rest. */
    private Instant end(byte[] session) {
        long until = System.nanoTime() + shards.callLimit().toNanos() / 2;
        List<?> reply = atHome("end a session", "end", session, "");
        List<Integer> used = used(reply);
        leave(session, used);
        Set<Integer> all = new LinkedHashSet<>(used);
        all.add(home(session));
        for (int shard : all) {
            boolean more = true;
            while (more && System.nanoTime() - until < 0) {
                more = departures.ofSession(shard, session, Departures.CHUNK).more();
            }
        }
        return instant(reply);
    }

    /** Brings the end of a session, once more if need be, to all shards that it uses. */
    void spread(byte[] session) {
        leave(session, used(atHome("end a session", "end", session, "")));
    }

    private static List<Integer> used(List<?> reply) {
        return ((List<?>) reply.get(2))
                .stream().map(Replies::text).map(Integer::valueOf).toList();
    }

    private void leave(byte[] session, List<Integer> used) {
        int home = home(session);
        List<Call> calls = used.stream()
                .filter(shard -> shard != home)
                .map(shard -> leave(session, shard))
                .toList();
        shards.all("end a session", true, calls).forEach(Outcome::value);
    }

    /** Ends it in one shard, in which it was left behind. */
    void leaveAlone(byte[] session, int shard) {
        shards.one("end a session", true, leave(session, shard));
    }

    private Call leave(byte[] session, int shard) {
        return Call.of(shard, Script.LEAVE)
                .key(keys.of(shard, "here"))
                .key(keys.of(shard, "ended"))
                .key(keys.of(shard, "ending"))
                .arg(session);
    }

    private List<?> atHome(String doing, String what, byte[] session, String argument) {
        return shards.one(doing, true, call(what, session, argument)).list();
    }

    private Call call(String what, byte[] session, String argument) {
        int home = home(session);
        return Call.of(home, Script.SESSION)
                .key(keys.of(home, "leases"))
                .key(keys.of(home, "lengths"))
                .key(keys.of(home, "here"))
                .key(keys.of(home, "ended"))
                .key(keys.of(home, "ending"))
                .key(keys.of(home, "p:", session))
                .arg(what)
                .arg(session)
                .arg(argument);
    }

    private static Instant instant(List<?> reply) {
        long micros = Replies.number(reply.get(1));
        return Instant.ofEpochSecond(
                TimeUnit.MICROSECONDS.toSeconds(micros), TimeUnit.MICROSECONDS.toNanos(micros % 1_000_000));
    }

    private static long millis(Duration lease) {
        Duration most = Duration.ofDays(36_525);
        return (lease.compareTo(most) > 0 ? most : lease).plusNanos(999_999).toMillis();
    }
}
