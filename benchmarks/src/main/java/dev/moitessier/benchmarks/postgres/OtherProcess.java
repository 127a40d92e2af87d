package dev.moitessier.benchmarks.postgres;

import dev.moitessier.Conditions;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.store.postgres.PostgresStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGNotification;
import org.postgresql.jdbc.PgConnection;

/**
 * A JVM that listens, in each of the ways that are compared: a node's listener, a bare LISTEN, a loop that polls a table. A text that
 * begins with {@value #SENT} carries {@link System#nanoTime()} of when it was sent, which on one machine is the same clock for all processes;
 * how long it took is printed and read by the process that measures.
 */
final class OtherProcess implements AutoCloseable {
    static final String SENT = "sent ";
    private static final int POLL_MILLIS = 50;

    private final Process process;
    private final Map<String, List<Long>> nanos = new ConcurrentHashMap<>();

    OtherProcess(String url, String scope) throws IOException {
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        OtherProcess.class.getName(),
                        url,
                        scope)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
        String first = lines.readLine();
        if (!"ready".equals(first)) {
            throw new IOException("the other process said: " + first);
        }
        Thread reading = new Thread(
                () -> lines.lines().forEach(line -> {
                    String[] parts = line.split(" ", -1);
                    nanos.computeIfAbsent(parts[0], way -> Collections.synchronizedList(new ArrayList<>()))
                            .add(Long.parseLong(parts[1]));
                }),
                "other-process");
        reading.setDaemon(true);
        reading.start();
    }

    /** Waits until so many have arrived this way; answers their times in nanoseconds, sorted. */
    long[] await(String way, int count) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        List<Long> arrived = nanos.computeIfAbsent(way, name -> Collections.synchronizedList(new ArrayList<>()));
        while (arrived.size() < count && System.nanoTime() < end) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
        if (arrived.size() < count) {
            throw new IllegalStateException("only " + arrived.size() + " of " + count + " arrived by " + way);
        }
        long[] sorted =
                new ArrayList<>(arrived).stream().mapToLong(Long::longValue).toArray();
        Arrays.sort(sorted);
        return sorted;
    }

    @Override
    public void close() {
        process.destroy();
        process.onExit().completeOnTimeout(process, 5, TimeUnit.SECONDS).join();
        process.destroyForcibly();
    }

    /** Arguments: URL and scope. Ends by itself after an hour. */
    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        String url = arguments[0];
        Thread.UncaughtExceptionHandler gone =
                (thread, failure) -> System.err.println(thread.getName() + ": " + failure);
        Thread.setDefaultUncaughtExceptionHandler(gone);
        Moitessier moitessier =
                Moitessier.on(PostgresStore.builder(url, null, null).open());
        Listener listener = moitessier.listen(Conditions.shared(Person.of("elsewhere"), arguments[1]));
        listener.subscribe(message -> report(out, "moitessier", message.text()));
        daemon("bare-listen", () -> bareListen(url, out));
        daemon("poll-a-table", () -> pollTable(url, out));
        out.println("ready");
        TimeUnit.HOURS.sleep(1);
    }

    private interface Loop {
        void run() throws Exception;
    }

    private static void daemon(String name, Loop loop) {
        Thread thread = new Thread(
                () -> {
                    try {
                        loop.run();
                    } catch (Exception failure) {
                        throw new IllegalStateException(failure);
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }

    private static void report(PrintStream out, String way, @Nullable String text) {
        long now = System.nanoTime();
        if (text != null && text.startsWith(SENT)) {
            out.println(way + " " + (now - Long.parseLong(text.substring(SENT.length()))));
        }
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
                                report(out, "listen", row.getString(1));
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
                        report(out, "poll", row.getString(2));
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
