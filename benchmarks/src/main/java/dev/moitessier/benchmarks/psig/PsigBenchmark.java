package dev.moitessier.benchmarks.psig;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Runs {@link SignallingBenchmark} once, and Go's library beside it where there is a Go tool chain; prints nanoseconds and
 * bytes for each call and the ratios that matter, and writes them and JMH's raw output to {@code results}. With
 * {@code smoke} as argument it only shows that all runs, in a few seconds.
 */
public final class PsigBenchmark {
    private static final Path RESULTS = Path.of("results");
    private static final Path GO_PROGRAM = Path.of("src", "main", "go", "psig");

    private record Cost(double nanos, double error, double bytes) {
        @Override
        public String toString() {
            String margin = Double.isNaN(error) ? "        " : "± %6.1f".formatted(error);
            return "%8.1f ns %s %8.0f B".formatted(nanos, margin, bytes);
        }
    }

    private PsigBenchmark() {}

    public static void main(String[] args) throws RunnerException, IOException, InterruptedException {
        boolean smoke = List.of(args).contains("smoke");
        String name = smoke ? "psig-smoke" : "psig";
        Files.createDirectories(RESULTS);

        Map<String, Cost> costs = new TreeMap<>(runJmh(smoke, name));
        Optional<Map<String, Cost>> go = runGo();
        go.ifPresent(costs::putAll);

        StringBuilder report = new StringBuilder();
        report.append("One signalling of 100 bytes, time and allocation for each call, one run.\n")
                .append("Java %s, %s, %d processors\n\n"
                        .formatted(
                                System.getProperty("java.runtime.version"),
                                System.getProperty("os.arch"),
                                Runtime.getRuntime().availableProcessors()));
        costs.forEach((what, cost) -> report.append("%-24s %s\n".formatted(what, cost)));
        report.append('\n');
        ratio(report, costs, "encode, to jackson-dataformat-msgpack", 3, "psigEncode", "jacksonEncode");
        ratio(report, costs, "decode, to jackson-dataformat-msgpack", 3, "psigDecode", "jacksonDecode");
        ratio(report, costs, "rewrite, to decode and encode", 3, "psigRewrite", "psigDecodeThenEncode");
        ratio(report, costs, "encode, to msgpack-core by hand", 0, "psigEncode", "msgpackCoreEncode");
        ratio(report, costs, "decode, to msgpack-core by hand", 0, "psigDecode", "msgpackCoreDecode");
        if (go.isPresent()) {
            ratio(report, costs, "encode, to Go", 0, "psigEncode", "goEncode");
            ratio(report, costs, "decode, to Go", 0, "psigDecode", "goDecode");
        } else {
            report.append("There is no Go tool chain on the PATH: no figures of vmihailenco/msgpack.\n");
        }
        System.out.println(report);
        Files.writeString(RESULTS.resolve(name + ".txt"), report);
    }

    @SuppressWarnings("rawtypes") // as JMH hands them out
    private static Map<String, Cost> runJmh(boolean smoke, String name) throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(SignallingBenchmark.class.getName())
                .addProfiler(GCProfiler.class)
                .resultFormat(ResultFormatType.JSON)
                .result(RESULTS.resolve(name + ".json").toString())
                .output(RESULTS.resolve(name + ".jmh.txt").toString());
        if (smoke) {
            TimeValue moment = TimeValue.milliseconds(100);
            options.forks(1)
                    .warmupIterations(2)
                    .warmupTime(moment)
                    .measurementIterations(2)
                    .measurementTime(moment);
        }
        Collection<RunResult> results = new Runner(options.build()).run();
        Map<String, Cost> costs = new TreeMap<>();
        for (RunResult result : results) {
            Result<?> time = result.getPrimaryResult();
            double bytes = result.getSecondaryResults().entrySet().stream()
                    .filter(metric -> metric.getKey().endsWith("gc.alloc.rate.norm"))
                    .mapToDouble(metric -> metric.getValue().getScore())
                    .findFirst()
                    .orElse(Double.NaN);
            costs.put(time.getLabel(), new Cost(time.getScore(), time.getScoreError(), bytes));
        }
        return costs;
    }

    private static Optional<Map<String, Cost>> runGo() throws IOException, InterruptedException {
        boolean present = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(
                        folder -> Files.isExecutable(Path.of(folder, "go")) || Files.exists(Path.of(folder, "go.exe")));
        if (!present) {
            return Optional.empty();
        }
        String message = HexFormat.of().formatHex(SignallingBenchmark.sample().encode());
        Process process = new ProcessBuilder("go", "run", ".", message)
                .directory(GO_PROGRAM.toFile())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException("go run ended with " + process.exitValue());
        }
        Map<String, Cost> costs = new TreeMap<>();
        for (String line : output.lines().toList()) {
            List<String> columns = List.of(line.split(" "));
            String what = columns.get(0).equals("encode") ? "goEncode" : "goDecode";
            costs.put(
                    what, new Cost(Double.parseDouble(columns.get(1)), Double.NaN, Double.parseDouble(columns.get(2))));
        }
        return Optional.of(costs);
    }

    private static void ratio(
            StringBuilder report, Map<String, Cost> costs, String what, int bar, String ours, String theirs) {
        double ratio = cost(costs, theirs).nanos() / cost(costs, ours).nanos();
        String verdict = bar == 0 ? "" : ratio >= bar ? " (bar: " + bar + ")" : " (MISSES the bar: " + bar + ")";
        report.append("%-40s %6.1f times as fast%s\n".formatted(what, ratio, verdict));
    }

    private static Cost cost(Map<String, Cost> costs, String what) {
        Cost cost = costs.get(what);
        if (cost == null) {
            throw new IllegalStateException("no result of " + what);
        }
        return cost;
    }
}
