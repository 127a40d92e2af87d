package dev.moitessier.store.redis;

import dev.moitessier.store.Departed;
import dev.moitessier.store.Retention;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.Protocol;

/**
 * Housekeeping in bounded pieces, safe from any number of nodes (S3): each step is one script that looks again before it acts.
 *
 * <ol>
 *   <li>Sessions whose lease is over are ended at their home, the end is brought to the other shards, and what hangs on them is
 *       removed with its farewells (L2, L7). What a step left undone stays listed as ending, for the next sweep.
 *   <li>Sessions that a shard knows and whose home forgot them, in a failover, end there.
 *   <li>Durable subscribers whose time is over go (L6).
 *   <li>Scopes are trimmed, {@code trimmed} in the same step (S2); texts of entries that are gone follow. Walks over the scopes
 *       follow each other slowly enough to cost at most a twentieth of the time, and of many scopes no faster than trimming asks for:
 *       ages are a matter of days, and an append minds the count by itself.
 *   <li>Scopes that nobody can miss are dropped (O3).
 * </ol>
 *
 * Dispatch ids are forgotten by the server itself, when their time is over.
 */
final class Sweeper {
    /** Longer than any call can take, so that none that was sent to a living session arrives after its end is forgotten. */
    private static final Duration ENDS_REMEMBERED = Duration.ofDays(1);

    private static final Duration LOOK_UP_AFTER = Duration.ofMinutes(5);
    private static final int SCOPES_AT_ONCE = 500;
    private static final long SHORT_WALK = TimeUnit.MILLISECONDS.toNanos(50);
    private static final int REST = 20;
    /** Twenty times what a scope usually costs: a walk that a busy machine held up makes no scope wait for longer. */
    private static final long LONGEST_REST_PER_SCOPE = TimeUnit.MICROSECONDS.toNanos(500);
    /** However fast the walk was: a thousand scopes are looked at every other second, and a few at each sweep. */
    private static final long REST_PER_SCOPE = TimeUnit.MILLISECONDS.toNanos(2);

    private static final long USUAL_REST = TimeUnit.SECONDS.toNanos(5);

    private final Shards shards;
    private final Keys keys;
    private final Sessions sessions;
    private final Departures departures;
    private final Duration maxRemember;

    private final ReentrantLock walking = new ReentrantLock();
    private Walk current = new Walk();
    private long restsUntil = System.nanoTime();

    Sweeper(Shards shards, Keys keys, Sessions sessions, Departures departures, Duration maxRemember) {
        this.shards = shards;
        this.keys = keys;
        this.sessions = sessions;
        this.departures = departures;
        this.maxRemember = maxRemember;
    }

    /** A pass over all scopes, shard by shard at the same time. */
    private static final class Walk {
        final Map<Integer, byte[]> after = new HashMap<>();
        final boolean[] done = new boolean[Keys.SHARDS];
        long nanos;
        long scopes;
        boolean begun;

        boolean isOver() {
            for (boolean each : done) {
                if (!each) {
                    return false;
                }
            }
            return true;
        }

        long restNanos() {
            long costs = nanos < SHORT_WALK ? 0 : Math.min(nanos * REST, scopes * LONGEST_REST_PER_SCOPE);
            return Math.max(costs, Math.min(scopes * REST_PER_SCOPE, USUAL_REST));
        }
    }

    Swept sweep(SweepPolicy policy) {
        shards.ensureOpen();
        long until = System.nanoTime() + shards.callLimit().toNanos() / 2;
        List<Departed> departed = new ArrayList<>();
        boolean more = endSessions(policy, departed, until);
        long trimmed = 0;
        if (walking.tryLock()) {
            try {
                if (restsUntil - System.nanoTime() <= 0 && System.nanoTime() - until < 0) {
                    trimmed = walk(policy);
                    more |= current.begun;
                }
            } finally {
                walking.unlock();
            }
        }
        return new Swept(departed, trimmed, more);
    }

    // Sessions

