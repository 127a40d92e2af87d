package com.example.sqlite;

import dev.moitessier.store.Acknowledgement;
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
import dev.moitessier.store.parts.Times;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Mailboxes and their subscribers. Each method is a part of one transaction. */
final class Mailboxes {
    /** A mailbox lives exactly as long as it has a subscriber (L4). */
    private record Mailbox(long id, long start) {}

    /** A subscriber with what its departure needs. */
    record Subscriber(
            long row,
            long mailbox,
            String id,
            ListenerRef listener,
            @Nullable UUID registration,
            @Nullable UUID session,
            @Nullable Long keep,
            Payload metadata,
            byte @Nullable [] farewell,
            @Nullable Long acknowledged) {}

    private static final String SUBSCRIBER = """
            select u.subscriber, u.mailbox, s.name, u.id, m.type, m.person, m.client, u.registration, u.session, u.keep,
              u.metadata, u.farewell, u.acknowledged
            from subscriber u join mailbox m on m.mailbox = u.mailbox join scope s on s.scope = m.scope
            """;

    private static final String OF_MAILBOX = SUBSCRIBER + "where u.mailbox = ? and u.id = ?";
    private static final String OF_ENDED = SUBSCRIBER
            + "where u.session in (select session from session where ended is not null) limit ?";
    private static final String OF_SESSION = SUBSCRIBER + "where u.session = ? limit ?";
    private static final String LAPSED = SUBSCRIBER + "where u.lapses <= ? order by u.lapses limit ?";

    private Mailboxes() {}

    static boolean hasEnded(Sql sql, UUID session) throws SQLException {
        return !sql.any("select 1 from session where session = ? and ended is null", session);
    }

    static StoreException.SessionEnded ended(UUID session) {
        return new StoreException.SessionEnded("session " + session + " has ended, or was never opened");
    }

    // Coming

    static Registered register(Sql sql, Registration registration) throws SQLException {
        UUID session = registration.session();
        if (session != null && hasEnded(sql, session)) {
            throw ended(session); // checked in the step that writes (L1): there is one writer
        }
        ListenerRef listener = registration.listener();
        Log.Scope scope = Log.scope(sql, listener.scope());
        if (scope == null) {
            long born = sql.next();
            sql.update("insert into scope (name, born, head, version) values (?, ?, ?, ?)", listener.scope(), born, born, born);
            scope = Objects.requireNonNull(Log.scope(sql, listener.scope()));
        }
        Mailbox mailbox = mailbox(sql, listener);
        boolean created = mailbox == null;
        long version = scope.version();
        if (mailbox == null) {
            version = sql.next();
            sql.update(
                    "insert into mailbox (scope, type, person, client, start) values (?, ?, ?, ?, ?)",
                    scope.id(),
                    listener.type().ordinal(),
                    person(listener),
                    client(listener),
                    scope.head());
            sql.update("update scope set mailboxes = mailboxes + 1, version = ? where scope = ?", version, scope.id());
            mailbox = Objects.requireNonNull(mailbox(sql, listener));
        }
        Subscriber before = sql.one(OF_MAILBOX, Mailboxes::subscriber, mailbox.id, registration.subscriber());
        Long keep = registration.keep() == null ? null : (Long) Times.micros(registration.keep());
        // A takeover keeps the place and is no departure (L5).
        sql.update(
                """
                insert into subscriber (mailbox, id, registration, session, keep, lapses, metadata, farewell)
                values (?, ?, ?, ?, ?, ?, ?, ?)
                on conflict (mailbox, id) do update set registration = excluded.registration, session = excluded.session,
                  keep = excluded.keep, lapses = excluded.lapses, metadata = excluded.metadata, farewell = excluded.farewell""",
                mailbox.id,
                registration.subscriber(),
                registration.id(),
                session,
                keep,
                session == null && keep != null ? (Long) (sql.now() + keep) : null,
                registration.metadata().toBytes(),
                registration.farewell() == null ? null : Contents.write(registration.farewell()));
        OptionalLong acknowledged = before == null ? OptionalLong.empty() : optional(before.acknowledged);
        return new Registered(
                mailbox.start, scope.head(), acknowledged, created, version, heldBy(sql, before, registration));
    }

    private static @Nullable UUID heldBy(Sql sql, @Nullable Subscriber before, Registration registration)
            throws SQLException {
        boolean held = before != null
                && before.session != null
                && !registration.id().equals(before.registration)
                && !hasEnded(sql, before.session);
        return held ? before.session : null;
    }

    static void acknowledge(Sql sql, Acknowledgement acknowledgement) throws SQLException {
        Subscriber subscriber =
                owned(sql, acknowledgement.listener(), acknowledgement.subscriber(), acknowledgement.registration());
        if (subscriber == null) {
            return;
        }
        long head = Objects.requireNonNull(Log.scope(sql, subscriber.listener.scope())).head();
        long position = Math.max(0, Math.min(head, acknowledgement.position()));
        if (subscriber.acknowledged == null || subscriber.acknowledged > head || subscriber.acknowledged < position) {
            sql.update("update subscriber set acknowledged = ? where subscriber = ?", position, subscriber.row);
        }
        sql.update(
                "update subscriber set lapses = ? + keep where subscriber = ? and session is null", sql.now(), subscriber.row);
    }

    // Going

    static Unregistered unregister(Sql sql, ListenerRef listener, String id, UUID registration) throws SQLException {
        Subscriber subscriber = owned(sql, listener, id, registration);
        return subscriber == null
                ? new Unregistered(false, false)
                : new Unregistered(true, depart(sql, subscriber, true));
    }

    static List<Subscriber> ofEnded(Sql sql, int limit) throws SQLException {
        return sql.list(OF_ENDED, Mailboxes::subscriber, limit);
    }

