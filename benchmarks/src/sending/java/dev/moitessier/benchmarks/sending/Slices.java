package dev.moitessier.benchmarks.sending;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Runs contenders in turns, a slice each, so that what the machine does meanwhile happens to all of them, and compares them
 * round by round: a ratio is the median of the rounds' ratios.
 */
public final class Slices {
    private final int rounds;
    private final long sliceNanos;
    private final Report report;

    public Slices(int rounds, long sliceMillis, Report report) {
        this.rounds = rounds;
        this.sliceNanos = TimeUnit.MILLISECONDS.toNanos(sliceMillis);
        this.report = report;
    }

    /** One that takes part with so many callers. */
    public record Entrant(Contender contender, int callers) {
        public String name() {
            return contender.name();
        }
    }

    /** Rates by name, one for each round. */
    public record Rates(Map<String, double[]> perSecond) {
        public double median(String name) {
            return Slices.median(of(name));
        }

        public double ratio(String name, String anchor) {
            double[] ours = of(name);
            double[] theirs = of(anchor);
            double[] ratios = new double[ours.length];
            for (int i = 0; i < ratios.length; i++) {
                ratios[i] = ours[i] / theirs[i];
            }
            return Slices.median(ratios);
        }

        private double[] of(String name) {
            double[] rates = perSecond.get(name);
            if (rates == null) {
                throw new IllegalArgumentException("not measured: " + name);
            }
            return rates;
        }
    }

    public Rates run(String what, List<Entrant> entrants, int scopes) throws Exception {
        return run(what, entrants, random -> "scope/" + random.nextInt(scopes));
    }

    /** Chooses a scope for each message. */
    public interface Scopes {
        String next(Random random);
    }

    public Rates run(String what, List<Entrant> entrants, Scopes scopes) throws Exception {
        Map<String, double[]> rates = new LinkedHashMap<>();
        for (int round = -1; round < rounds; round++) {
            for (Entrant entrant : order(entrants, round + 1)) {
                double rate = slice(entrant, scopes);
                if (round >= 0) {
                    rates.computeIfAbsent(entrant.name(), name -> new double[rounds])[round] = rate;
                    report.raw("%s\t%s\t%d callers\tround %d\t%.1f/s"
                            .formatted(what, entrant.name(), entrant.callers, round, rate));
                }
            }
        }
        return new Rates(rates);
    }

    /**
     * What one leaves to be written to the disk slows down who comes next. So within rounds each comes after each of the others equally
     * often, over as many rounds as there are contenders: a Williams square, which for an odd number takes as many again, backwards.
     * From round to round that does not hold: there an even number's first comes after the one that follows it in the list.
     */
    private static List<Entrant> order(List<Entrant> entrants, int round) {
        int size = entrants.size();
        List<Entrant> order = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            int zigzag = i % 2 == 1 ? (i + 1) / 2 : size - i / 2;
            order.add(entrants.get((zigzag + round) % size));
        }
        if (size % 2 == 1 && round / size % 2 == 1) {
            Collections.reverse(order);
        }
        return order;
    }

    private double slice(Entrant entrant, Scopes scopes) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(entrant.callers);
        try {
            CountDownLatch ready = new CountDownLatch(entrant.callers);
            CountDownLatch go = new CountDownLatch(1);
            List<Future<long[]>> callers = new ArrayList<>();
            for (int i = 0; i < entrant.callers; i++) {
                Random random = new Random(i);
                callers.add(threads.submit(() -> {
                    try (Contender.Caller caller = entrant.contender.caller()) {
                        ready.countDown();
                        go.await();
                        long began = System.nanoTime();
                        long sent = 0;
                        while (System.nanoTime() - began < sliceNanos) {
                            caller.send(scopes.next(random));
                            sent++;
                        }
                        caller.flush();
                        return new long[] {sent, System.nanoTime() - began};
                    }
                }));
            }
            ready.await();
            go.countDown();
            double rate = 0;
            for (Future<long[]> each : callers) {
                long[] sentAndNanos = each.get();
                rate += sentAndNanos[0] * 1e9 / sentAndNanos[1];
            }
            return rate;
        } finally {
            threads.shutdownNow();
        }
    }

    public static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int half = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    }
}