    private boolean endSessions(SweepPolicy policy, List<Departed> departed, long until) {
        List<Chores> found = look(policy);
        boolean more = false;
        int left = policy.work();
        for (Chores chores : found) {
            for (byte[] session : chores.ending) {
                if (Sessions.home(session) == chores.shard) {
                    sessions.spread(session);
                }
            }
        }
        // What was brought to other shards is found there at once.
        for (Chores chores : anyEnding(found) ? look(policy) : found) {
            for (byte[] session : chores.ending) {
                boolean rest = true;
                while (rest) {
                    if (left <= 0 || System.nanoTime() - until > 0) {
                        return true;
                    }
                    Departures.Step step =
                            departures.ofSession(chores.shard, session, Math.min(left, Departures.CHUNK));
                    departed.addAll(step.departed());
                    left -= step.departed().size();
                    rest = step.more();
                }
            }
            more |= chores.ending.size() == chores.most;
            List<byte[]> due = chores.due.subList(0, Math.min(Math.max(0, left), chores.due.size()));
            left -= departures.lapsed(due);
            more |= due.size() < chores.due.size() || due.size() == chores.most;
            endForgotten(chores);
        }
        return more;
    }

    private static boolean anyEnding(List<Chores> found) {
        return found.stream().anyMatch(chores -> !chores.ending.isEmpty());
    }

    /** What there is to do in a shard. */
    private record Chores(int shard, int most, List<byte[]> ending, List<byte[]> due, List<byte[]> unsure) {}

    private List<Chores> look(SweepPolicy policy) {
        Instant asOf = policy.endAsOf();
        int most = Math.min(policy.work(), Departures.CHUNK);
        List<Call> calls = new ArrayList<>();
        for (int shard = 0; shard < Keys.SHARDS; shard++) {
            calls.add(Call.of(shard, Script.CHORES)
                    .key(keys.of(shard, "leases"))
                    .key(keys.of(shard, "lengths"))
                    .key(keys.of(shard, "here"))
                    .key(keys.of(shard, "ended"))
                    .key(keys.of(shard, "ending"))
                    .key(keys.of(shard, "away"))
                    .key(keys.of(shard, "ids"))
                    .key(keys.of(shard, "older"))
                    .arg(asOf == null ? "" : Long.toString(millis(asOf)))
                    .arg(most)
                    .arg(ENDS_REMEMBERED.toMillis())
                    .arg(LOOK_UP_AFTER.toMillis()));
        }
        List<Chores> found = new ArrayList<>();
        for (Outcome outcome : shards.all("sweep", true, calls)) {
            List<?> lists = outcome.list();
            found.add(new Chores(found.size(), most, bytes(lists.get(0)), bytes(lists.get(1)), bytes(lists.get(2))));
        }
        return found;
    }

    private static long millis(Instant instant) {
        return instant.isBefore(Instant.EPOCH) ? 0 : instant.getEpochSecond() > 1L << 40 ? 0 : instant.toEpochMilli();
    }

    private void endForgotten(Chores chores) {
        if (chores.unsure.isEmpty()) {
            return;
        }
        List<Boolean> alive = sessions.alive(chores.unsure);
        for (int i = 0; i < alive.size(); i++) {
            byte[] session = chores.unsure.get(i);
            if (alive.get(i)) {
                shards.one(
                        "sweep",
                        true,
                        Call.of(chores.shard, Script.SEEN)
                                .key(keys.of(chores.shard, "here"))
                                .arg(session));
            } else {
                sessions.leaveAlone(session, chores.shard);
            }
        }
    }

    private static List<byte[]> bytes(Object list) {
        return ((List<?>) list).stream().map(byte[].class::cast).toList();
    }

    // Scopes

    /** One stretch of the walk; answers how many scopes it trimmed. */
    private long walk(SweepPolicy policy) {
        long began = System.nanoTime();
        current.begun = true;
        List<Scope> scopes = next(Math.min(policy.work(), SCOPES_AT_ONCE));
        long trimmed = trim(policy, scopes);
        drop(policy);
        current.scopes += scopes.size();
        current.nanos += System.nanoTime() - began;
        if (current.isOver()) {
            restsUntil = System.nanoTime() + current.restNanos();
            current = new Walk();
        }
        return trimmed;
    }

