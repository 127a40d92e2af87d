package com.example.sqlite;

import dev.moitessier.store.Departed;
import dev.moitessier.store.Retention;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import dev.moitessier.store.parts.Beats;
import dev.moitessier.store.parts.Times;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Housekeeping in small transactions, so that appends get in between (S3). Each step looks in a snapshot first: where there is
 * nothing to do, nothing is written.
 *
 * <p>The clock of one machine steps, and whoever was suspended wakes with all leases over: so sessions end when their beat has not
 * changed for a lease (L3), and not by a time in their row.
 */
final class Sweeper {
    private static final int CHUNK = 200;
    private static final int ENTRIES = 1_000;
    private static final int SCOPES = 500;
    private static final Duration A_DAY = Duration.ofDays(1);

    private static final String OPEN = "select session, beat, lease from session where ended is null";
    private static final String END = "update session set ended = ? where session = ? and ended is null";
    private static final String DEAD_IDS =
            "delete from dispatch where (scope, dispatch) in (select scope, dispatch from dispatch where expires <= ? limit ?)";
    private static final String DEAD_SESSIONS = """
            delete from session where session in (select e.session from session e where e.ended <= ?
              and not exists (select 1 from subscriber u where u.session = e.session) limit ?)""";
    private static final String DEAD_SCOPE = """
            delete from scope where scope = ? and mailboxes = 0 and messages = 0 and head < ?
              and not exists (select 1 from dispatch d where d.scope = scope.scope)""";
    private static final String WALK = """
            select s.scope, s.name, s.messages, s.head,
              (select m.at from message m where m.scope = s.scope order by m.position limit 1)
            from scope s where s.scope > ? and (s.messages > 0 or s.mailboxes = 0) order by s.scope limit ?""";
    private static final String OLDEST = "select position, at from message where scope = ? order by position limit ?";
    private static final String COUNT = "select messages from scope where scope = ?";
    private static final String TRIM = "update scope set trimmed = ?, messages = messages - ? where scope = ?";

    private final Database database;
    private final Time time;
    private final long patience;
    private final Beats beats;
    private final ReentrantLock walking = new ReentrantLock();
    private long walked;

    private record Old(long position, long at) {}

    private record Candidate(long row, String name, long messages, long head, long oldest) {}

    Sweeper(Database database, Time time, Duration callLimit) {
        this.database = database;
        this.time = time;
        patience = callLimit.toNanos() / 2;
        beats = new Beats(time.nanos());
    }

    /** Ends it at its owner's wish; what this call has no time for, a sweep finishes. */
    void end(UUID session) {
        long until = System.nanoTime() + patience;
        database.write(sql -> sql.update(END, sql.now(), session));
        depart(Mailboxes.OF_SESSION, session, false, Integer.MAX_VALUE, until, new ArrayList<>());
    }

    Swept sweep(SweepPolicy policy) {
        long until = System.nanoTime() + patience;
        endSilent(policy.endAsOf());
        List<Departed> departed = new ArrayList<>();
        int left = policy.work();
        left -= depart(Mailboxes.OF_ENDED, Long.MAX_VALUE, false, left, until, departed);
        left -= depart(Mailboxes.LAPSED, now(), true, left, until, new ArrayList<>());
        left -= forget("select 1 from dispatch where expires <= ? limit 1", DEAD_IDS, now(), left);
        left -= forget("select 1 from session where ended <= ? limit 1", DEAD_SESSIONS, ago(A_DAY), left);
        long trimmed = 0;
        for (Candidate scope : candidates()) {
            int gone = left > 0 && System.nanoTime() < until ? trim(scope, policy, left) : 0;
            left -= gone;
            trimmed += gone > 0 ? 1 : 0;
        }
        return new Swept(departed, trimmed, left <= 0 || System.nanoTime() >= until);
    }

