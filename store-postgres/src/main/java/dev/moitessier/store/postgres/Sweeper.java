package dev.moitessier.store.postgres;

import dev.moitessier.store.Departed;
import dev.moitessier.store.Retention;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Housekeeping in bounded pieces, safe from any number of nodes (S3): each step locks what it works on and skips what others have.
 *
 * <ol>
 *   <li>Sessions whose lease is over are ended, and what hangs on ended ones is removed with its farewells (L2, L7).
 *   <li>Durable subscribers whose time is over go (L6).
 *   <li>Enlisted appends that nobody has come across are promoted (S4).
 *   <li>Dispatch ids whose time is over are forgotten (I1).
 *   <li>Scopes are trimmed: {@code trimmed} is raised and committed first (S2). Walks over the scopes follow each other slowly
 *       enough to cost at most a twentieth of the time.
 *   <li>Partitions that a whole walk has trimmed are dropped; those of the days to come are made.
 * </ol>
 */
final class Sweeper {
    private static final Logger LOG = LoggerFactory.getLogger(Sweeper.class);
    /** Partitions that are made ahead, so that nobody needs to sweep for so long. */
    private static final int DAYS_AHEAD = 3;

    private static final int SCOPES_AT_ONCE = 500;
    private static final int SETTLED_AT_ONCE = 50;
    private static final long PARTITIONS_EVERY = TimeUnit.MINUTES.toNanos(10);
    private static final long SHORT_WALK = TimeUnit.MILLISECONDS.toNanos(50);
    private static final int REST = 20;
    /** So long after a process announced that it appends beside the scope's row it has stopped to, unless it announced it again. */
    private static final long PAST_SOLO = TimeUnit.SECONDS.toMicros(90);

    private final Database database;
    private final Sessions sessions;
    private final Departures departures;
    private final Promotions promotions;
    private final String waiting;
    private final String forget;
    private final String walk;
    private final String marks;
    private final String trim;
    private final String ahead;
    private final String drop;
    private final String removeStrays;

    private final @Nullable Duration ceiling;
    private final AtomicBoolean ceilingSaid = new AtomicBoolean();
    private final ReentrantLock walking = new ReentrantLock();
    private Walk current = new Walk();
    private long restsUntil = System.nanoTime();
    private long partitionsAt = System.nanoTime();

    /** @param ceiling no entry stays longer, whatever a policy says; null: policies alone say it */
    Sweeper(
            Database database,
            Naming naming,
            Sessions sessions,
            Departures departures,
            Promotions promotions,
            @Nullable Duration ceiling) {
        this.ceiling = ceiling;
        this.database = database;
        this.sessions = sessions;
        this.departures = departures;
        this.promotions = promotions;
        waiting = naming.render("select distinct scope from (select scope from {pending} order by seq limit :limit) p");
        forget = naming.render("""
                delete from {dispatch} where ctid = any (array(
                  select ctid from {dispatch} where expires < clock_timestamp() order by expires limit :limit for update skip locked))
                """);
        walk = naming.render("""
                select scope_id, name, {now}, solo and head < {now} - %d as past
                from {scope} where scope_id > :after and (head > trimmed or solo) order by scope_id limit :limit
                """.formatted(PAST_SOLO));
        // The last entry at or below the bound: a mark beyond it would call a cursor lossy that has lost nothing. No
        // lock here:
        // PostgreSQL 18 dies of a signal when a statement that locks rows looks into a partitioned table and must check
        // a row
        // again. What is appended meanwhile only makes the marks lower than they might be.
        marks = naming.render("""
                select u.scope_id, l.position
                from unnest(:scopes::bigint[], :bounds::bigint[], :counts::bigint[]) as u(scope_id, bound, count)
                join {scope} s using (scope_id)
                left join lateral (
                  select m.position from {message} m
                  where m.scope_id = s.scope_id and m.position > s.trimmed and %1$s and u.count is not null
                  order by m.position desc offset u.count limit 1) c on true
                cross join lateral (
                  select max(m.position) as position from {message} m
                  where m.scope_id = s.scope_id and m.position > s.trimmed and %1$s and m.position <= greatest(u.bound, c.position)
                    and (m.position <= c.position or coalesce(m.written <= to_timestamp(u.bound / 1000000.0), true))) l
                where l.position is not null
                """.formatted(Fences.isEntry("m")));
        trim = naming.render("""
                with s as (
                  select s.scope_id, u.mark
                  from unnest(:scopes::bigint[], :marks::bigint[]) as u(scope_id, mark) join {scope} s using (scope_id)
                  order by s.scope_id for no key update of s skip locked),
                u as (
                  update {scope} s set trimmed = l.mark from s l where s.scope_id = l.scope_id and l.mark > s.trimmed
                  returning s.scope_id)
                select (select count(*) from s), (select count(*) from u)
                """);
        ahead = naming.render("select {partitions_ahead}(:days)");
        drop = naming.render("select {partitions_drop}(:bound)");
        // Whole partitions up to the bound are gone by now; what is left came before its partition and lies in the
        // default one.
        removeStrays = naming.render("""
                with t as (
                  delete from {override} m using (
                    select scope_id, position, person, client from {override} where position <= :bound limit :limit) o
                  where m.scope_id = o.scope_id and m.position = o.position and m.person = o.person and m.client = o.client)
                delete from {message} m using (
                  select scope_id, position from {message} where position <= :bound and coalesce(written <= to_timestamp(:bound / 1000000.0), true) limit :limit) o
                where m.scope_id = o.scope_id and m.position = o.position
                """);
    }