    private List<Scope> next(int limit) {
        int each = Math.max(4, limit / Keys.SHARDS);
        List<Call> calls = new ArrayList<>();
        List<Integer> asked = new ArrayList<>();
        for (int shard = 0; shard < Keys.SHARDS && asked.size() * each <= limit; shard++) {
            if (!current.done[shard]) {
                byte @Nullable [] after = current.after.get(shard);
                calls.add(Call.of(shard, Protocol.Command.ZRANGEBYLEX)
                        .key(keys.of(shard, "known"))
                        .arg(after == null ? Keys.utf8("-") : Keys.join(Keys.utf8("("), after))
                        .arg("+")
                        .arg("LIMIT")
                        .arg(0)
                        .arg(each));
                asked.add(shard);
            }
        }
        List<Scope> scopes = new ArrayList<>();
        List<Outcome> outcomes = shards.all("find scopes to trim", false, calls);
        for (int i = 0; i < asked.size(); i++) {
            int shard = asked.get(i);
            List<byte[]> names = bytes(outcomes.get(i).list());
            names.forEach(name -> scopes.add(new Scope(Replies.text(name), name, shard)));
            if (names.size() < each) {
                current.done[shard] = true;
            } else {
                current.after.put(shard, names.get(names.size() - 1));
            }
        }
        return scopes;
    }

    private long trim(SweepPolicy policy, List<Scope> scopes) {
        List<Call> calls = new ArrayList<>();
        for (Scope scope : scopes) {
            Retention retention = policy.retention().apply(scope.name());
            Duration age = retention.age().compareTo(policy.longest()) < 0 ? retention.age() : policy.longest();
            calls.add(Call.of(scope.shard(), Script.TRIM)
                    .key(keys.of(scope, "s:"))
                    .key(keys.of(scope, "m:"))
                    .key(keys.of(scope, "y:"))
                    .arg(age.toDays() > 18_000 ? "" : Long.toString(age.toMillis()))
                    .arg(retention.count() > Integer.MAX_VALUE ? "" : Long.toString(retention.count())));
        }
        long trimmed = 0;
        List<Outcome> outcomes = shards.all("trim", true, calls);
        for (int i = 0; i < outcomes.size(); i++) {
            List<?> reply = outcomes.get(i).list();
            trimmed += Replies.number(reply.get(0)) > 0 ? 1 : 0;
            removeTexts(scopes.get(i), bytes(reply.get(1)));
        }
        return trimmed;
    }

    /** Texts that were kept apart from entries that are gone; listed until they are removed. */
    private void removeTexts(Scope scope, List<byte[]> members) {
        if (members.isEmpty()) {
            return;
        }
        Call unlink = Call.of(scope.shard(), Protocol.Command.UNLINK);
        Call forget = Call.of(scope.shard(), Protocol.Command.ZREM).key(keys.of(scope, "y:"));
        for (byte[] member : members) {
            unlink.key(keys.of(scope, "x:", Arrays.copyOfRange(member, member.length - Contents.MARK, member.length)));
            forget.arg(member);
        }
        shards.one("remove texts", true, unlink);
        shards.one("remove texts", true, forget);
    }

    /** Drops scopes that had their last mailbox so long ago that no cursor, id or entry of them can matter (O3). */
    private void drop(SweepPolicy policy) {
        Duration old = policy.longest().plus(maxRemember).plusDays(1);
        if (old.toDays() > 18_000) {
            return;
        }
        drop(old, policy.work());
    }

    void drop(Duration old, int most) {
        List<Call> calls = new ArrayList<>();
        for (int shard = 0; shard < Keys.SHARDS; shard++) {
            calls.add(Call.of(shard, Script.DEAD)
                    .key(keys.of(shard, "dead"))
                    .arg(old.toMillis())
                    .arg(Math.min(most, 16)));
        }
        List<Call> drops = new ArrayList<>();
        List<Outcome> outcomes = shards.all("find scopes to drop", false, calls);
        for (int shard = 0; shard < Keys.SHARDS; shard++) {
            for (byte[] name : bytes(outcomes.get(shard).list())) {
                Scope scope = new Scope(Replies.text(name), name, shard);
                drops.add(Call.of(shard, Script.DROP)
                        .key(keys.of(scope, "s:"))
                        .key(keys.of(scope, "m:"))
                        .key(keys.of(scope, "y:"))
                        .key(keys.of(scope, "l:"))
                        .key(keys.of(scope, "u:"))
                        .key(keys.of(scope, "r:"))
                        .key(keys.of(scope, "a:"))
                        .key(keys.of(shard, "known"))
                        .key(keys.of(shard, "dead"))
                        .key(keys.of(shard, "floor"))
                        .arg(scope.bytes())
                        .arg(old.toMillis()));
            }
        }
        shards.all("drop scopes", true, drops).forEach(Outcome::value);
    }
}
