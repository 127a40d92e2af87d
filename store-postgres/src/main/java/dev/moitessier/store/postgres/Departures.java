package dev.moitessier.store.postgres;

import dev.moitessier.store.Append;
import dev.moitessier.store.Content;
import dev.moitessier.store.Departed;
import dev.moitessier.store.Payload;
import dev.moitessier.store.parts.Contents;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;

/**
 * Removes subscribers whose session has ended, or whose time is over, a bounded number in one transaction, with their farewells in
 * the same one (L7). Under the locks of their scopes; what others hold is skipped and left to the next call (S3).
 */
final class Departures {
    private final Database database;
    private final Pending pending;
    private final Fences fences;
    private final Appends appends;
    private final Consumer<Set<String>> readable;
    private final String holdSession;
    private final String ofSession;
    private final String lapsed;
    private final String lockScopes;
    private final String removeOfSession;
    private final String detachOfSession;
    private final String removeLapsed;
    private final String lockListeners;
    private final String removeListeners;
    private final String discountMailboxes;
    private final String finishSession;

    Departures(
            Database database,
            Naming naming,
            Pending pending,
            Fences fences,
            Appends appends,
            Consumer<Set<String>> readable) {
        this.database = database;
        this.pending = pending;
        this.fences = fences;
        this.appends = appends;
        this.readable = readable;
        holdSession = naming.render(
                "select session from {session} where session = :session and ended and not finished for update skip locked");
        ofSession = naming.render("""
                select l.scope_id from {subscriber} o join {listener} l using (listener_id) where o.session = :session limit :limit
                """);
        lapsed = naming.render("""
                select l.scope_id from {subscriber} o join {listener} l using (listener_id)
                where o.session is null and o.lapses < clock_timestamp() order by o.lapses limit :limit
                """);
        lockScopes = naming.render("""
                select scope_id, name, solo from {scope} where scope_id = any (:scopes) order by scope_id for no key update skip locked
                """);
        String picked = """
                with k as (
                  select o.listener_id, o.subscriber, o.farewell
                  from {subscriber} o join {listener} l using (listener_id)
                  where l.scope_id = any (:scopes) and %s limit :limit for update of o)
                """;
        String left = """
                returning o.listener_id, o.subscriber, o.registration, k.farewell,
                  (select l.scope_id from {listener} l where l.listener_id = o.listener_id),
                  (select l.kind from {listener} l where l.listener_id = o.listener_id),
                  (select l.person from {listener} l where l.listener_id = o.listener_id),
                  (select l.client from {listener} l where l.listener_id = o.listener_id),
                  o.metadata
                """;
        String remove =
                "delete from {subscriber} o using k where o.listener_id = k.listener_id and o.subscriber = k.subscriber ";
        removeOfSession = naming.render(picked.formatted("o.session = :session and o.keep is null") + remove + left);
        detachOfSession = naming.render(picked.formatted("o.session = :session and o.keep is not null") + """
                update {subscriber} o set session = null, farewell = null, lapses = clock_timestamp() + o.keep
                from k where o.listener_id = k.listener_id and o.subscriber = k.subscriber
                """ + left);
        removeLapsed =
                naming.render(picked.formatted("o.session is null and o.lapses < clock_timestamp()") + remove + left);
        lockListeners = naming.render(
                "select listener_id from {listener} where listener_id = any (:listeners) order by listener_id for update");
        removeListeners = naming.render("""
                delete from {listener} l where listener_id = any (:listeners)
                  and not exists (select from {subscriber} o where o.listener_id = l.listener_id)
                returning listener_id, scope_id
                """);
        discountMailboxes = naming.render("""
                update {scope} s set mailboxes = mailboxes - t.gone, members_version = members_version + t.gone
                from (select u.scope_id, count(*) as gone from unnest(:scopes) as u(scope_id) group by u.scope_id) t
                where s.scope_id = t.scope_id
                """);
        finishSession = naming.render("""
                update {session} e set finished = true where session = :session and ended
                  and not exists (select from {subscriber} o where o.session = e.session)
                """);
    }

    /** A step's outcome; {@code full}: there may be more to do. */
    record Step(List<Departed> departed, int touched, boolean full) {}

    /** At most {@code limit} subscribers of a session that has ended; the session is finished with the last (S4). */
    Step ofSession(UUID session, int limit) {
        return database.transact("end a session", (handle, connection) -> {
            if (handle.createQuery(holdSession)
                    .bind("session", session)
                    .mapTo(UUID.class)
                    .findOne()
                    .isEmpty()) {
                return new Step(List.of(), 0, false);
            }
            List<Long> scopes = handle.createQuery(ofSession)
                    .bind("session", session)
                    .bind("limit", limit)
                    .mapTo(Long.class)
                    .list();
            Gone gone = new Gone(session);
            Map<Long, String> locked = lock(handle, connection, scopes);
            if (!locked.isEmpty()) {
                gone.collect(handle, removeOfSession, locked, limit);
                gone.collect(handle, detachOfSession, locked, limit);
                gone.finish(handle, connection, locked);
            }
            boolean finished =
                    handle.createUpdate(finishSession).bind("session", session).execute() > 0;
            return new Step(gone.departed(), gone.rows.size(), !finished && !gone.rows.isEmpty());
        });
    }

