package com.example.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Page;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registration;
import dev.moitessier.testkit.Eventually;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes that append are ended by {@code kill -9}, at any moment: what they were told is stored is there, and nothing else is torn. */
class KillTest {
    private static final int SCOPES = 3;
    private static final int KILLS = 4;

    @TempDir
    private Path directory;

    @Test
    void whatWasAcknowledgedOutlivesKilledWriters() throws Exception {
        long seed = Long.getLong("moitessier.testkit.seed", System.nanoTime());
        System.out.println("KillTest: seed " + seed);
        Random random = new Random(seed);
        Path file = directory.resolve("store.db");
        Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
        try (SqliteStore store = SqliteStore.open(file)) {
            for (int i = 0; i < SCOPES; i++) {
                store.register(new Registration(
                        UUID.randomUUID(),
                        shared("scope/" + i),
                        "s",
                        null,
                        Duration.ofHours(1),
                        Payload.empty(),
                        null));
            }
            for (int kill = 0; kill < KILLS; kill++) {
                int enough = acknowledged.size() + 20 + random.nextInt(50);
                try (Writer writer = new Writer(file, random.nextLong(), "k" + kill + "-", acknowledged)) {
                    Eventually.within(Duration.ofSeconds(60))
                            .until("the writer is acknowledged", () -> acknowledged.size() >= enough);
                }
            }
            Map<String, TreeMap<Long, String>> stored = new TreeMap<>();
            for (int i = 0; i < SCOPES; i++) {
                stored.put("scope/" + i, read(store, "scope/" + i));
            }
            for (String line : acknowledged) {
                String[] parts = line.split(" ");
                assertThat(stored.get(parts[0]).get(Long.parseLong(parts[2])))
                        .as("stored at its position: %s", line)
                        .isEqualTo(parts[1]);
            }
            stored.forEach((scope, texts) ->
                    assertThat(texts.values()).as("once in %s", scope).doesNotHaveDuplicates());
        }
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                ResultSet check = connection.createStatement().executeQuery("pragma integrity_check")) {
            assertThat(check.getString(1)).as("SQLite's own check of the file").isEqualTo("ok");
        }
        System.out.println("KillTest: " + KILLS + " kills, " + acknowledged.size() + " acknowledged, all stored once");
    }

    private static TreeMap<Long, String> read(SqliteStore store, String scope) {
        TreeMap<Long, String> texts = new TreeMap<>();
        Page page;
        long cursor = 0;
        do {
            page = store.read(List.of(new ReadRequest(scope, cursor, 100, false, Set.of(shared(scope)))), 1 << 20)
                    .get(0);
            for (Entry entry : page.entries()) {
                String text = entry.content().headers().get("text");
                byte[] body = entry.content().body().toBytes();
                assertThat(new String(body, StandardCharsets.UTF_8)).isEqualTo(text + " " + "x".repeat(5_000));
                texts.put(entry.position(), text);
            }
            cursor = page.next();
        } while (cursor < page.head());
        return texts;
    }

    private static ListenerRef shared(String scope) {
        return new ListenerRef(scope, ListenerType.SHARED, null);
    }

    /** A JVM that appends until it is killed. */
    private static final class Writer implements AutoCloseable {
        private final Process process;
        private final Thread lines;

        Writer(Path file, long seed, String prefix, Queue<String> acknowledged) throws IOException {
            process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx128m",
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            WriterProcess.class.getName(),
                            file.toString(),
                            Long.toString(seed),
                            Integer.toString(SCOPES),
                            prefix)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            BufferedReader out = process.inputReader();
            lines = new Thread(() -> out.lines()
                    .filter(line -> line.startsWith("scope/") && line.split(" ").length == 3)
                    .forEach(acknowledged::add));
            lines.setDaemon(true);
            lines.start();
        }

        /** kill -9 */
        @Override
        public void close() throws Exception {
            process.toHandle().destroyForcibly(); // leaves the pipe open: what was said is read to its end
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            lines.join(20_000);
        }
    }
}
