package dev.moitessier.benchmarks.yomo;

import dev.moitessier.yomo.FrameBenchmark;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * A function that echoes, once in Go and once in Java, in turns on one zipper: github.com/yomorun/yomo v1.22.3 for the zipper,
 * for the Go function, and for the source and the function that drive both. Then {@link FrameBenchmark}. With {@code smoke}
 * as argument it only shows that all runs. Needs Go.
 */
public final class YomoBenchmark {
    private static final Path RESULTS = Path.of("results");

    private record Run(double rate, double median, double late) {}

    private YomoBenchmark() {}

    public static void main(String[] args) throws IOException, InterruptedException, RunnerException {
        boolean smoke = List.of(args).contains("smoke");
        String name = smoke ? "yomo-smoke" : "yomo";
        Files.createDirectories(RESULTS);
        StringBuilder report =
                new StringBuilder("A function that echoes frames of 200 bytes, on one zipper (yomo v1.22.3).\n"
                        + "Java %s, %s, %d processors, which zipper, driver and function share\n\n"
                                .formatted(
                                        System.getProperty("java.runtime.version"),
                                        System.getProperty("os.arch"),
                                        Runtime.getRuntime().availableProcessors()));
        functions(report, smoke);
        codec(report, smoke, name);
        System.out.println(report);
        Files.writeString(RESULTS.resolve(name + ".txt"), report);
    }

    // ---- the functions

    private static void functions(StringBuilder report, boolean smoke) throws IOException, InterruptedException {
        GoPeer.build();
        List<Run> go = new ArrayList<>();
        List<Run> java = new ArrayList<>();
        int port;
        try (DatagramSocket free = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        String address = "127.0.0.1:" + port;
        report.append("                 frames/s     p50 us     p99 us\n");
        String[] goFunction = {"function", address, "-", "go-echo", "30", "echo=31"};
        GoPeer.with(GoPeer.command("zipper", address), () -> {
            for (int turn = 1; turn <= (smoke ? 1 : 5); turn++) {
                String round = " " + turn;
                GoPeer.with(GoPeer.command(goFunction), () -> go.add(drive(report, "Go" + round, address, smoke)));
                GoPeer.with(javaFunction(address), () -> java.add(drive(report, "Java" + round, address, smoke)));
            }
        });
        Run ours = median(java);
        Run theirs = median(go);
        report.append(line("Go, medians", theirs))
                .append(line("Java, medians", ours))
                .append('\n');
        ratio(report, "rate, to Go's", ours.rate() / theirs.rate(), 0.8, true);
        ratio(report, "p50 of a round trip, to Go's", ours.median() / theirs.median(), 1.3, false);
        report.append("%-34s %6.2f\n\n".formatted("p99 of a round trip, to Go's", ours.late() / theirs.late()));
    }

    private static List<String> javaFunction(String address) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                EchoFunction.class.getName(),
                address);
    }

    private static Run drive(StringBuilder report, String who, String address, boolean smoke) throws IOException {
        int frames = smoke ? 2_000 : 100_000;
        int rounds = smoke ? 100 : 4_000;
        try (GoPeer driver = GoPeer.start(
                GoPeer.command("bench", address, Integer.toString(frames), "256", Integer.toString(rounds)))) {
            String[] result = driver.next().split(" ");
            if (!result[0].equals("RESULT")) {
                throw new IOException(who + ": " + String.join(" ", result));
            }
            Run run = new Run(
                    Double.parseDouble(result[1]), Double.parseDouble(result[2]), Double.parseDouble(result[3]));
            report.append(line(who, run));
            return run;
        }
    }

    private static String line(String who, Run run) {
        return "%-14s %10.0f %10.1f %10.1f\n".formatted(who, run.rate(), run.median(), run.late());
    }

    private static Run median(List<Run> runs) {
        return new Run(
                middle(runs.stream().map(Run::rate).sorted().toList()),
                middle(runs.stream().map(Run::median).sorted().toList()),
                middle(runs.stream().map(Run::late).sorted().toList()));
    }

    private static double middle(List<Double> sorted) {
        return sorted.get(sorted.size() / 2);
    }

    private static void ratio(StringBuilder report, String what, double ratio, double bar, boolean atLeast) {
        boolean holds = atLeast ? ratio >= bar : ratio <= bar;
        report.append("%-34s %6.2f (%sbar: %s %.1f)\n"
                .formatted(what, ratio, holds ? "" : "MISSES the ", atLeast ? "at least" : "at most", bar));
    }

    // ---- the codec

    @SuppressWarnings("rawtypes") // as JMH hands them out
    private static void codec(StringBuilder report, boolean smoke, String name) throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(FrameBenchmark.class.getName())
                .addProfiler(GCProfiler.class)
                .output(RESULTS.resolve(name + ".jmh.txt").toString());
        if (smoke) {
            TimeValue moment = TimeValue.milliseconds(100);
            options.warmupIterations(1)
                    .warmupTime(moment)
                    .measurementIterations(1)
                    .measurementTime(moment);
        }
        Collection<RunResult> results = new Runner(options.build()).run();
        Map<String, Double> bytes = new TreeMap<>();
        for (RunResult result : results) {
            String what = result.getPrimaryResult().getLabel();
            double allocated = result.getSecondaryResults().entrySet().stream()
                    .filter(metric -> metric.getKey().endsWith("gc.alloc.rate.norm"))
                    .mapToDouble(metric -> metric.getValue().getScore())
                    .findFirst()
                    .orElse(Double.NaN);
            // JMH counts with a fraction of a byte of its own.
            bytes.put(what, (double) Math.round(allocated));
            report.append("%-14s %10.1f ns %10.0f B\n"
                    .formatted(what, result.getPrimaryResult().getScore(), allocated));
        }
        report.append('\n');
        ratio(
                report,
                "bytes of encode, to the array's",
                allocated(bytes, "encode") / allocated(bytes, "encodedArray"),
                1.0,
                false);
        ratio(
                report,
                "bytes of decode, to the frame's",
                allocated(bytes, "decode") / allocated(bytes, "frame"),
                1.0,
                false);
    }

    private static double allocated(Map<String, Double> bytes, String what) {
        Double allocated = bytes.get(what);
        if (allocated == null) {
            throw new IllegalStateException("no result of " + what);
        }
        return allocated;
    }
}
