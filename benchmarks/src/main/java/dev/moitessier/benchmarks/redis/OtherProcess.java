package dev.moitessier.benchmarks.redis;

import dev.moitessier.Conditions;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.store.redis.RedisStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.resps.StreamEntry;

/**
 * A JVM that listens, in each of the ways that are compared: a node's listener, and bare pub/sub that then reads the entry. A text that
 * begins with {@value #SENT} carries {@link System#nanoTime()} of when it was sent, which on one machine is the same clock for all
 * processes; how long it took is printed and read by the process that measures.
 */
final class OtherProcess implements AutoCloseable {
    static final String SENT = "sent ";

    private final Process process;
    private final Map<String, List<Long>> nanos = new ConcurrentHashMap<>();

    OtherProcess(int port, String scope) throws IOException {
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        OtherProcess.class.getName(),
                        Integer.toString(port),
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

    /** Arguments: port and scope. Ends by itself after an hour. */
    public static void main(String[] arguments) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        int port = Integer.parseInt(arguments[0]);
        Moitessier moitessier = Moitessier.on(
                RedisStore.builder("redis://localhost:" + port, null, null).open());
        Listener listener = moitessier.listen(Conditions.shared(Person.of("elsewhere"), arguments[1]));
        listener.subscribe(message -> report(out, "moitessier", message.text()));
        Thread bare = new Thread(() -> bare(port, out), "bare-pub-sub");
        bare.setDaemon(true);
        bare.start();
        out.println("ready");
        TimeUnit.HOURS.sleep(1);
    }

    private static void report(PrintStream out, String way, @Nullable String text) {
        long now = System.nanoTime();
        if (text != null && text.startsWith(SENT)) {
            out.println(way + " " + (now - Long.parseLong(text.substring(SENT.length()))));
        }
    }

    /** Wakes up, then reads the entry, as whoever wants the message must. */
    private static void bare(int port, PrintStream out) {
        try (RedisClient subscribed = Server.client(port, 1);
                RedisClient reading = Server.client(port, 1)) {
            subscribed.subscribe(
                    new JedisPubSub() {
                        private String last = "0-0";

                        @Override
                        public void onMessage(String channel, String stream) {
                            for (StreamEntry entry : reading.xrange(stream, "(" + last, "+")) {
                                last = entry.getID().toString();
                                report(out, "bare", entry.getFields().get("text"));
                            }
                        }
                    },
                    Anchors.CHANNEL);
        }
    }
}
