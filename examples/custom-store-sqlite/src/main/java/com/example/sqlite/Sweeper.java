package com.example.sqlite;

import dev.moitessier.store.Departed;
import dev.moitessier.store.Retention;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import dev.moitessier.store.parts.Times;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Housekeeping in small transactions, so that appends get in between (S3). Each step looks in a snapshot first: where there is
 * nothing to do, nothing is written.
 *
 * <p>The clock of one machine steps, and a suspended machine wakes with all leases over: so a session ends when its beat has not
 * changed for a lease on this process's own clock that only passes, and has not changed in the ending transaction either (L3).
 */
final class Sweeper {
    private static final int CHUNK = 200;
    private static final int SCOPES = 500;
    private static final Duration A_DAY = Duration.ofDays(1);

    private final Database database;
    private final Time time;
    private final long patience;
    private final Map<UUID, Seen> seen = new ConcurrentHashMap<>();
    private final ReentrantLock walking = new ReentrantLock();
    private long walked;

    private record Seen(long beat, long since) {}

    private record Beating(UUID session, long beat, long lease) {}

    private record Candidate(long scope, String name, long messages, long head, long mailboxes, long oldest) {}

    /** Those who are due, within a transaction. */
    private interface Due {
        List<Mailboxes.Subscriber> list(Sql sql, int limit) throws SQLException;
    }

    Sweeper(Database database, Time time, Duration callLimit) {
        this.database = database;
        this.time = time;
        patience = callLimit.toNanos() / 2;
    }

    /** Ends it at its owner's wish; what this call has no time for, a sweep finishes. */
    void end(UUID session) {
        database.write(sql -> sql.update(
                "update session set ended = ? where session = ? and ended is null", sql.now(), session));
        depart(
                (sql, limit) -> Mailboxes.ofSession(sql, session, limit),
                false,
                Integer.MAX_VALUE,
                System.nanoTime() + patience,
                new ArrayList<>());
    }

    Swept sweep(SweepPolicy policy) {
        long until = System.nanoTime() + patience;
        endUnchanged(policy.endAsOf());
        List<Departed> departed = new ArrayList<>();
        int left = policy.work();
        left -= depart(Mailboxes::ofEnded, false, left, until, departed);
        left -= depart(Mailboxes::lapsed, true, left, until, new ArrayList<>());
        left -= forget(left);
        long trimmed = 0;
        if (walking.tryLock()) {
            try {
                for (Candidate scope : candidates()) {
                    int gone = left > 0 && System.nanoTime() < until ? trim(scope, policy, left) : 0;
                    left -= gone;
                    trimmed += gone > 0 ? 1 : 0;
                }
            } finally {
                walking.unlock();
            }
        }
        return new Swept(departed, trimmed, left <= 0 || System.nanoTime() >= until);
    }

    private void endUnchanged(@Nullable Instant asOf) {
        List<Beating> sessions = database.read(sql -> sql.list(
                "select session, beat, lease from session where ended is null",
                row -> new Beating(Sql.uuid(row.getBytes(1)), row.getLong(2), row.getLong(3))));
        seen.keySet().retainAll(sessions.stream().map(Beating::session).toList());
        for (Beating session : sessions) {
            long now = time.nanos().getAsLong();
            Seen first = seen.compute(
                    session.session,
                    (id, before) -> before != null && before.beat == session.beat ? before : new Seen(session.beat, now));
            boolean lapsed = now - first.since > session.lease * 1_000;
            boolean fresh = asOf != null && Times.micros(time.wall().instant()) - Times.micros(asOf) <= session.lease / 3;
            if (lapsed && fresh) {
                database.write(sql -> sql.update(
                        "update session set ended = ? where session = ? and beat = ? and ended is null",
                        sql.now(),
                        session.session,
                        session.beat));
            }
        }
    }