    private void endSilent(@Nullable Instant asOf) {
        List<Beats.Beating> open = database.read(sql -> sql.list(
                OPEN,
                row -> new Beats.Beating(
                        UUID.fromString(row.getString(1)), row.getLong(2), Times.duration(row.getLong(3)))));
        for (Beats.Beating each : beats.silent(open)) {
            if (asOf != null && Times.micros(asOf) >= ago(each.lease().dividedBy(3))) {
                database.write(sql -> sql.update(END + " and beat = ?", sql.now(), each.session(), each.beat()));
            }
        }
    }

    /** Answers how many went; {@code told}: those whose session ended. */
    private int depart(String due, Object by, boolean forGood, int most, long until, List<Departed> told) {
        int departed = 0;
        while (departed < most && System.nanoTime() < until && database.read(sql -> sql.any(due, by, 1))) {
            int chunk = Math.min(CHUNK, most - departed);
            List<Departed> gone = new ArrayList<>();
            departed += database.write(sql -> {
                List<Mailboxes.Subscriber> subscribers = sql.list(due, Mailboxes::subscriber, by, chunk);
                for (Mailboxes.Subscriber each : subscribers) {
                    boolean last = Mailboxes.depart(sql, each, forGood);
                    UUID session = each.stored().session();
                    if (session != null) {
                        String id = each.stored().id();
                        gone.add(new Departed(
                                each.listener(), id, session, each.stored().metadata(), last));
                    }
                }
                return subscribers.size();
            });
            told.addAll(gone);
        }
        return departed;
    }

    private int forget(String look, String delete, long before, int most) {
        boolean some = most > 0 && database.read(sql -> sql.any(look, before));
        return some ? database.write(sql -> sql.update(delete, before, Math.min(most, ENTRIES))) : 0;
    }

    /** The next scopes of a walk over all of them, one stretch in each sweep; none while another call walks. */
    private List<Candidate> candidates() {
        if (!walking.tryLock()) {
            return List.of();
        }
        try {
            List<Candidate> scopes = database.read(sql -> sql.list(
                    WALK,
                    row -> new Candidate(
                            row.getLong(1), row.getString(2), row.getLong(3), row.getLong(4), row.getLong(5)),
                    walked,
                    SCOPES));
            walked = scopes.size() < SCOPES ? 0 : scopes.get(SCOPES - 1).row;
            return scopes;
        } finally {
            walking.unlock();
        }
    }

    /** Trims it, and says so in the same transaction (S1, S2); answers how many entries went. */
    private int trim(Candidate scope, SweepPolicy policy, int most) {
        long dead = ago(policy.longest().plus(SqliteStore.MAX_REMEMBER).plus(A_DAY));
        if (scope.messages == 0) {
            // The counter is its floor, should the name come again (O3).
            return scope.head < dead ? database.write(sql -> sql.update(DEAD_SCOPE, scope.row, dead)) : 0;
        }
        Retention retention = policy.retention().apply(scope.name);
        long bound = ago(retention.age()) - 1;
        int limit = Math.min(most, ENTRIES);
        if (scope.oldest > bound && scope.messages <= retention.count()) {
            return 0;
        }
        return database.write(sql -> {
            long messages = Objects.requireNonNull(sql.one(COUNT, row -> row.getLong(1), scope.row));
            List<Old> oldest = sql.list(OLDEST, row -> new Old(row.getLong(1), row.getLong(2)), scope.row, limit);
            int gone = 0;
            while (gone < oldest.size() && (messages - gone > retention.count() || oldest.get(gone).at <= bound)) {
                gone++;
            }
            if (gone > 0) {
                long mark = oldest.get(gone - 1).position;
                sql.update(TRIM, mark, gone, scope.row);
                sql.update("delete from message where scope = ? and position <= ?", scope.row, mark);
            }
            return gone;
        });
    }

    private long now() {
        return Times.micros(time.wall().instant());
    }

    private long ago(Duration duration) {
        return now() - Times.micros(duration);
    }
}
