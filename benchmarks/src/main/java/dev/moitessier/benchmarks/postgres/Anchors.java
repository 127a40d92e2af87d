package dev.moitessier.benchmarks.postgres;

import dev.moitessier.benchmarks.sending.Contender;
import dev.moitessier.benchmarks.sending.Dispatches;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/** What people write by hand. Each caller has a connection of its own and a statement that is prepared once. */
final class Anchors {
    /** Listeners of each scope in the mailbox that keeps a row for each. */
    static final int LISTENERS = 10;

    static final String CHANNEL = "anchor";

    private Anchors() {}

    static void create(Server server, int scopes) throws SQLException {
        server.execute(
                "create table anchor_message (id bigint generated always as identity primary key, scope text not null, "
                        + "sender text not null, body text not null, created timestamptz not null default now())",
                "create table anchor_listener (scope text not null, listener int not null, primary key (scope, listener))",
                "create table anchor_mailbox (id bigint generated always as identity, scope text not null, listener int not null, "
                        + "sender text not null, body text not null, created timestamptz not null default now(), "
                        + "primary key (scope, listener, id))",
                "insert into anchor_listener select 'scope/' || s, l from generate_series(0, " + (scopes - 1)
                        + ") s cross join generate_series(1, " + LISTENERS + ") l",
                "create table anchor_order (id bigint generated always as identity primary key, paid boolean not null)",
                "create table anchor_scope (name text primary key, head bigint not null)",
                "insert into anchor_scope select 'scope/' || s, 0 from generate_series(0, " + (scopes - 1) + ") s",
                "analyze anchor_listener",
                "analyze anchor_scope");
    }

    /** No order, no wake-up, no receipt. */
    static Contender bareInsert(Server server) {
        return statement(
                server,
                "INSERT",
                "insert into anchor_message (scope, sender, body) values (?, 'bob', '" + Dispatches.TEXT + "')");
    }

    static Contender insertNotify(Server server) {
        return statement(
                server,
                "INSERT + NOTIFY",
                "with m as (insert into anchor_message (scope, sender, body) values (?, 'bob', '" + Dispatches.TEXT
                        + "') returning scope, id) " + "select pg_notify('" + CHANNEL
                        + "', scope || ' ' || id) from m");
    }

    /** A row for each listener, and a wake-up: the mailbox that is like ours. */
    static Contender mailboxNotify(Server server) {
        return statement(
                server,
                "row per listener + NOTIFY",
                "with m as (insert into anchor_mailbox (scope, listener, sender, body) "
                        + "select scope, listener, 'bob', '" + Dispatches.TEXT
                        + "' from anchor_listener where scope = ? returning scope) "
                        + "select pg_notify('" + CHANNEL + "', scope) from m limit 1");
    }

    private static Contender statement(Server server, String name, String sql) {
        return new Contender() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Caller caller() throws SQLException {
                Connection connection = server.connect();
                PreparedStatement statement = connection.prepareStatement(sql);
                return new Caller() {
                    @Override
                    public void send(String scope) throws SQLException {
                        statement.setString(1, scope);
                        statement.execute();
                    }

                    @Override
                    public void close() throws SQLException {
                        connection.close();
                    }
                };
            }
        };
    }

    /** A business transaction of two inserts; {@code also} does its part in it. */
    static Contender transaction(Server server, String name, InTransaction also) {
        return new Contender() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Caller caller() throws SQLException {
                Connection connection = server.connect();
                connection.setAutoCommit(false);
                PreparedStatement order = connection.prepareStatement("insert into anchor_order (paid) values (true)");
                return new Caller() {
                    @Override
                    public void send(String scope) throws SQLException {
                        order.execute();
                        also.run(connection, scope);
                        order.execute();
                        connection.commit();
                    }

                    @Override
                    public void close() throws SQLException {
                        connection.close();
                    }
                };
            }
        };
    }

    /** What is done between the two inserts. */
    @FunctionalInterface
    interface InTransaction {
        void run(Connection connection, String scope) throws SQLException;
    }

    /** An ordered log by hand: the scope's counter is raised under its row lock, which is held until the caller commits. */
    static void holdScopeRow(Connection connection, String scope) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "with s as (update anchor_scope set head = head + 1 where name = ? returning name, head) "
                        + "insert into anchor_message (scope, sender, body) select name, 'bob', '" + Dispatches.TEXT
                        + "' from s")) {
            statement.setString(1, scope);
            statement.execute();
        }
    }
}
