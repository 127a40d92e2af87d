package dev.moitessier.store.postgres;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Append;
import dev.moitessier.store.Content;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Members;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoredSubscriber;
import dev.moitessier.store.Subscribers;
import dev.moitessier.store.Unregistered;
import dev.moitessier.store.parts.Contents;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.SqlStatement;
import org.jspecify.annotations.Nullable;

/** Scopes, mailboxes and subscribers. Locks are taken in the order session, scope, listener. */
final class Mailboxes {
    private final Database database;
    private final Pending pending;
    private final Fences fences;
    private final Appends appends;
    private final Consumer<Set<String>> readable;
    private final Sql sql;

    Mailboxes(
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
        sql = new Sql(naming);
    }

    /** The statements, with their names put in once. */
    private static final class Sql {
        final String join;
        final String holdSession;
        final String createScope;
        final String lockScope;
        final String createListener;
        final String findListener;
        final String countMailbox;
        final String putSubscriber;
        final String removeSubscriber;
        final String lockListener;
        final String removeListener;
        final String discountMailbox;
        final String members;
        final String membersOnly;
        final String subscribers;
        final String acknowledge;
        final String scopes;
        final String position;
        final String heads;

        Sql(Naming naming) {
            // The row locks read each row's newest version: a session that ends, or a mailbox that goes, at the same
            // time is
            // either waited for and then not there, or waits for this (L1, L4).
            String upsert = """
                    on conflict (listener_id, subscriber) do update
                      set registration = excluded.registration, session = excluded.session, keep = excluded.keep,
                          lapses = excluded.lapses, metadata = excluded.metadata, farewell = excluded.farewell
                    """;
            // Sees the row as it was before this statement: from whom it is taken over (L5).
            String registered = """
                    returning acknowledged, (
                      select b.session from {subscriber} b join {session} f on f.session = b.session and not f.ended
                      where b.listener_id = o.listener_id and b.subscriber = o.subscriber and b.registration <> o.registration
                    ) as held_by
                    """;
            join = naming.render("""
                    with e as materialized (
                      select from {session} where session = :session::uuid and not ended for key share),
                    l as materialized (
                      select l.listener_id, l.start, s.head, s.members_version
                      from {scope} s join {listener} l using (scope_id)
                      where s.name = :scope and not s.solo and l.kind = :kind and l.person = :person and l.client = :client
                        and (:session::uuid is null or exists (select from e))
                        and not exists (select from {pending} p where p.scope = s.name)
                      for key share of l),
                    r as (
                      insert into {subscriber} as o
                        (listener_id, subscriber, registration, session, keep, lapses, metadata, farewell)
                      select l.listener_id, :subscriber, :registration, :session::uuid, :keep * interval '1 millisecond',
                             clock_timestamp() + :keep * interval '1 millisecond', :metadata, :farewell
                      from l
                    """ + upsert + registered + """
                    )
                    select l.start, l.head, l.members_version, r.acknowledged, r.held_by from l cross join r
                    """);
            holdSession = naming.render("select ended from {session} where session = :session for key share");
            createScope = naming.render("""
                    insert into {scope} (name, head, members_version)
                    select :scope, t.micros, t.micros
                    from (select {now} as micros) t
                    on conflict (name) do nothing
                    """);
            lockScope = naming.render(
                    "select scope_id, head, members_version, mailboxes, solo from {scope} where name = :scope for no key update");
            findListener = naming.render("""
                    select listener_id, start from {listener}
                    where scope_id = :scope_id and kind = :kind and person = :person and client = :client
                    """);
            createListener = naming.render("""
                    insert into {listener} (scope_id, kind, person, client, start)
                    values (:scope_id, :kind, :person, :client, :start) returning listener_id
                    """);
            countMailbox = naming.render("""
                    update {scope} set mailboxes = mailboxes + 1, members_version = members_version + 1
                    where scope_id = :scope_id returning members_version
                    """);
            discountMailbox = naming.render("""
                    update {scope} set mailboxes = mailboxes - 1, members_version = members_version + 1
                    where scope_id = :scope_id
                    """);
            putSubscriber = naming.render("""
                    insert into {subscriber} as o (listener_id, subscriber, registration, session, keep, lapses, metadata, farewell)
                    values (:listener_id, :subscriber, :registration, :session::uuid, :keep * interval '1 millisecond',
                            clock_timestamp() + :keep * interval '1 millisecond', :metadata, :farewell)
                    """ + upsert + registered);
            removeSubscriber = naming.render("""
                    delete from {subscriber} o using {listener} l
                    where l.scope_id = :scope_id and l.kind = :kind and l.person = :person and l.client = :client
                      and o.listener_id = l.listener_id and o.subscriber = :subscriber and o.registration = :registration
                    returning o.listener_id, o.farewell
                    """);
            lockListener = naming.render("select from {listener} where listener_id = :listener_id for update");
            removeListener = naming.render("""
                    delete from {listener} l where listener_id = :listener_id
                      and not exists (select from {subscriber} o where o.listener_id = l.listener_id)
                    """);
            members = naming.render("""
                    select s.members_version, %s, l.kind, l.person, l.client, l.start
                    from {scope} s left join {listener} l using (scope_id) where s.name = :scope
                    """.formatted(Fences.head("s")));
            membersOnly = naming.render("""
                    select s.members_version, %s, l.kind, l.person, l.client, l.start
                    from {scope} s
                    left join lateral (
                      select l.* from unnest(:kinds::smallint[], :persons::text[], :clients::text[]) as o(kind, person, client)
                      join {listener} l using (kind, person, client) where l.scope_id = s.scope_id) l on true
                    where s.name = :scope
                    """.formatted(Fences.head("s")));
            subscribers = naming.render("""
                    select %s, o.subscriber, o.session, o.metadata, o.acknowledged
                    from {scope} s
                    left join lateral (
                      select o.* from {listener} l join {subscriber} o using (listener_id)
                      where l.scope_id = s.scope_id and l.kind = :kind and l.person = :person and l.client = :client
                        and (:after::text is null or o.subscriber > :after)
                      order by o.subscriber limit :limit) o on true
                    where s.name = :scope order by o.subscriber
                    """.formatted(Fences.head("s")));
            // Where a process appends beside the scope's row, the head must be given; without it those scopes are
            // answered.
            // Here it cannot be asked for: PostgreSQL 18 dies of a signal when a statement that must check a row again
            // looks into a partitioned table.
            acknowledge = naming.render("""
                    with a as materialized (
                      select scope, kind, person, client, subscriber, registration, greatest(max(position), 0) as position, max(head) as head
                      from unnest(:scopes::text[], :kinds::smallint[], :persons::text[], :clients::text[], :subscribers::text[],
                                  :registrations::uuid[], :positions::bigint[], :heads::bigint[])
                        as u(scope, kind, person, client, subscriber, registration, position, head)
                      group by 1, 2, 3, 4, 5, 6),
                    u as (
                      update {subscriber} o
                      set acknowledged = case when o.acknowledged > coalesce(a.head, s.head) then least(a.position, coalesce(a.head, s.head))
                                              else greatest(o.acknowledged, least(a.position, coalesce(a.head, s.head))) end,
                          lapses = clock_timestamp() + o.keep
                      from a
                      join {scope} s on s.name = a.scope
                      join {listener} l on l.scope_id = s.scope_id and l.kind = a.kind and l.person = a.person and l.client = a.client
                      where o.listener_id = l.listener_id and o.subscriber = a.subscriber and o.registration = a.registration
                        and (a.head is not null or not s.solo))
                    select distinct s.name from a join {scope} s on s.name = a.scope where a.head is null and s.solo
                    """);
            heads = naming.render(
                    "select s.name, %s from {scope} s where s.name = any (:scopes)".formatted(Fences.head("s")));
            // Collation "C" on UTF-8 is the order of code points, so a prefix is a range.
            scopes = naming.render("""
                    select name from {scope}
                    where name >= :from and (:after::text is null or name > :after) and starts_with(name, :prefix) and mailboxes > 0
                      and (:below::text is null or name < :below)
                    order by name limit :limit
                    """);
            // What was written from then on may have a position from before, if a process appended beside the scope's
            // row.
            position = naming.render("""
                    select least(:at, %1$s, (
                      select min(m.position) - 1 from {message} m
                      where m.scope_id = s.scope_id and m.position > :at - %2$d and m.position <= :at
                        and m.written >= to_timestamp(:at / 1000000.0)))
                    from {scope} s where s.name = :scope
                    """.formatted(Fences.head("s"), Solo.PHASE_MICROS));
        }
    }