    /** Answers how many went; {@code told}: those whose session ended. */
    private int depart(Due due, boolean forGood, int most, long until, List<Departed> told) {
        int departed = 0;
        while (departed < most && System.nanoTime() < until && database.read(sql -> !due.list(sql, 1).isEmpty())) {
            int chunk = Math.min(CHUNK, most - departed);
            List<Departed> gone = new ArrayList<>();
            departed += database.write(sql -> {
                List<Mailboxes.Subscriber> subscribers = due.list(sql, chunk);
                for (Mailboxes.Subscriber each : subscribers) {
                    boolean last = Mailboxes.depart(sql, each, forGood);
                    if (each.session() != null) {
                        gone.add(new Departed(each.listener(), each.id(), each.session(), each.metadata(), last));
                    }
                }
                return subscribers.size();
            });
            told.addAll(gone);
        }
        return departed;
    }

    /** Dispatch ids whose time is over, and sessions that nobody can know any more (S4). */
    private int forget(int most) {
        return erase(
                        "select 1 from dispatch where expires <= ? limit 1",
                        "delete from dispatch where (scope, dispatch) in (select scope, dispatch from dispatch where expires <= ? limit ?)",
                        Times.micros(time.wall().instant()),
                        most)
                + erase(
                        "select 1 from session where ended <= ? limit 1",
                        """
                        delete from session where session in (select session from session e where ended <= ?
                          and not exists (select 1 from subscriber u where u.session = e.session) limit ?)""",
                        Times.micros(time.wall().instant()) - Times.micros(A_DAY),
                        most);
    }

    private int erase(String look, String delete, long before, int most) {
        boolean some = most > 0 && database.read(sql -> sql.any(look, before));
        return some ? database.write(sql -> sql.update(delete, before, Math.min(most, CHUNK * 5))) : 0;
    }

    /** The next scopes of a walk over all of them, one stretch in each sweep. */
    private List<Candidate> candidates() {
        List<Candidate> scopes = database.read(sql -> sql.list(
                """
                select s.scope, s.name, s.messages, s.head, s.mailboxes,
                  (select min(m.position) from message m where m.scope = s.scope)
                from scope s where s.scope > ? and (s.messages > 0 or s.mailboxes = 0) order by s.scope limit ?""",
                row -> new Candidate(
                        row.getLong(1), row.getString(2), row.getLong(3), row.getLong(4), row.getLong(5), row.getLong(6)),
                walked,
                SCOPES));
        walked = scopes.size() < SCOPES ? 0 : scopes.get(SCOPES - 1).scope;
        return scopes;
    }

    /** Trims it, and says so in the same transaction (S1, S2); answers how many entries went. */
    private int trim(Candidate scope, SweepPolicy policy, int most) {
        long now = Times.micros(time.wall().instant());
        if (scope.messages == 0) {
            retire(scope, now - Times.micros(policy.longest().plus(SqliteStore.MAX_REMEMBER).plus(A_DAY)));
            return 0;
        }
        Retention retention = policy.retention().apply(scope.name);
        long bound = now - Times.micros(retention.age()) - 1;
        if (scope.oldest > bound && scope.messages <= retention.count()) {
            return 0;
        }
        int chunk = Math.min(most, CHUNK * 5);
        return database.write(sql -> {
            long excess = sql.one(
                    "select messages - ? from scope where scope = ?",
                    row -> row.getLong(1),
                    retention.count(),
                    scope.scope);
            List<Long> gone = sql.list(
                    "select position from message where scope = ? order by position limit ?",
                    row -> row.getLong(1),
                    scope.scope,
                    chunk);
            int count = 0;
            while (count < gone.size() && (count < excess || gone.get(count) <= bound)) {
                count++;
            }
            if (count > 0) {
                long mark = gone.get(count - 1);
                sql.update(
                        "update scope set trimmed = ?, messages = messages - ? where scope = ?", mark, count, scope.scope);
                sql.update("delete from message where scope = ? and position <= ?", scope.scope, mark);
            }
            return count;
        });
    }

    /** The counter is its floor, should the name come again (O3). */
    private void retire(Candidate scope, long before) {
        if (scope.mailboxes == 0 && scope.head < before) {
            database.write(sql -> sql.update(
                    """
                    delete from scope where scope = ? and mailboxes = 0 and messages = 0 and head < ?
                      and not exists (select 1 from dispatch d where d.scope = scope.scope)""",
                    scope.scope,
                    before));
        }
    }
}