    static List<Subscriber> ofSession(Sql sql, UUID session, int limit) throws SQLException {
        return sql.list(OF_SESSION, Mailboxes::subscriber, session, limit);
    }

    static List<Subscriber> lapsed(Sql sql, int limit) throws SQLException {
        return sql.list(LAPSED, Mailboxes::subscriber, sql.now(), limit);
    }

    /**
     * Removes it, or detaches it and keeps its place; says its farewell in the same step, once (L7). Answers whether its mailbox
     * went with it.
     */
    static boolean depart(Sql sql, Subscriber subscriber, boolean forGood) throws SQLException {
        boolean last = false;
        if (forGood || subscriber.keep == null) {
            sql.update("delete from subscriber where subscriber = ?", subscriber.row);
            last = !sql.any("select 1 from subscriber where mailbox = ?", subscriber.mailbox);
        } else {
            sql.update(
                    "update subscriber set session = null, farewell = null, lapses = ? + keep where subscriber = ?",
                    sql.now(),
                    subscriber.row);
        }
        if (last) {
            sql.update("delete from mailbox where mailbox = ?", subscriber.mailbox);
            sql.update(
                    "update scope set mailboxes = mailboxes - 1, version = ? where name = ?", sql.next(), subscriber.listener.scope());
        }
        Log.Scope scope = Log.scope(sql, subscriber.listener.scope());
        if (subscriber.farewell != null && subscriber.registration != null && scope != null && scope.mailboxes() > 0) {
            Log.put(sql, scope, subscriber.registration, subscriber.farewell);
        }
        return last;
    }

    // Looking

    static Members members(Sql sql, String name, @Nullable Set<ListenerRef> only) throws SQLException {
        Log.Scope scope = Log.scope(sql, name);
        if (scope == null) {
            return new Members(0, 0, Map.of());
        }
        Map<ListenerRef, Long> starts = new HashMap<>();
        if (only == null) {
            sql.list(
                    "select type, person, client, start from mailbox where scope = ?",
                    row -> starts.put(
                            listener(name, row.getInt(1), row.getString(2), row.getString(3)), row.getLong(4)),
                    scope.id());
        } else {
            for (ListenerRef listener : only) {
                Mailbox mailbox = listener.scope().equals(name) ? mailbox(sql, listener) : null;
                if (mailbox != null) {
                    starts.put(listener, mailbox.start);
                }
            }
        }
        return new Members(scope.version(), scope.head(), starts);
    }

    static Subscribers subscribers(Sql sql, ListenerRef listener, @Nullable String after, int limit) throws SQLException {
        Log.Scope scope = Log.scope(sql, listener.scope());
        Mailbox mailbox = mailbox(sql, listener);
        if (scope == null || mailbox == null) {
            return new Subscribers(List.of(), scope == null ? 0 : scope.head(), false);
        }
        List<StoredSubscriber> list = sql.list(
                "select id, session, metadata, acknowledged from subscriber where mailbox = ? and id > ? order by id limit ?",
                row -> new StoredSubscriber(
                        row.getString(1),
                        Sql.uuid(row.getBytes(2)),
                        Payload.wrap(bytes(row, 3)),
                        optional(number(row, 4))),
                mailbox.id,
                after == null ? "" : after,
                limit + 1L);
        boolean more = list.size() > limit;
        return new Subscribers(more ? list.subList(0, limit) : list, scope.head(), more);
    }

    private static @Nullable Mailbox mailbox(Sql sql, ListenerRef listener) throws SQLException {
        return sql.one(
                """
                select mailbox, start from mailbox
                where scope = (select scope from scope where name = ?) and type = ? and person = ? and client = ?""",
                row -> new Mailbox(row.getLong(1), row.getLong(2)),
                listener.scope(),
                listener.type().ordinal(),
                person(listener),
                client(listener));
    }

    /** Null: there is none, or another registration owns it (L5). */
    private static @Nullable Subscriber owned(Sql sql, ListenerRef listener, String id, UUID registration)
            throws SQLException {
        Mailbox mailbox = mailbox(sql, listener);
        Subscriber subscriber = mailbox == null ? null : sql.one(OF_MAILBOX, Mailboxes::subscriber, mailbox.id, id);
        return subscriber != null && registration.equals(subscriber.registration) ? subscriber : null;
    }

    private static Subscriber subscriber(ResultSet row) throws SQLException {
        return new Subscriber(
                row.getLong(1),
                row.getLong(2),
                row.getString(4),
                listener(row.getString(3), row.getInt(5), row.getString(6), row.getString(7)),
                Sql.uuid(row.getBytes(8)),
                Sql.uuid(row.getBytes(9)),
                number(row, 10),
                Payload.wrap(bytes(row, 11)),
                row.getBytes(12),
                number(row, 13));
    }

    private static ListenerRef listener(String scope, int type, String person, String client) {
        ListenerType found = ListenerType.values()[type];
        return new ListenerRef(scope, found, found == ListenerType.SHARED ? null : new Party(person, client));
    }

    private static String person(ListenerRef listener) {
        return listener.owner() == null ? "" : listener.owner().person();
    }

    private static String client(ListenerRef listener) {
        return listener.owner() == null ? "" : listener.owner().client();
    }

    /** SQLite's driver gives null for a blob of no bytes. */
    private static byte[] bytes(ResultSet row, int column) throws SQLException {
        byte[] bytes = row.getBytes(column);
        return bytes == null ? new byte[0] : bytes;
    }

    private static @Nullable Long number(ResultSet row, int column) throws SQLException {
        long number = row.getLong(column);
        return row.wasNull() ? null : number;
    }

    private static OptionalLong optional(@Nullable Long number) {
        return number == null ? OptionalLong.empty() : OptionalLong.of(number);
    }
}