    Registered register(Registration registration) {
        Optional<Registered> joined =
                database.handle("register", true, (handle, connection) -> join(handle, registration));
        return joined.orElseGet(() -> create(registration));
    }

    /** Into a mailbox that is there, in one statement and without the scope's lock. Empty: not so simple. */
    private Optional<Registered> join(Handle handle, Registration registration) {
        return bound(handle.createQuery(sql.join), registration)
                .map((row, context) -> new Registered(
                        row.getLong(1),
                        row.getLong(2),
                        optional(row, 4),
                        false,
                        row.getLong(3),
                        row.getObject(5, UUID.class)))
                .findOne();
    }

    /** Under the scope's lock, which it creates if need be; a mailbox starts at the head that the lock shows (V2). */
    private Registered create(Registration registration) {
        ListenerRef listener = registration.listener();
        return database.transact("register", (handle, connection) -> {
            holdSession(handle, registration.session());
            LockedScope scope = lock(handle, listener.scope()).orElseGet(() -> {
                handle.createUpdate(sql.createScope)
                        .bind("scope", listener.scope())
                        .execute();
                return lock(handle, listener.scope())
                        .orElseThrow(() -> new IllegalStateException("a scope that was just made is not there"));
            });
            scope = promoted(handle, connection, scope);
            Optional<long[]> found = owner(handle.createQuery(sql.findListener), listener)
                    .bind("scope_id", scope.id)
                    .map((row, context) -> new long[] {row.getLong(1), row.getLong(2)})
                    .findOne();
            long start = found.map(row -> row[1]).orElse(scope.head);
            long membersVersion = scope.membersVersion;
            long id;
            if (found.isPresent()) {
                id = found.get()[0];
            } else {
                id = owner(handle.createQuery(sql.createListener), listener)
                        .bind("scope_id", scope.id)
                        .bind("start", start)
                        .mapTo(Long.class)
                        .one();
                membersVersion = handle.createQuery(sql.countMailbox)
                        .bind("scope_id", scope.id)
                        .mapTo(Long.class)
                        .one();
            }
            long head = scope.head;
            long version = membersVersion;
            return bound(handle.createQuery(sql.putSubscriber), registration)
                    .bind("listener_id", id)
                    .map((row, context) -> new Registered(
                            start, head, optional(row, 1), found.isEmpty(), version, row.getObject(2, UUID.class)))
                    .one();
        });
    }