    /** A pass over all scopes; what it had to skip makes it useless for dropping partitions. */
    private static final class Walk {
        long after;
        long startedMicros;
        long nanos;
        boolean whole = true;
    }

    /** What a node asks for, within what the store allows. */
    private SweepPolicy within(SweepPolicy asked) {
        Duration most = ceiling;
        if (most == null || asked.longest().compareTo(most) <= 0) {
            return asked;
        }
        if (ceilingSaid.compareAndSet(false, true)) {
            LOG.info(
                    "entries stay for {}, the retention of the store, and not for up to {} as moitessier.retention asks",
                    most,
                    asked.longest());
        }
        return new SweepPolicy(
                scope -> {
                    Retention kept = asked.retention().apply(scope);
                    return kept.age().compareTo(most) <= 0 ? kept : new Retention(most, kept.count());
                },
                most,
                asked.endAsOf(),
                asked.work());
    }

    Swept sweep(SweepPolicy asked) {
        SweepPolicy policy = within(asked);
        List<Departed> departed = new ArrayList<>();
        long until = System.nanoTime() + database.callLimit().toNanos() / 2;
        boolean more = endSessions(policy, departed, until);
        int left = Math.max(1, policy.work() - departed.size());
        more |= departures.lapsed(Math.min(left, Sessions.CHUNK)).full();
        more |= promote(Math.min(left, 100));
        more |= forget(left);
        more |= sessions.forget(left) == left;
        long trimmed = 0;
        if (walking.tryLock()) {
            try {
                if (restsUntil - System.nanoTime() <= 0 && System.nanoTime() < until) {
                    trimmed = walk(policy);
                    more |= current.after > 0;
                }
                partitions();
            } finally {
                walking.unlock();
            }
        }
        return new Swept(departed, trimmed, more);
    }

    private boolean endSessions(SweepPolicy policy, List<Departed> departed, long until) {
        boolean more = false;
        Instant asOf = policy.endAsOf();
        if (asOf != null) {
            more = sessions.endExpired(asOf, policy.work()).size() == policy.work();
        }
        for (UUID session : sessions.ended(policy.work())) {
            boolean full = true;
            while (full) {
                int left = policy.work() - departed.size();
                if (left <= 0 || System.nanoTime() > until) {
                    return true;
                }
                Departures.Step step = departures.ofSession(session, Math.min(left, Sessions.CHUNK));
                departed.addAll(step.departed());
                full = step.full();
            }
        }
        return more;
    }

    private boolean promote(int limit) {
        List<String> scopes =
                database.handle("find enlisted appends", false, (handle, connection) -> handle.createQuery(waiting)
                        .bind("limit", limit)
                        .mapTo(String.class)
                        .list());
        if (!scopes.isEmpty()) {
            promotions.promote(scopes);
        }
        return false;
    }

    private boolean forget(int limit) {
        int forgotten = database.handle("forget dispatch ids", true, (handle, connection) -> handle.createUpdate(forget)
                .bind("limit", limit)
                .execute());
        return forgotten == limit;
    }

    private record Candidate(long id, String name, long now, boolean past) {}

    /** One stretch of the walk; answers how many scopes it trimmed. */
    private long walk(SweepPolicy policy) {
        long began = System.nanoTime();
        int limit = Math.min(policy.work(), SCOPES_AT_ONCE);
        List<Candidate> scopes =
                database.handle("find scopes to trim", false, (handle, connection) -> handle.createQuery(walk)
                        .bind("after", current.after)
                        .bind("limit", limit)
                        .map((row, context) ->
                                new Candidate(row.getLong(1), row.getString(2), row.getLong(3), row.getBoolean(4)))
                        .list());
        long trimmed = 0;
        if (!scopes.isEmpty()) {
            if (current.after == 0) {
                current.startedMicros = scopes.get(0).now;
            }
            settle(scopes.stream().filter(Candidate::past).map(Candidate::name).toList());
            trimmed = trim(policy, scopes);
            current.after = scopes.get(scopes.size() - 1).id;
        }
        current.nanos += System.nanoTime() - began;
        if (scopes.size() < limit) {
            end(policy);
        }
        return trimmed;
    }

