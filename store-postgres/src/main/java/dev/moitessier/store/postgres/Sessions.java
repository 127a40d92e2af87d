package dev.moitessier.store.postgres;

import dev.moitessier.store.Beat;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.UUID;

/** Sessions and their leases, by the server's clock (L3). */
final class Sessions {
    /** Subscribers that one transaction of an ending session removes. */
    static final int CHUNK = 500;

    private final Database database;
    private final Departures departures;
    private final String open;
    private final String renew;
    private final String end;
    private final String endExpired;
    private final String forget;
    private final String ended;

    Sessions(Database database, Naming naming, Departures departures) {
        this.database = database;
        this.departures = departures;
        open = naming.render("""
                insert into {session} (session, lease, expires)
                values (:session, :lease * interval '1 millisecond', clock_timestamp() + :lease * interval '1 millisecond')
                on conflict (session) do nothing
                """);
        renew = naming.render("""
                with u as (
                  update {session} set lease = :lease * interval '1 millisecond',
                    expires = clock_timestamp() + :lease * interval '1 millisecond'
                  where session = :session and not ended returning session)
                select exists (select from u), clock_timestamp()
                """);
        // A register that holds the row is waited for, so that its subscriber is found; a plain update would pass beneath it.
        end = naming.render("""
                with e as (select session from {session} where session = :session and not ended for update)
                update {session} s set ended = true from e where s.session = e.session
                """);
        endExpired = naming.render("""
                update {session} set ended = true where session = any (array(
                  select session from {session}
                  where not ended and expires < clock_timestamp() and clock_timestamp() - :asOf <= lease / 3
                  order by expires limit :limit for update skip locked))
                returning session
                """);
        forget = naming.render("""
                delete from {session} where session = any (array(
                  select session from {session} where finished and expires < clock_timestamp() - interval '1 day'
                  order by expires limit :limit for update skip locked))
                """);
        ended = naming.render("select session from {session} where ended and not finished limit :limit");
    }

    void open(UUID session, Duration lease) {
        database.handle("open a session", true, (handle, connection) ->
                handle.createUpdate(open).bind("session", session).bind("lease", millis(lease)).execute());
    }

    Beat heartbeat(UUID session, Duration lease) {
        if (lease.isZero()) {
            return end(session);
        }
        return database.handle("renew a session", true, (handle, connection) -> handle.createQuery(renew)
                .bind("session", session)
                .bind("lease", millis(lease))
                .map((row, context) ->
                        new Beat(row.getBoolean(1), row.getObject(2, OffsetDateTime.class).toInstant()))
                .one());
    }

    /** Ends it and, as far as one call may take, all that hangs on it; a sweep does the rest. */
    private Beat end(UUID session) {
        long until = System.nanoTime() + database.callLimit().toNanos() / 2;
        database.handle("end a session", true, (handle, connection) ->
                handle.createUpdate(end).bind("session", session).execute());
        boolean more = true;
        while (more && System.nanoTime() < until) {
            more = departures.ofSession(session, CHUNK).full();
        }
        Instant now = database.handle("read the clock", false, (handle, connection) -> handle.createQuery("select clock_timestamp()")
                .map((row, context) -> row.getObject(1, OffsetDateTime.class).toInstant())
                .one());
        return new Beat(false, now);
    }

    /** Ends sessions whose lease is over; none whose lease is shorter than three times the age of {@code asOf} (L3). */
    List<UUID> endExpired(Instant asOf, int limit) {
        return database.handle("end sessions", true, (handle, connection) -> handle.createQuery(endExpired)
                .bind("asOf", asOf.atOffset(ZoneOffset.UTC))
                .bind("limit", limit)
                .mapTo(UUID.class)
                .list());
    }

    /** Forgets sessions that are over since a day; answers how many. */
    int forget(int limit) {
        return database.handle("forget sessions", true, (handle, connection) ->
                handle.createUpdate(forget).bind("limit", limit).execute());
    }

    /** Sessions that have ended and still have something hanging on them. */
    List<UUID> ended(int limit) {
        return database.handle("find ended sessions", false, (handle, connection) ->
                handle.createQuery(ended).bind("limit", limit).mapTo(UUID.class).list());
    }

    private static long millis(Duration lease) {
        return lease.plusNanos(999_999).toMillis();
    }
}