    private void holdSession(Handle handle, @Nullable UUID session) {
        if (session == null) {
            return;
        }
        boolean ended = handle.createQuery(sql.holdSession)
                .bind("session", session)
                .mapTo(Boolean.class)
                .findOne()
                .orElse(true);
        if (ended) {
            throw new StoreException.SessionEnded("session " + session + " has ended, or was never opened");
        }
    }

    Unregistered unregister(ListenerRef listener, String subscriber, UUID registration) {
        return database.transact("unregister", (handle, connection) -> {
            Optional<LockedScope> locked = lock(handle, listener.scope());
            if (locked.isEmpty()) {
                return new Unregistered(false, false);
            }
            LockedScope scope = promoted(handle, connection, locked.get());
            Optional<Removed> removed = owner(handle.createQuery(sql.removeSubscriber), listener)
                    .bind("scope_id", scope.id)
                    .bind("subscriber", subscriber)
                    .bind("registration", registration)
                    .map((row, context) -> new Removed(row.getLong(1), Contents.readNullable(row.getBytes(2))))
                    .findOne();
            if (removed.isEmpty()) {
                return new Unregistered(false, false);
            }
            boolean last = removeIfEmpty(handle, removed.get().listener, scope.id);
            Content farewell = removed.get().farewell;
            if (farewell != null && scope.mailboxes > (last ? 1 : 0)) {
                appends.farewells(connection, List.of(farewell(listener.scope(), registration, farewell)));
                readableAfterCommit(connection, listener.scope());
            }
            return new Unregistered(true, last);
        });
    }

    /** Whoever registers into it meanwhile holds the listener's row, and is seen by the next statement. */
    private boolean removeIfEmpty(Handle handle, long listener, long scope) {
        handle.createQuery(sql.lockListener)
                .bind("listener_id", listener)
                .map((row, context) -> 1)
                .findOne();
        boolean removed = handle.createUpdate(sql.removeListener)
                        .bind("listener_id", listener)
                        .execute()
                > 0;
        if (removed) {
            handle.createUpdate(sql.discountMailbox).bind("scope_id", scope).execute();
        }
        return removed;
    }

    static Append farewell(String scope, UUID registration, Content farewell) {
        return new Append(registration, scope, farewell, OptionalLong.empty(), Duration.ZERO);
    }

    private record Removed(long listener, @Nullable Content farewell) {}

