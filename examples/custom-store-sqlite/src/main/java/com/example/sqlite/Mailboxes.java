package com.example.sqlite;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Members;
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
    private static final String LIVES = "select 1 from session where session = ? and ended is null";
    private static final String NEW_SCOPE = "insert into scope (name, born, head, version) values (?, ?, ?, ?)";
    private static final String NEW_MAILBOX =
            "insert into mailbox (scope, type, person, client, start) values (?, ?, ?, ?, ?)";
    private static final String COUNT_MAILBOXES =
            "update scope set mailboxes = mailboxes + ?, version = ? where name = ?";
    private static final String MAILBOX = "select m.mailbox, m.start from mailbox m join scope s on s.scope = m.scope "
            + "where s.name = ? and m.type = ? and m.person = ? and m.client = ?";
    private static final String MAILBOXES = "select type, person, client, start from mailbox where scope = ?";
    private static final String PUT = """
            insert into subscriber (mailbox, id, registration, session, keep, lapses, metadata, farewell)
            values (?, ?, ?, ?, ?, ?, ?, ?)
            on conflict (mailbox, id) do update set registration = excluded.registration, session = excluded.session,
              keep = excluded.keep, lapses = excluded.lapses, metadata = excluded.metadata, farewell = excluded.farewell""";
    private static final String ACKNOWLEDGE = "update subscriber set acknowledged = ? where subscriber = ?";
    private static final String STAY =
            "update subscriber set lapses = ? + keep where subscriber = ? and session is null";
    private static final String DETACH =
            "update subscriber set session = null, farewell = null, lapses = ? + keep where subscriber = ?";
    private static final String SUBSCRIBER = """
            select u.id, u.session, u.metadata, u.acknowledged, u.subscriber, u.mailbox, s.name, m.type, m.person, m.client,
              u.registration, u.keep is not null, u.farewell
            from subscriber u join mailbox m on m.mailbox = u.mailbox join scope s on s.scope = m.scope where\s""";
    private static final String ONE = SUBSCRIBER + "u.mailbox = ? and u.id = ?";
    private static final String OF_MAILBOX = "select id, session, metadata, acknowledged from subscriber "
            + "where mailbox = ? and id > ? order by id limit ?";

    static final String OF_SESSION = SUBSCRIBER + "u.session = ? limit ?";
    static final String OF_ENDED = SUBSCRIBER + "u.session in (select session from session where ended < ?) limit ?";
    static final String LAPSED = SUBSCRIBER + "u.lapses <= ? order by u.lapses limit ?";

    /** A mailbox lives exactly as long as it has a subscriber (L4). */
    private record Mailbox(long row, long start) {}

    /** A subscriber with what its departure needs. */
    record Subscriber(
            StoredSubscriber stored,
            long row,
            long mailbox,
            ListenerRef listener,
            UUID registration,
            boolean durable,
            byte @Nullable [] farewell) {}

    private Mailboxes() {}

    /** In the transaction that relies on it (L1): there is one writer. */
    static void ensureLives(Sql sql, UUID session) throws SQLException {
        if (!sql.any(LIVES, session)) {
            throw new StoreException.SessionEnded("session " + session + " has ended, or was never opened");
        }
    }

    static Registered register(Sql sql, Registration registration) throws SQLException {
        if (registration.session() != null) {
            ensureLives(sql, registration.session());
        }
        ListenerRef listener = registration.listener();
        Log.Scope scope = Log.scope(sql, listener.scope());
        if (scope == null) {
            long born = sql.next();
            sql.update(NEW_SCOPE, listener.scope(), born, born, born);
            scope = Objects.requireNonNull(Log.scope(sql, listener.scope()));
        }
        Mailbox mailbox = mailbox(sql, listener);
        boolean created = mailbox == null;
        long version = scope.version();
        if (mailbox == null) {
            version = sql.next();
            int type = listener.type().ordinal();
            sql.update(NEW_MAILBOX, scope.row(), type, listener.person(), listener.client(), scope.head());
            sql.update(COUNT_MAILBOXES, 1, version, listener.scope());
            mailbox = Objects.requireNonNull(mailbox(sql, listener));
        }
        Subscriber before = sql.one(ONE, Mailboxes::subscriber, mailbox.row, registration.subscriber());
        put(sql, mailbox, registration);
        OptionalLong acknowledged = before == null ? OptionalLong.empty() : before.stored.acknowledged();
        UUID held = before == null || before.registration.equals(registration.id()) ? null : before.stored.session();
        UUID heldBy = held != null && sql.any(LIVES, held) ? held : null;
        return new Registered(mailbox.start, scope.head(), acknowledged, created, version, heldBy);
    }

    /** A takeover keeps the place and is no departure (L5). */
    private static void put(Sql sql, Mailbox mailbox, Registration registration) throws SQLException {
        Long keep = registration.keep() == null ? null : Long.valueOf(Times.micros(registration.keep()));
        sql.update(
                PUT,
                mailbox.row,
                registration.subscriber(),
                registration.id(),
                registration.session(),
                keep,
                registration.session() != null || keep == null ? null : Long.valueOf(sql.now() + keep),
                registration.metadata().toBytes(),
                registration.farewell() == null ? null : Contents.write(registration.farewell()));
    }

    static void acknowledge(Sql sql, Acknowledgement acknowledgement) throws SQLException {
        ListenerRef listener = acknowledgement.listener();
        Subscriber subscriber = owned(sql, listener, acknowledgement.subscriber(), acknowledgement.registration());
        Log.Scope scope = Log.scope(sql, listener.scope());
        if (subscriber == null || scope == null) {
            return;
        }
        long old = subscriber.stored.acknowledged().orElse(-1);
        long position = Math.max(0, Math.min(scope.head(), acknowledgement.position()));
        sql.update(ACKNOWLEDGE, old > scope.head() ? position : Math.max(old, position), subscriber.row);
        sql.update(STAY, sql.now(), subscriber.row);
    }

    static Unregistered unregister(Sql sql, ListenerRef listener, String id, UUID registration) throws SQLException {
        Subscriber subscriber = owned(sql, listener, id, registration);
        return subscriber == null
                ? new Unregistered(false, false)
                : new Unregistered(true, depart(sql, subscriber, true));
    }

    // snippet: custom-store-depart
    /**
     * Removes it, or detaches it and keeps its place; says its farewell in the same step, once (L7). Answers whether its
     * mailbox went with it.
     */
    static boolean depart(Sql sql, Subscriber subscriber, boolean forGood) throws SQLException {
        boolean last = false;
        if (subscriber.durable && !forGood) {
            sql.update(DETACH, sql.now(), subscriber.row);
        } else {
            sql.update("delete from subscriber where subscriber = ?", subscriber.row);
            last = !sql.any("select 1 from subscriber where mailbox = ?", subscriber.mailbox);
        }
        if (last) {
            sql.update("delete from mailbox where mailbox = ?", subscriber.mailbox);
            sql.update(COUNT_MAILBOXES, -1, sql.next(), subscriber.listener.scope());
        }
        Log.Scope scope = Log.scope(sql, subscriber.listener.scope());
        if (subscriber.farewell != null && scope != null && scope.mailboxes() > 0) {
            Log.put(sql, scope, subscriber.registration, subscriber.farewell);
        }
        return last;
    }
    // end

    static Members members(Sql sql, String name, @Nullable Set<ListenerRef> only) throws SQLException {
        Log.Scope scope = Log.scope(sql, name);
        if (scope == null) {
            return new Members(0, 0, Map.of());
        }
        Map<ListenerRef, Long> starts = new HashMap<>();
        if (only == null) {
            sql.list(MAILBOXES, row -> starts.put(listener(name, row, 1), row.getLong(4)), scope.row());
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

    static Subscribers subscribers(Sql sql, ListenerRef listener, String after, int limit) throws SQLException {
        Log.Scope scope = Log.scope(sql, listener.scope());
        Mailbox mailbox = mailbox(sql, listener);
        if (scope == null || mailbox == null) {
            return new Subscribers(List.of(), scope == null ? 0 : scope.head(), false);
        }
        List<StoredSubscriber> list = sql.list(OF_MAILBOX, Mailboxes::stored, mailbox.row, after, limit + 1L);
        boolean more = list.size() > limit;
        return new Subscribers(more ? list.subList(0, limit) : list, scope.head(), more);
    }

    private static @Nullable Mailbox mailbox(Sql sql, ListenerRef listener) throws SQLException {
        return sql.one(
                MAILBOX,
                row -> new Mailbox(row.getLong(1), row.getLong(2)),
                listener.scope(),
                listener.type().ordinal(),
                listener.person(),
                listener.client());
    }

    /** Null: there is none, or another registration owns it (L5). */
    private static @Nullable Subscriber owned(Sql sql, ListenerRef listener, String id, UUID registration)
            throws SQLException {
        Mailbox mailbox = mailbox(sql, listener);
        Subscriber subscriber = mailbox == null ? null : sql.one(ONE, Mailboxes::subscriber, mailbox.row, id);
        return subscriber != null && subscriber.registration.equals(registration) ? subscriber : null;
    }

    static Subscriber subscriber(ResultSet row) throws SQLException {
        return new Subscriber(
                stored(row),
                row.getLong(5),
                row.getLong(6),
                listener(row.getString(7), row, 8),
                UUID.fromString(row.getString(11)),
                row.getBoolean(12),
                row.getBytes(13));
    }

    private static StoredSubscriber stored(ResultSet row) throws SQLException {
        String session = row.getString(2);
        byte[] metadata = row.getBytes(3); // the driver's null is a blob of no bytes
        long acknowledged = row.getLong(4);
        return new StoredSubscriber(
                row.getString(1),
                session == null ? null : UUID.fromString(session),
                metadata == null ? Payload.empty() : Payload.wrap(metadata),
                row.wasNull() ? OptionalLong.empty() : OptionalLong.of(acknowledged));
    }

    private static ListenerRef listener(String scope, ResultSet row, int column) throws SQLException {
        ListenerType type = ListenerType.values()[row.getInt(column)];
        return ListenerRef.of(scope, type, row.getString(column + 1), row.getString(column + 2));
    }
}
