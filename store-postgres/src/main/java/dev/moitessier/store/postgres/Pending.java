package dev.moitessier.store.postgres;

import dev.moitessier.store.Append;
import dev.moitessier.store.Content;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Enlisted appends between the caller's transaction and their position (T1 to T3): rows that the caller's commit makes visible, and
 * that whoever holds the scope's lock next turns into entries, in the order in which they were written.
 */
final class Pending {
    private final String insert;
    private final String promote;

    Pending(Naming naming) {
        insert = naming.render("""
                insert into {pending} (scope, dispatch, remember, to_handlers, person, client, to_person, to_client, headers, body,
                                       text_persons, text_clients, text_bodies)
                values (?, ?, ? * interval '1 millisecond', ?, ?, ?, ?, ?, ?::jsonb, ?, ?, ?, ?)
                returning pg_current_xact_id()::text
                """);
        // Duplicates are told by the remembered ids and, among themselves, by the first that was written (I1).
        // Without a mailbox they are gone unheard (A4).
        promote = naming.render(
                """
                with p as (
                  delete from {pending} where scope = any (?::text[]) returning *),
                f as (
                  select distinct on (p.scope, p.dispatch) p.* from p order by p.scope, p.dispatch, p.seq),
                n as materialized (
                  select s.scope_id, f.*,
                         greatest(s.head, s.floor, {now})
                           + row_number() over (partition by s.scope_id order by f.seq) as position,
                         case when not k.there then nullif(extract(epoch from f.remember) * 1000, 0)::integer end as mark
                  from f join {scope} s on s.name = f.scope and s.mailboxes > 0
                  cross join lateral (
                    select count(*) > 0 as there, coalesce(bool_or(m.known), false) as known
                    from (
                      select %1$s as known from {message} m
                      where m.scope_id = s.scope_id and m.dispatch = f.dispatch and %2$s
                      union all
                      select false from {message_default} m
                      where m.scope_id = s.scope_id and m.dispatch = f.dispatch and %3$s) m) k
                  where not k.known and not exists (
                    select from {dispatch} d
                    where d.scope_id = s.scope_id and d.dispatch = f.dispatch and d.expires >= clock_timestamp())),
                d as (
                  insert into {dispatch} (scope_id, dispatch, position, expires)
                  select scope_id, dispatch, position, clock_timestamp() + remember from n where remember > interval '0'
                  on conflict (scope_id, dispatch) do update set position = excluded.position, expires = excluded.expires),
                h as (
                  update {scope} s set head = t.head from (select scope_id, max(position) as head from n group by scope_id) t
                  where s.scope_id = t.scope_id),
                w as (
                  insert into {message} (scope_id, position, dispatch, remember, text_bytes, to_handlers, person, client, to_person,
                                         to_client, headers, body)
                  select scope_id, position, dispatch, mark,
                         coalesce((select sum(octet_length(b) + 1) from unnest(text_bodies) b), 0), to_handlers, person, client,
                         to_person, to_client, headers, body
                  from n),
                t as (
                  insert into {override} (scope_id, position, person, client, body)
                  select scope_id, position, x.person, x.client, x.body
                  from n cross join unnest(text_persons, text_clients, text_bodies) as x(person, client, body))
                select distinct scope from n
                """.formatted(Remembered.isKnown("m"), Remembered.isInTheWay("m"), Remembered.isLongInTheWay("m")));
    }

    /** Writes one in the caller's transaction, whose id it answers. */
    long write(Connection connection, Append append) throws SQLException {
        Content content = append.content();
        try (PreparedStatement statement = connection.prepareStatement(insert)) {
            statement.setString(1, append.scope());
            statement.setObject(2, append.dispatch());
            statement.setInt(3, Elements.millis(append.remember()));
            statement.setBoolean(4, content.bodyToHandlers());
            statement.setString(5, content.sender().person());
            statement.setString(6, content.sender().client());
            statement.setString(7, content.to() == null ? null : content.to().person());
            statement.setString(8, content.to() == null ? null : content.to().client());
            statement.setString(9, content.headers().isEmpty() ? null : Headers.write(content.headers()));
            statement.setBytes(10, Elements.bytes(content.body()));
            setTexts(statement, connection, content.texts());
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return Long.parseUnsignedLong(row.getString(1));
            }
        }
    }

    private static void setTexts(PreparedStatement statement, Connection connection, Map<Party, Payload> texts)
            throws SQLException {
        List<Map.Entry<Party, Payload>> list = List.copyOf(texts.entrySet());
        String[] persons = list.stream().map(text -> text.getKey().person()).toArray(String[]::new);
        String[] clients = list.stream().map(text -> text.getKey().client()).toArray(String[]::new);
        byte @Nullable [][] bodies =
                list.stream().map(text -> text.getValue().toBytes()).toArray(byte[][]::new);
        statement.setArray(11, texts.isEmpty() ? null : connection.createArrayOf("text", persons));
        statement.setArray(12, texts.isEmpty() ? null : connection.createArrayOf("text", clients));
        statement.setArray(13, texts.isEmpty() ? null : connection.createArrayOf("bytea", bodies));
    }

    /** Gives positions to what is committed; the caller holds the scopes' locks and had them before this statement. */
    List<String> promote(Connection connection, Collection<String> scopes) throws SQLException {
        List<String> promoted = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(promote)) {
            statement.setArray(1, connection.createArrayOf("text", scopes.toArray()));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    promoted.add(rows.getString(1));
                }
            }
        }
        return promoted;
    }
}