    /** A scope's row, as it is while this transaction has it. */
    private record LockedScope(String name, long id, long head, long membersVersion, int mailboxes, boolean solo) {}

    private Optional<LockedScope> lock(Handle handle, String scope) {
        return handle.createQuery(sql.lockScope)
                .bind("scope", scope)
                .map((row, context) -> new LockedScope(
                        scope, row.getLong(1), row.getLong(2), row.getLong(3), row.getInt(4), row.getBoolean(5)))
                .findOne();
    }

    /** Nobody appends beside the row any more, and what was enlisted and committed before comes first (T3). */
    private LockedScope promoted(Handle handle, Database.Borrowed connection, LockedScope scope) throws SQLException {
        if (scope.solo) {
            fences.put(connection.connection(), scope.id);
        }
        boolean none =
                pending.promote(connection.connection(), List.of(scope.name)).isEmpty();
        if (!none) {
            readableAfterCommit(connection, scope.name);
        }
        return none && !scope.solo ? scope : lock(handle, scope.name).orElse(scope);
    }

    private void readableAfterCommit(Database.Borrowed connection, String scope) {
        connection.afterCommit(() -> readable.accept(Set.of(scope)));
    }

    Members members(String scope, @Nullable Set<ListenerRef> only) {
        return database.handle("read members", false, (handle, connection) -> members(handle, scope, only));
    }

    /** Over whatever connection the handle has, in one statement, so in one snapshot (M1). */
    Members members(Handle handle, String scope, @Nullable Set<ListenerRef> only) {
        long[] versionAndHead = new long[2];
        Map<ListenerRef, Long> starts = new HashMap<>();
        var query =
                handle.createQuery(only == null ? sql.members : sql.membersOnly).bind("scope", scope);
        if (only != null) {
            List<ListenerRef> wanted = only.stream()
                    .filter(listener -> listener.scope().equals(scope))
                    .toList();
            query.bindByType("kinds", wanted.stream().map(Mailboxes::kind).toArray(Short[]::new), Short[].class)
                    .bindByType(
                            "persons", wanted.stream().map(Mailboxes::person).toArray(String[]::new), String[].class)
                    .bindByType(
                            "clients", wanted.stream().map(Mailboxes::client).toArray(String[]::new), String[].class);
        }
        query.map((row, context) -> {
                    versionAndHead[0] = row.getLong(1);
                    versionAndHead[1] = row.getLong(2);
                    int kind = row.getInt(3);
                    if (!row.wasNull()) {
                        starts.put(listener(scope, kind, row.getString(4), row.getString(5)), row.getLong(6));
                    }
                    return scope;
                })
                .list();
        return new Members(versionAndHead[0], versionAndHead[1], starts);
    }

    Subscribers subscribers(ListenerRef listener, @Nullable String after, int limit) {
        long[] head = new long[1];
        List<StoredSubscriber> list = new ArrayList<>();
        database.handle("list subscribers", false, (handle, connection) -> {
            list.clear();
            return owner(handle.createQuery(sql.subscribers), listener)
                    .bind("scope", listener.scope())
                    .bind("after", after)
                    .bind("limit", limit + 1L)
                    .map((row, context) -> {
                        head[0] = row.getLong(1);
                        if (row.getString(2) != null) {
                            list.add(new StoredSubscriber(
                                    row.getString(2),
                                    row.getObject(3, UUID.class),
                                    Payload.wrap(row.getBytes(4)),
                                    optional(row, 5)));
                        }
                        return listener;
                    })
                    .list();
        });
        boolean more = list.size() > limit;
        return new Subscribers(more ? list.subList(0, limit) : list, head[0], more);
    }

    void acknowledge(List<Acknowledgement> acknowledgements) {
        if (acknowledgements.isEmpty()) {
            return;
        }
        database.handle("acknowledge", true, (handle, connection) -> {
            Set<String> left = Set.copyOf(acknowledge(handle, acknowledgements, Map.of()));
            if (!left.isEmpty()) {
                Map<String, Long> heads = new HashMap<>();
                handle.createQuery(sql.heads)
                        .bindByType("scopes", left.toArray(String[]::new), String[].class)
                        .map((row, context) -> heads.put(row.getString(1), row.getLong(2)))
                        .list();
                acknowledge(
                        handle,
                        acknowledgements.stream()
                                .filter(each ->
                                        heads.containsKey(each.listener().scope()))
                                .toList(),
                        heads);
            }
            return left;
        });
    }

