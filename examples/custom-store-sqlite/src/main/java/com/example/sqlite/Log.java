package com.example.sqlite;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Entry;
import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.parts.Contents;
import dev.moitessier.store.parts.Paging;
import dev.moitessier.store.parts.Times;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A scope's log: appended to in the writer's transaction, read in a snapshot. */
final class Log {
    private Log() {}

    record Scope(long id, String name, long born, long head, long trimmed, long version, long mailboxes) {}

    static @Nullable Scope scope(Sql sql, String name) throws SQLException {
        return sql.one(
                "select scope, name, born, head, trimmed, version, mailboxes from scope where name = ?",
                row -> new Scope(
                        row.getLong(1),
                        row.getString(2),
                        row.getLong(3),
                        row.getLong(4),
                        row.getLong(5),
                        row.getLong(6),
                        row.getLong(7)),
                name);
    }

    /** An append with its content as bytes, or why it is refused. */
    record Element(Append append, byte[] content, Appended.@Nullable Failed refused) {}

    static Appended append(Sql sql, Element element) throws SQLException {
        Append append = element.append();
        Scope scope = scope(sql, append.scope());
        if (scope == null) {
            return append.ifMembers().orElse(0) == 0 ? new Appended.Unheard() : new Appended.Stale(0);
        }
        Long first = sql.one(
                "select position from dispatch where scope = ? and dispatch = ? and expires > ?",
                row -> row.getLong(1),
                scope.id,
                append.dispatch(),
                sql.now());
        if (first != null) {
            return new Appended.Stored(first, scope.version, true);
        }
        if (append.ifMembers().isPresent() && append.ifMembers().getAsLong() != scope.version) {
            return new Appended.Stale(scope.version);
        }
        if (scope.mailboxes == 0) {
            return new Appended.Unheard();
        }
        long position = put(sql, scope, append.dispatch(), element.content());
        if (!append.remember().isZero()) {
            sql.update(
                    "insert or replace into dispatch values (?, ?, ?, ?)",
                    scope.id,
                    append.dispatch(),
                    position,
                    sql.now() + Times.micros(append.remember()));
        }
        return new Appended.Stored(position, scope.version, false);
    }

    /** Writes an entry; the position is in time order over all scopes, and says when it was. */
    static long put(Sql sql, Scope scope, UUID dispatch, byte[] content) throws SQLException {
        long position = sql.next();
        sql.update("insert into message values (?, ?, ?, ?)", position, scope.id, dispatch, content);
        sql.update("update scope set head = ?, messages = messages + 1 where scope = ?", position, scope.id);
        sql.appendedTo(scope.name);
        return position;
    }

    static Page page(Sql sql, ReadRequest request, Paging paging) throws SQLException {
        Scope scope = scope(sql, request.scope());
        if (scope == null) {
            return paging.unknown(request);
        }
        // A cursor from before this life of the name: what came after it is gone (C2).
        boolean earlier = request.after() > 0 && request.after() < scope.born;
        long trimmed = earlier ? Math.max(scope.born, scope.trimmed) : scope.trimmed;
        if (request.after() >= scope.head) {
            return paging.page(request, scope.head, trimmed, scope.version, () -> null);
        }
        String order = request.newest() ? "desc" : "asc";
        try (ResultSet rows = sql.query(
                "select position, dispatch, content from message where scope = ? and position > ? order by position " + order,
                scope.id,
                Math.max(request.after(), trimmed))) {
            // Rows are fetched as far as the page needs them.
            return paging.page(
                    request, scope.head, trimmed, scope.version, () -> rows.next() ? entry(rows) : null);
        }
    }

    private static Entry entry(ResultSet row) throws SQLException {
        long position = row.getLong(1);
        UUID dispatch = Objects.requireNonNull(Sql.uuid(row.getBytes(2)));
        return new Entry(position, Times.instant(position), dispatch, Contents.read(row.getBytes(3)));
    }
}
