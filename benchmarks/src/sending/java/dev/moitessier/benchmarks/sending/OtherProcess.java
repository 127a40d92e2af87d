package dev.moitessier.benchmarks.sending;

import dev.moitessier.Conditions;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
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

/**
 * A JVM that listens, in each of the ways that are compared. A text that begins with {@value #SENT} carries {@link System#nanoTime()} of
 * when it was sent, which on one machine is the same clock for all processes; how long it took is printed and read by the process that
 * measures.
 */
public final class OtherProcess implements AutoCloseable {
    public static final String SENT = "sent ";

    private final Process process;
    private final Map<String, List<Long>> nanos = new ConcurrentHashMap<>();

    /** With a main method that calls {@link #listen}. */
    public OtherProcess(Class<?> main, String server, String scope) throws IOException {
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        main.getName(),
                        server,
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
    public long[] await(String way, int count) throws InterruptedException {
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

    /** A way to listen other than a node's listener; runs until the process ends. */
    public interface Way {
        void listen(PrintStream out) throws Exception;
    }

    /** In the other process: listens in all these ways at once, and ends by itself after an hour. */
    public static void listen(Moitessier moitessier, String scope, Map<String, Way> others)
            throws InterruptedException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        Thread.setDefaultUncaughtExceptionHandler(
                (thread, failure) -> System.err.println(thread.getName() + ": " + failure));
        Listener listener = moitessier.listen(Conditions.shared(Person.of("elsewhere"), scope));
        listener.subscribe(message -> report(out, "moitessier", message.text()));
        others.forEach((name, way) -> daemon(name, () -> way.listen(out)));
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

    public static void report(PrintStream out, String way, @Nullable String text) {
        long now = System.nanoTime();
        if (text != null && text.startsWith(SENT)) {
            out.println(way + " " + (now - Long.parseLong(text.substring(SENT.length()))));
        }
    }
}