    /** Scopes whose head is not in their row, long after the last append beside it; before what it is known by is dropped, it is put there. */
    private void settle(List<String> past) {
        try {
            for (int from = 0; from < past.size(); from += SETTLED_AT_ONCE) {
                promotions.promote(past.subList(from, Math.min(past.size(), from + SETTLED_AT_ONCE)));
            }
        } catch (StoreException.Conflict | StoreException.Unavailable busy) {
            current.whole = false;
            LOG.debug("scopes are busy, the next walk tries again", busy);
        }
    }

    private record Mark(long id, long position) {}

    private long trim(SweepPolicy policy, List<Candidate> scopes) {
        Long[] ids = new Long[scopes.size()];
        Long[] bounds = new Long[ids.length];
        @Nullable Long[] counts = new Long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            Candidate scope = scopes.get(i);
            Retention retention = policy.retention().apply(scope.name);
            ids[i] = scope.id;
            bounds[i] = bound(scope.now, retention.age(), policy.longest());
            counts[i] = retention.count() > Integer.MAX_VALUE ? null : retention.count();
        }
        List<Mark> found = database.handle("find what to trim", false, (handle, connection) -> handle.createQuery(marks)
                .bindByType("scopes", ids, Long[].class)
                .bindByType("bounds", bounds, Long[].class)
                .bindByType("counts", counts, Long[].class)
                .map((row, context) -> new Mark(row.getLong(1), row.getLong(2)))
                .list());
        if (found.isEmpty()) {
            return 0;
        }
        long[] lockedAndTrimmed = database.handle("trim", true, (handle, connection) -> handle.createQuery(trim)
                .bindByType("scopes", found.stream().map(Mark::id).toArray(Long[]::new), Long[].class)
                .bindByType("marks", found.stream().map(Mark::position).toArray(Long[]::new), Long[].class)
                .map((row, context) -> new long[] {row.getLong(1), row.getLong(2)})
                .one());
        current.whole &= lockedAndTrimmed[0] == found.size();
        return lockedAndTrimmed[1];
    }

    /** Entries at or below it are older than their age allows. */
    private static long bound(long now, Duration age, Duration longest) {
        Duration kept = age.compareTo(longest) < 0 ? age : longest;
        long micros = kept.toSeconds() > TimeUnit.MICROSECONDS.toSeconds(now)
                ? now
                : TimeUnit.NANOSECONDS.toMicros(kept.toNanos());
        return now - micros - 1;
    }

    private void end(SweepPolicy policy) {
        // Entries remember their ids (I1), wherever the mark is.
        Duration kept =
                policy.longest().compareTo(Remembered.WITH_ENTRY) < 0 ? Remembered.WITH_ENTRY : policy.longest();
        long bound = bound(current.startedMicros, kept, kept);
        if (current.whole && bound > 0) {
            dropPartitions(bound, policy.work());
        }
        restsUntil = System.nanoTime() + (current.nanos < SHORT_WALK ? 0 : current.nanos * REST);
        current = new Walk();
    }

    private void dropPartitions(long bound, int work) {
        try {
            int dropped = database.handle("drop partitions", true, (handle, connection) -> handle.createQuery(drop)
                    .bind("bound", bound)
                    .mapTo(Integer.class)
                    .one());
            if (dropped > 0) {
                LOG.info("dropped {} partitions with entries from before {}", dropped, Times.instant(bound));
            }
            database.handle("remove old entries", true, (handle, connection) -> handle.createUpdate(removeStrays)
                    .bind("bound", bound)
                    .bind("limit", work)
                    .execute());
        } catch (StoreException.Conflict busy) {
            LOG.debug("partitions are busy, the next walk tries again", busy);
        }
    }

    private void partitions() {
        if (partitionsAt - System.nanoTime() > 0) {
            return;
        }
        partitionsAt = System.nanoTime() + PARTITIONS_EVERY;
        try {
            database.handle("make partitions ahead", true, (handle, connection) -> handle.createQuery(ahead)
                    .bind("days", DAYS_AHEAD)
                    .mapTo(Integer.class)
                    .one());
        } catch (StoreException.Conflict busy) {
            LOG.debug("partitions are busy, a later sweep tries again", busy);
        }
    }
}
