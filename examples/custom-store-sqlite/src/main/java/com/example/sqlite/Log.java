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
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A scope's log: appended to in the writer's transaction, read in a snapshot. */
final class Log {
    private static final String SCOPE =
            "select scope, born, head, trimmed, version, mailboxes from scope where name = ?";
    private static final String KNOWN =
            "select position from dispatch where scope = ? and dispatch = ? and expires > ?";
    private static final String REMEMBER = "insert or replace into dispatch values (?, ?, ?, ?)";
    private static final String PUT = "insert into message values (?, ?, ?, ?, ?)";
    private static final String RAISE = "update scope set head = ?, messages = messages + 1 where scope = ?";
    private static final String ENTRIES =
            "select position, at, dispatch, content from message where scope = ? and position > ? order by position ";

    private Log() {}

    record Scope(long row, String name, long born, long head, long trimmed, long version, long mailboxes) {}

    static @Nullable Scope scope(Sql sql, String name) throws SQLException {
        return sql.one(SCOPE, row -> scope(row, name), name);
    }

    private static Scope scope(ResultSet r, String name) throws SQLException {
        return new Scope(r.getLong(1), name, r.getLong(2), r.getLong(3), r.getLong(4), r.getLong(5), r.getLong(6));
    }

    /** An append with its content as bytes, or why it is refused. */
    record Element(Append append, byte[] content, Appended.@Nullable Failed refused) {}

    // snippet: custom-store-append
    static Appended append(Sql sql, Element element) throws SQLException {
        if (element.refused != null) {
            return element.refused;
        }
        Append append = element.append;
        Scope scope = scope(sql, append.scope());
        if (scope == null) {
            return append.ifMembers().orElse(0) == 0 ? new Appended.Unheard() : new Appended.Stale(0);
        }
        Long first = sql.one(KNOWN, row -> row.getLong(1), scope.row, append.dispatch(), sql.now());
        if (first != null) {
            return new Appended.Stored(first, scope.version, true);
        }
        if (append.ifMembers().orElse(scope.version) != scope.version) {
            return new Appended.Stale(scope.version);
        }
        if (scope.mailboxes == 0) {
            return new Appended.Unheard();
        }
        long position = put(sql, scope, append.dispatch(), element.content);
        if (!append.remember().isZero()) {
            long expires = sql.now() + Times.micros(append.remember());
            sql.update(REMEMBER, scope.row, append.dispatch(), position, expires);
        }
        return new Appended.Stored(position, scope.version, false);
    }

    /** Writes an entry; positions ascend over all scopes, and are never below their time in microseconds (C4). */
    static long put(Sql sql, Scope scope, UUID dispatch, byte[] content) throws SQLException {
        long position = sql.next();
        sql.update(PUT, position, scope.row, Math.min(position, sql.now()), dispatch, content);
        sql.update(RAISE, position, scope.row);
        sql.appendedTo(scope.name);
        return position;
    }
    // end

    // snippet: custom-store-page
    static Page page(Sql sql, ReadRequest request, Paging paging) throws SQLException {
        Scope scope = scope(sql, request.scope());
        if (scope == null) {
            return paging.unknown(request);
        }
        long after = request.after();
        // A cursor from before this life of the name: what came after it is gone (C2).
        long trimmed = after > 0 && after < scope.born ? Math.max(scope.born, scope.trimmed) : scope.trimmed;
        if (after >= scope.head) {
            return paging.page(request, scope.head, trimmed, scope.version, () -> null);
        }
        String entries = ENTRIES + (request.newest() ? "desc" : "asc");
        try (ResultSet rows = sql.query(entries, scope.row, Math.max(after, trimmed))) {
            // Rows are fetched as far as the page needs them.
            return paging.page(request, scope.head, trimmed, scope.version, () -> rows.next() ? entry(rows) : null);
        }
    }
    // end

    private static Entry entry(ResultSet row) throws SQLException {
        Instant at = Times.instant(row.getLong(2));
        UUID dispatch = UUID.fromString(row.getString(3));
        return new Entry(row.getLong(1), at, dispatch, Contents.read(row.getBytes(4)));
    }
}
