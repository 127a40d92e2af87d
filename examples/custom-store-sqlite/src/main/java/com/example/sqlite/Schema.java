package com.example.sqlite;

import dev.moitessier.store.StoreException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Objects;

/** The tables of schema.sql; {@code user_version} says which they are. */
final class Schema {
    private static final int VERSION = 1;

    private Schema() {}

    static void create(Sql sql, Path file) throws SQLException {
        sql.run("begin immediate");
        int version = Objects.requireNonNull(sql.one("pragma user_version", row -> row.getInt(1)));
        boolean used = sql.any("select 1 from sqlite_master");
        if (version > VERSION || (version != VERSION && used)) {
            throw new StoreException.Misconfigured(
                    "moitessier.sqlite.file: " + file + " has tables of version " + version
                            + " or of another application; this library knows version " + VERSION,
                    null);
        }
        if (!used) {
            for (String statement : script().split(";\n")) {
                sql.run(statement);
            }
            sql.run("pragma user_version = " + VERSION);
        }
        sql.run("commit");
    }

    private static String script() {
        try (InputStream script = Objects.requireNonNull(Schema.class.getResourceAsStream("schema.sql"))) {
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException("schema.sql cannot be read", e);
        }
    }
}