    /** At most {@code limit} durable subscribers that nobody came back to (L6). */
    Step lapsed(int limit) {
        List<Long> due =
                database.handle("find lapsed subscribers", false, (handle, connection) -> handle.createQuery(lapsed)
                        .bind("limit", limit)
                        .mapTo(Long.class)
                        .list());
        if (due.isEmpty()) {
            return new Step(List.of(), 0, false);
        }
        return database.transact("remove lapsed subscribers", (handle, connection) -> {
            Gone gone = new Gone(null);
            Map<Long, String> locked = lock(handle, connection, due);
            if (!locked.isEmpty()) {
                gone.collect(handle, removeLapsed, locked, limit);
                gone.finish(handle, connection, locked);
            }
            return new Step(List.of(), gone.rows.size(), due.size() == limit);
        });
    }

    private Map<Long, String> lock(Handle handle, Database.Borrowed connection, List<Long> scopes) throws SQLException {
        Map<Long, String> locked = new HashMap<>();
        Set<Long> solo = new HashSet<>();
        if (!scopes.isEmpty()) {
            handle.createQuery(lockScopes)
                    .bindByType("scopes", scopes.stream().distinct().toArray(Long[]::new), Long[].class)
                    .map((row, context) -> {
                        locked.put(row.getLong(1), row.getString(2));
                        return row.getBoolean(3) && solo.add(row.getLong(1));
                    })
                    .list();
        }
        for (long scope : solo) {
            fences.put(connection.connection(), scope);
        }
        if (!locked.isEmpty()) {
            List<String> promoted = pending.promote(connection.connection(), locked.values());
            connection.afterCommit(() -> readable.accept(Set.copyOf(promoted)));
        }
        return locked;
    }

    private record Row(
            long listener,
            String subscriber,
            UUID registration,
            @Nullable Content farewell,
            long scope,
            int kind,
            String person,
            String client,
            Payload metadata) {}

    /** The subscribers that one transaction removes or detaches. */
    private final class Gone {
        final List<Row> rows = new ArrayList<>();
        private final @Nullable UUID session;
        private final Set<Long> emptied = new HashSet<>();
        private Map<Long, String> names = Map.of();

        Gone(@Nullable UUID session) {
            this.session = session;
        }

        void collect(Handle handle, String statement, Map<Long, String> locked, int limit) {
            rows.addAll(handle.createQuery(statement)
                    .bindByType("session", session, UUID.class)
                    .bindByType("scopes", locked.keySet().toArray(Long[]::new), Long[].class)
                    .bind("limit", limit)
                    .map((row, context) -> new Row(
                            row.getLong(1),
                            row.getString(2),
                            row.getObject(3, UUID.class),
                            Contents.readNullable(row.getBytes(4)),
                            row.getLong(5),
                            row.getInt(6),
                            row.getString(7),
                            row.getString(8),
                            Payload.wrap(row.getBytes(9))))
                    .list());
        }

        /** Removes the mailboxes that are empty now (L4), then says farewell to those left. */
        void finish(Handle handle, Database.Borrowed connection, Map<Long, String> locked) throws SQLException {
            names = locked;
            if (rows.isEmpty()) {
                return;
            }
            Long[] listeners = rows.stream().map(Row::listener).distinct().toArray(Long[]::new);
            handle.createQuery(lockListeners)
                    .bindByType("listeners", listeners, Long[].class)
                    .mapTo(Long.class)
                    .list();
            List<Long> discount = new ArrayList<>();
            handle.createQuery(removeListeners)
                    .bindByType("listeners", listeners, Long[].class)
                    .map((row, context) -> {
                        emptied.add(row.getLong(1));
                        return discount.add(row.getLong(2));
                    })
                    .list();
            if (!discount.isEmpty()) {
                handle.createUpdate(discountMailboxes)
                        .bindByType("scopes", discount.toArray(Long[]::new), Long[].class)
                        .execute();
            }
            List<Append> farewells = new ArrayList<>();
            Set<String> told = new HashSet<>();
            for (Row row : rows) {
                String scope = names.get(row.scope);
                if (row.farewell != null && scope != null) {
                    farewells.add(Mailboxes.farewell(scope, row.registration, row.farewell));
                    told.add(scope);
                }
            }
            if (!farewells.isEmpty()) {
                appends.farewells(connection, farewells);
                connection.afterCommit(() -> readable.accept(told));
            }
        }

        List<Departed> departed() {
            List<Departed> departed = new ArrayList<>();
            for (Row row : rows) {
                String scope = names.get(row.scope);
                if (session != null && scope != null) {
                    departed.add(new Departed(
                            Mailboxes.listener(scope, row.kind, row.person, row.client),
                            row.subscriber,
                            session,
                            row.metadata,
                            emptied.contains(row.listener)));
                }
            }
            return departed;
        }
    }
}