    /** Answers the scopes that were left out since their heads must be given. */
    private List<String> acknowledge(Handle handle, List<Acknowledgement> acknowledgements, Map<String, Long> heads) {
        List<ListenerRef> listeners =
                acknowledgements.stream().map(Acknowledgement::listener).toList();
        return handle.createQuery(sql.acknowledge)
                .bindByType("scopes", listeners.stream().map(ListenerRef::scope).toArray(String[]::new), String[].class)
                .bindByType("kinds", listeners.stream().map(Mailboxes::kind).toArray(Short[]::new), Short[].class)
                .bindByType("persons", listeners.stream().map(Mailboxes::person).toArray(String[]::new), String[].class)
                .bindByType("clients", listeners.stream().map(Mailboxes::client).toArray(String[]::new), String[].class)
                .bindByType(
                        "subscribers",
                        acknowledgements.stream()
                                .map(Acknowledgement::subscriber)
                                .toArray(String[]::new),
                        String[].class)
                .bindByType(
                        "registrations",
                        acknowledgements.stream()
                                .map(Acknowledgement::registration)
                                .toArray(UUID[]::new),
                        UUID[].class)
                .bindByType(
                        "positions",
                        acknowledgements.stream().map(Acknowledgement::position).toArray(Long[]::new),
                        Long[].class)
                .bindByType(
                        "heads",
                        listeners.stream()
                                .map(listener -> heads.get(listener.scope()))
                                .toArray(Long[]::new),
                        Long[].class)
                .mapTo(String.class)
                .list();
    }

    List<String> scopes(String prefix, @Nullable String after, int limit) {
        return database.handle("list scopes", false, (handle, connection) -> handle.createQuery(sql.scopes)
                .bind("prefix", prefix)
                .bind("from", prefix)
                .bind("below", prefix.isEmpty() ? null : Prefixes.end(prefix))
                .bind("after", after)
                .bind("limit", limit)
                .mapTo(String.class)
                .list());
    }

    /** Below what was written from then on, and not beyond the scope's head; 0 if there is none (C4). */
    long position(String scope, long at) {
        return database.handle("find a position", false, (handle, connection) -> handle.createQuery(sql.position)
                .bind("scope", scope)
                .bind("at", Math.max(Solo.PHASE_MICROS, at))
                .map((row, context) -> at < 0 ? 0 : Math.max(0, row.getLong(1)))
                .findOne()
                .orElse(0L));
    }

    private static <S extends SqlStatement<S>> S bound(S statement, Registration registration) {
        Duration keep = registration.keep();
        Content farewell = registration.farewell();
        return owner(statement, registration.listener())
                .bind("scope", registration.listener().scope())
                .bind("subscriber", registration.subscriber())
                .bind("registration", registration.id())
                .bindByType("session", registration.session(), UUID.class)
                .bindByType("keep", keep == null ? null : millis(keep), Long.class)
                .bind("metadata", registration.metadata().toBytes())
                .bindByType("farewell", farewell == null ? null : Contents.write(farewell), byte[].class);
    }

    /** In milliseconds, rounded up; nobody is kept for more than a thousand years. */
    private static long millis(Duration keep) {
        Duration most = Duration.ofDays(365_000);
        return keep.compareTo(most) > 0
                ? most.toMillis()
                : keep.plusNanos(999_999).toMillis();
    }

    private static <S extends SqlStatement<S>> S owner(S statement, ListenerRef listener) {
        return statement
                .bind("kind", kind(listener))
                .bind("person", person(listener))
                .bind("client", client(listener));
    }

    static short kind(ListenerRef listener) {
        return switch (listener.type()) {
            case SHARED -> 0;
            case PRIVATE -> 1;
            case HANDLER -> 2;
        };
    }

    static String person(ListenerRef listener) {
        Party owner = listener.owner();
        return owner == null ? "" : owner.person();
    }

    static String client(ListenerRef listener) {
        Party owner = listener.owner();
        return owner == null ? "" : owner.client();
    }

    static ListenerRef listener(String scope, int kind, String person, String client) {
        ListenerType type =
                switch (kind) {
                    case 0 -> ListenerType.SHARED;
                    case 1 -> ListenerType.PRIVATE;
                    case 2 -> ListenerType.HANDLER;
                    default -> throw new IllegalStateException("no listener is of kind " + kind);
                };
        return new ListenerRef(scope, type, type == ListenerType.SHARED ? null : new Party(person, client));
    }

    private static OptionalLong optional(ResultSet row, int column) throws SQLException {
        long value = row.getLong(column);
        return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(value);
    }
}
