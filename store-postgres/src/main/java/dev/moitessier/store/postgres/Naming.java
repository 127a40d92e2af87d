package dev.moitessier.store.postgres;

import dev.moitessier.store.StoreException;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Schema and table prefix, and how SQL speaks of them: {@code {scope}} is the qualified and quoted table, {@code {#scope}} its bare
 * quoted name, {@code {'scope}} the qualified one as a literal; {@code {schema}}, {@code {'schema}} and {@code {'prefix}} are what
 * they say; {@code {now}} is the server's clock in microseconds of the epoch, which positions are made of.
 */
record Naming(String schema, String prefix) {
    private static final Pattern TOKEN = Pattern.compile("\\{([#']?)([a-z_]+)}");
    /** PostgreSQL cuts names at 63 bytes without a word; the longest name of ours needs 24 beside the prefix. */
    private static final int MAX_SCHEMA = 63;

    private static final int MAX_PREFIX = 32;

    /**
     * As a double, which holds microseconds exactly beyond the year 2200. With {@code extract}, which counts in numerics, a single
     * append takes a fifth longer on a server that has just waited for a commit.
     */
    private static final String NOW = "(date_part('epoch', clock_timestamp()) * 1000000)::bigint";

    Naming {
        check("schema name", schema, 1, MAX_SCHEMA);
        check("table prefix", prefix, 0, MAX_PREFIX);
    }

    String render(String sql) {
        return TOKEN.matcher(sql).replaceAll(token -> Matcher.quoteReplacement(name(token.group(1), token.group(2))));
    }

    private String name(String form, String name) {
        return switch (form + name) {
            case "now" -> NOW;
            case "schema" -> quoted(schema);
            case "'schema" -> literal(schema);
            case "'prefix" -> literal(prefix);
            default ->
                switch (form) {
                    case "#" -> quoted(prefix + name);
                    case "'" -> literal(quoted(schema) + "." + quoted(prefix + name));
                    default -> quoted(schema) + "." + quoted(prefix + name);
                };
        };
    }

    /** The lock that migrations of this schema take, and a seed for names of channels. */
    long key() {
        return ScopeHash.of(schema + "." + prefix);
    }

    /** The channel of hints or of the volatile lane; NOTIFY reaches all of a database, so it carries schema and prefix. */
    String channel(String purpose) {
        return "moitessier_" + purpose + "_" + Long.toHexString(key());
    }

    static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    static String literal(String text) {
        String plain = "'" + text.replace("'", "''") + "'";
        return text.indexOf('\\') < 0 ? plain : "E" + plain.replace("\\", "\\\\");
    }

    private static void check(String what, String name, int min, int max) {
        int bytes = name.getBytes(StandardCharsets.UTF_8).length;
        if (bytes < min || bytes > max || name.indexOf('\0') >= 0) {
            throw new StoreException.Misconfigured(
                    "moitessier.postgres: the " + what + " has " + bytes + " bytes of UTF-8, allowed are " + min
                            + " to " + max + " without U+0000: '" + name + "'",
                    null);
        }
    }
}
