package dev.moitessier.store.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** Has pending rows promoted in a transaction of its own. */
final class Promotions {
    private final Database database;
    private final Pending pending;
    private final Fences fences;
    private final Consumer<Set<String>> readable;
    private final String lock;

    Promotions(Database database, Naming naming, Pending pending, Fences fences, Consumer<Set<String>> readable) {
        this.database = database;
        this.pending = pending;
        this.fences = fences;
        this.readable = readable;
        lock = naming.render(
                "select scope_id, solo from {scope} where name = any (?::text[]) order by scope_id for no key update");
    }

    /** Waits for the locks of these scopes, and promotes what was committed before. */
    void promote(Collection<String> scopes) {
        Set<String> promoted = new HashSet<>();
        database.transact(
                "promote enlisted appends",
                System.nanoTime() + database.callLimit().toNanos(),
                connection -> {
                    promoted.clear();
                    lock(connection.connection(), scopes);
                    promoted.addAll(pending.promote(connection.connection(), scopes));
                    return scopes;
                });
        if (!promoted.isEmpty()) {
            readable.accept(promoted);
        }
    }

    private void lock(Connection connection, Collection<String> scopes) throws SQLException {
        List<Long> solo = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(lock)) {
            statement.setArray(1, connection.createArrayOf("text", scopes.toArray()));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    if (rows.getBoolean(2)) {
                        solo.add(rows.getLong(1));
                    }
                }
            }
        }
        for (long scope : solo) {
            fences.put(connection, scope);
        }
    }
}
