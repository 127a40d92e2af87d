package dev.moitessier.benchmarks.postgres;

import dev.moitessier.Moitessier;
import dev.moitessier.benchmarks.sending.OtherProcess;
import dev.moitessier.store.postgres.PostgresStore;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.postgresql.PGNotification;
import org.postgresql.jdbc.PgConnection;

/** The other process: a node's listener, a bare LISTEN, and a loop that polls a table. */
final class ListeningProcess {
    private static final int POLL_MILLIS = 50;

    private ListeningProcess() {}

    /** Arguments: URL and scope. */
    public static void main(String[] arguments) throws Exception {
        String url = arguments[0];
        Moitessier moitessier =
                Moitessier.on(PostgresStore.builder(url, null, null).open());
        OtherProcess.listen(
                moitessier,
                arguments[1],
                Map.of("bare-listen", out -> bareListen(url, out), "poll-a-table", out -> pollTable(url, out)));
    }

    /** Wakes up, then reads the row, as whoever wants the message must. */
    private static void bareListen(String url, PrintStream out) throws Exception {
        try (Connection connection = Server.connect(url);
                Statement listen = connection.createStatement();
                PreparedStatement read = connection.prepareStatement("select body from anchor_message where id = ?")) {
            listen.execute("listen " + Anchors.CHANNEL);
            PgConnection driver = connection.unwrap(PgConnection.class);
            while (true) {
                PGNotification[] woken = driver.getNotifications(1_000);
                for (PGNotification each : woken == null ? new PGNotification[0] : woken) {
                    int id = each.getParameter().indexOf(' ');
                    if (id > 0) {
                        read.setLong(1, Long.parseLong(each.getParameter().substring(id + 1)));
                        try (ResultSet row = read.executeQuery()) {
                            if (row.next()) {
                                OtherProcess.report(out, "listen", row.getString(1));
                            }
                        }
                    }
                }
            }
        }
    }

    private static void pollTable(String url, PrintStream out) throws Exception {
        try (Connection connection = Server.connect(url);
                PreparedStatement read = connection.prepareStatement(
                        "select id, body from anchor_message where id > ? order by id limit 1000")) {
            long last = 0;
            while (true) {
                read.setLong(1, last);
                int rows = 0;
                try (ResultSet row = read.executeQuery()) {
                    while (row.next()) {
                        last = row.getLong(1);
                        OtherProcess.report(out, "poll", row.getString(2));
                        rows++;
                    }
                }
                if (rows == 0) {
                    TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
                }
            }
        }
    }
}
