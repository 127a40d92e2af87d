package dev.moitessier.benchmarks.core;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
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
 * moitessier-core on the memory store: prints what a dispatch, a delivery, a wake-up and an idle listener cost, as ratios of
 * one run, and writes them to {@code results}. With {@code smoke} as argument it only shows that all runs.
 */
public final class CoreBenchmark {
    private static final Path RESULTS = Path.of("results");
    private static final int MANY = 10_000;

    private final StringBuilder report = new StringBuilder();
    private final boolean smoke;

    private CoreBenchmark(boolean smoke) {
        this.smoke = smoke;
    }

    public static void main(String[] args) throws RunnerException, IOException {
        Files.createDirectories(RESULTS);
        new CoreBenchmark(List.of(args).contains("smoke")).run();
    }

    private void run() throws RunnerException, IOException {
        report.append("moitessier-core on the memory store, one run.\n")
                .append("Java %s, %s, %d processors%n%n"
                        .formatted(
                                System.getProperty("java.runtime.version"),
                                System.getProperty("os.arch"),
                                Runtime.getRuntime().availableProcessors()));
        dispatchToBareSteps();
        manySubscribers();
        wakeUp();
        report.append("heap per idle listener %30.0f bytes%n"
                .formatted(Listening.bytesPerIdleListener(smoke ? MANY : 100_000)));
        System.out.println(report);
        Files.writeString(RESULTS.resolve(smoke ? "core-smoke.txt" : "core.txt"), report);
    }

    @SuppressWarnings("rawtypes") // as JMH hands them out
    private void dispatchToBareSteps() throws RunnerException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(DispatchBenchmark.class.getName())
                .addProfiler(GCProfiler.class)
                .resultFormat(ResultFormatType.JSON)
                .result(RESULTS.resolve(smoke ? "core-smoke.json" : "core.json").toString())
                .output(RESULTS.resolve(smoke ? "core-smoke.jmh.txt" : "core.jmh.txt")
                        .toString());
        if (smoke) {
            TimeValue moment = TimeValue.milliseconds(200);
            options.forks(1)
                    .warmupIterations(3)
                    .warmupTime(moment)
                    .measurementIterations(2)
                    .measurementTime(moment);
        }
        Map<String, Double> nanos = new TreeMap<>();
        for (RunResult result : new Runner(options.build()).run()) {
            Result<?> time = result.getPrimaryResult();
            nanos.put(time.getLabel(), time.getScore());
            double bytes = result.getSecondaryResults().entrySet().stream()
                    .filter(metric -> metric.getKey().endsWith("gc.alloc.rate.norm"))
                    .mapToDouble(metric -> metric.getValue().getScore())
                    .findFirst()
                    .orElse(Double.NaN);
            report.append("%-24s %8.1f ns %8.0f B%n".formatted(time.getLabel(), time.getScore(), bytes));
        }
        atMost(
                "dispatch, to its bare steps",
                Objects.requireNonNull(nanos.get("dispatch")) / Objects.requireNonNull(nanos.get("bareSteps")),
                3);
    }

    private void manySubscribers() {
        int calls = smoke ? 20 : 300;
        double one = Listening.callMicros(1, calls);
        double many = Listening.callMicros(MANY, calls);
        report.append(
                "%ncall with 1 subscriber %30.1f µs%ncall with %d subscribers %25.1f µs%n".formatted(one, MANY, many));
        atMost("call with 10,000 subscribers, to 1", many / one, 2);
        double deliveries = Listening.deliveriesPerSecond(MANY, smoke ? 20 : 1_000);
        report.append("%ndeliveries/s to %d subscribers %,19.0f%s%n"
                .formatted(MANY, deliveries, deliveries >= 2e6 ? " (bar: 2,000,000)" : " (MISSES the bar: 2,000,000)"));
    }

    private void wakeUp() {
        WakeUp.Micros micros = smoke ? WakeUp.measure(1_000, 500) : WakeUp.measure(200_000, 20_000);
        report.append("%nLockSupport.unpark to running %23.1f µs%n".formatted(micros.unpark()))
                .append("dispatch to a subscription's responder %14.1f µs%n".formatted(micros.subscription()))
                .append("dispatch to listenUntil's responder %17.1f µs%n".formatted(micros.listenUntil()));
        atMost("wake-up, to a bare hand-over", micros.subscription() / micros.unpark(), 5);
        atMost("the same of listenUntil", micros.listenUntil() / micros.unpark(), 5);
        report.append('\n');
    }

    private void atMost(String what, double ratio, int bar) {
        report.append("%-40s %6.2f times%s%n"
                .formatted(what, ratio, ratio <= bar ? " (bar: " + bar + ")" : " (MISSES the bar: " + bar + ")"));
    }
}
