package dev.moitessier.store.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/**
 * Ends the right of a process to append to a scope beside its row ({@link Solo}). Such appends take the positions after the scope's head
 * one by one, and the log's key admits each once; so a row at the next position that is free stops whoever comes there, however late.
 * Readers leave these rows out. They go with their partition, long after the last statement that could run into one has refused itself
 * by the clock.
 */
final class Fences {
    /** As many as whoever appends can take while this looks for the next that is free, and more. */
    private static final int POSTS = 4;
    /** A fence needs no more than one try unless it meets an append each time; then it waits for that append. */
    private static final int TRIES = 100;

    private final String put;

    Fences(Naming naming) {
        put = naming.render("""
                with m as materialized (
                  select s.scope_id, %s as last from {scope} s where s.scope_id = ?),
                f as (
                  insert into {message} (scope_id, position, dispatch, text_bytes, to_handlers, person, client)
                  select scope_id, last + n, '00000000-0000-0000-0000-000000000000', -1, false, '', ''
                  from m cross join generate_series(1, %d) n
                  on conflict do nothing
                  returning position)
                update {scope} set head = (select min(position) - 1 from f), floor = (select max(position) from f), solo = false
                where scope_id = ? and exists (select from f)
                """.formatted(head("s"), POSTS));
    }

    /** SQL for the position of a scope's last entry, given the alias of its row. */
    static String head(String scope) {
        return """
                (case when %1$s.solo then coalesce((
                   select max(x.position) from {message} x
                   where x.scope_id = %1$s.scope_id and x.position > %1$s.head and x.position <= %1$s.head + %2$d), %1$s.head)
                 else %1$s.head end)""".formatted(scope, Solo.MOST);
    }

    /** SQL that tells entries from fences, given the alias of the message's row. */
    static String isEntry(String message) {
        return message + ".text_bytes >= 0";
    }

    /** The caller holds the scope's lock, and had it before this statement. */
    void put(Connection connection, long scope) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(put)) {
            statement.setLong(1, scope);
            statement.setLong(2, scope);
            for (int tries = 0; tries < TRIES; tries++) {
                if (statement.executeUpdate() > 0) {
                    return;
                }
            }
        }
        // As when a lock is not to be had: the caller's transaction ends, and is tried again.
        throw new SQLException("no fence stands after " + TRIES + " tries", "55P03");
    }
}
