package dev.moitessier.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Entry;
import dev.moitessier.store.Page;
import dev.moitessier.store.StoreException;
import dev.moitessier.testkit.Eventually;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * {@code kill -9} of the server and of a writer in the middle of appends. Nothing acknowledged may be lost, nothing may be
 * delivered twice to a cursor, and the store must work again within 5 s of the server.
 */
final class KillTest {
    private static final int SCOPES = 5;

    @Test
    void aFewRounds() throws Exception {
        rounds(Long.getLong("moitessier.testkit.seed", 20261122L), 3);
    }

    @Test
    @Tag("long")
    void fiftyRounds() throws Exception {
        rounds(Long.getLong("moitessier.testkit.seed", System.nanoTime()), 50);
    }

    private static void rounds(long seed, int rounds) throws Exception {
        System.out.println("KillTest: " + rounds + " rounds, replay with -Dmoitessier.testkit.seed=" + seed);
        Random random = new Random(seed);
        try (PostgresServer server = PostgresServer.own()) {
            PostgresStore.migrate(server.dataSource("postgres"));
            try (PostgresStore store = PostgresStore.builder(server.url("postgres"), "postgres", null)
                    .callLimit(Duration.ofSeconds(2))
                    .open()) {
                Reader reader = new Reader(store);
                Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
                for (int round = 0; round < rounds; round++) {
                    round(server, store, reader, acknowledged, random, round);
                }
                reader.drain();
                check(acknowledged, reader);
            }
        }
    }

    private static void round(
            PostgresServer server, PostgresStore store, Reader reader, Queue<String> acknowledged, Random random, int round)
            throws Exception {
        boolean killServer = round == 0 || random.nextBoolean();
        int before = acknowledged.size();
        int until = 20 + random.nextInt(200);
        try (Writer writer = new Writer(server.url("postgres"), random.nextLong(), "r" + round + "-", acknowledged)) {
            Eventually.within(Duration.ofSeconds(60)).until("the writer is at work", () -> {
                reader.read();
                return acknowledged.size() >= before + until;
            });
            if (killServer) {
                server.kill();
                server.restart();
                Eventually.within(Duration.ofSeconds(5)).until("the store works 5 s after the server", () -> works(store, round));
                int after = acknowledged.size();
                Eventually.within(Duration.ofSeconds(60)).until("the writer goes on", () -> acknowledged.size() >= after + 20);
            }
        }
    }

    private static boolean works(PostgresStore store, int round) {
        return Scratch.one(store, Scratch.say("scope/0", "works-" + round)) instanceof dev.moitessier.store.Appended.Stored;
    }

    private static void check(Queue<String> acknowledged, Reader reader) {
        assertThat(acknowledged).hasSizeGreaterThan(60);
        List<String> lost = new ArrayList<>();
        for (String line : acknowledged) {
            String[] parts = line.split(" ");
            String delivered = reader.delivered.get(parts[0]).get(Long.parseLong(parts[2]));
            if (!parts[1].equals(delivered)) {
                lost.add(line + " but delivered " + delivered);
            }
        }
        assertThat(lost).as("acknowledged, and not delivered at its position").isEmpty();
        reader.delivered.forEach((scope, entries) -> {
            Set<String> texts = new HashSet<>();
            List<String> twice = entries.values().stream().filter(text -> !texts.add(text)).toList();
            assertThat(twice).as("delivered twice in %s", scope).isEmpty();
        });
        System.out.println("KillTest: " + acknowledged.size() + " acknowledged, all delivered once");
    }

    /** Cursors of all scopes, and what they were given. */
    private static final class Reader {
        private final PostgresStore store;
        private final Map<String, Long> cursors = new TreeMap<>();
        final Map<String, TreeMap<Long, String>> delivered = new TreeMap<>();

        Reader(PostgresStore store) {
            this.store = store;
            for (int i = 0; i < SCOPES; i++) {
                cursors.put("scope/" + i, Scratch.hear(store, "scope/" + i).start());
                delivered.put("scope/" + i, new TreeMap<>());
            }
        }

        /** Reads on in every scope; answers whether there was nothing. */
        boolean read() {
            boolean nothing = true;
            for (String scope : delivered.keySet()) {
                Page page;
                try {
                    page = Scratch.page(store, scope, cursors.get(scope));
                } catch (StoreException.Unavailable away) {
                    return false;
                }
                assertThat(page.lossy()).isFalse();
                assertThat(page.reset()).isFalse();
                for (Entry entry : page.entries()) {
                    assertThat(entry.position()).as("positions ascend over kills").isGreaterThan(cursors.get(scope));
                    delivered.get(scope).put(entry.position(), Scratch.text(entry));
                    nothing = false;
                }
                cursors.put(scope, page.next());
            }
            return nothing;
        }

        void drain() {
            Eventually.within(Duration.ofSeconds(30)).until("everything is read", this::read);
        }
    }

    /** A JVM that appends until it is killed. */
    private static final class Writer implements AutoCloseable {
        private final Process process;
        private final Thread lines;

        Writer(String url, long seed, String prefix, Queue<String> acknowledged) throws IOException {
            process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                            "-Xmx128m",
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            WriterProcess.class.getName(),
                            url,
                            Long.toString(seed),
                            Integer.toString(SCOPES),
                            prefix)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            BufferedReader out = process.inputReader();
            lines = new Thread(() -> out.lines().filter(line -> line.startsWith("scope/") && line.split(" ").length == 3).forEach(acknowledged::add));
            lines.setDaemon(true);
            lines.start();
        }

        @Override
        public void close() throws Exception {
            process.destroyForcibly();
            assertThat(process.waitFor(10, TimeUnit.SECONDS)).isTrue();
            lines.join(10_000);
        }
    }
}
