package dev.moitessier.store.datastore;

import com.google.cloud.Timestamp;
import com.google.cloud.datastore.Datastore;
import com.google.cloud.datastore.DatastoreException;
import com.google.cloud.datastore.Entity;
import com.google.cloud.datastore.FullEntity;
import com.google.cloud.datastore.IncompleteKey;
import com.google.cloud.datastore.Key;
import com.google.cloud.datastore.PathElement;
import com.google.cloud.datastore.Query;
import com.google.cloud.datastore.StructuredQuery.CompositeFilter;
import com.google.cloud.datastore.StructuredQuery.PropertyFilter;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Content;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registration;
import dev.moitessier.store.datastore.emulator.Emulator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntConsumer;

/**
 * Prints ratios from one run on Google's Datastore emulator, a fresh one that makes indexes: the original's query needs one. Group
 * commit beside one caller, many listeners beside one, and the original's way (an entity per listener, found by {@code Created >}). An
 * emulator's times say nothing about production's. Arguments: {@code full} (default, about four minutes) or {@code quick}, the parts to
 * run ({@code group-commit}, {@code fan-out}, {@code polling}; default all), and the file for the report.
 */
final class DatastoreBenchmark {
    private static final int CALLERS = 30;
    private static final int LISTENERS = 100;
    /** In the scope of which nothing new is to be had. */
    private static final int ENTRIES = 500;

    private static final List<String> PARTS = List.of("group-commit", "fan-out", "polling");
    private static final Payload TEXT = Payload.wrap(new byte[200]);

    private final boolean quick;
    private final int rounds;
    private final long sliceNanos;
    private final Datastore datastore;
    private final DatastoreStore store;
    private final StringBuilder lines = new StringBuilder();
    private final StringBuilder raw = new StringBuilder();
    private int missed;

    private DatastoreBenchmark(Emulator emulator, boolean quick) {
        this.quick = quick;
        rounds = quick ? 2 : 9;
        sliceNanos = Duration.ofMillis(quick ? 300 : 2_500).toNanos();
        datastore = Clients.of(emulator, Scratch.namespace());
        store = DatastoreStore.create(datastore);
    }

    public static void main(String[] arguments) throws Exception {
        List<String> said = new ArrayList<>(List.of(arguments));
        boolean quick = said.remove("quick");
        said.remove("full");
        List<String> parts = new ArrayList<>(PARTS);
        parts.retainAll(said);
        said.removeAll(parts);
        Path file = Path.of(
                said.isEmpty()
                        ? quick ? "target/datastore-smoke.txt" : "../benchmarks/results/datastore.txt"
                        : said.get(0));
        Emulator emulator = Emulator.own(Emulator.Kind.DATASTORE, true);
        DatastoreBenchmark benchmark = new DatastoreBenchmark(emulator, quick);
        benchmark.run(parts.isEmpty() ? PARTS : parts);
        benchmark.store.close();
        benchmark.write(file);
        System.exit(0);
    }

    private void run(List<String> parts) throws Exception {
        line("The store on Datastore, on Google's emulator; one run, contenders in turns, medians of "
                + rounds + " rounds of " + Duration.ofNanos(sliceNanos).toMillis() + " ms."
                + (quick ? " QUICK: figures without worth." : ""));
        line(
                "Java %s, %d processors, texts of %d bytes. An emulator's times are not production's: only ratios mean something."
                        .formatted(
                                System.getProperty("java.runtime.version"),
                                Runtime.getRuntime().availableProcessors(),
                                TEXT.size()));
        for (String part : parts) {
            switch (part) {
                case "group-commit" -> groupCommit();
                case "fan-out" -> fanOut();
                default -> polling();
            }
        }
    }

    /** One way of sending. */
    private record Contender(String name, int callers, IntConsumer send) {}

    private void groupCommit() throws Exception {
        register("hot", 1);
        Contender one = new Contender("1 caller", 1, caller -> append("hot"));
        Contender many = new Contender(CALLERS + " callers", CALLERS, caller -> append("hot"));
        Contender alone = new Contender(
                CALLERS + " callers, a transaction each, no group commit", CALLERS, caller -> transaction("bare"));
        double[][] rates = inTurns("one scope", List.of(one, many, alone));
        atLeast(CALLERS + " callers, to 1", ratio(rates[1], rates[0]), 5);
        line("  %-62s %6.2f".formatted("group commit, to a transaction each", ratio(rates[1], rates[2])));
    }

    private void fanOut() throws Exception {
        register("one", 1);
        register("many", LISTENERS);
        Contender one = new Contender("a dispatch to 1 listener", 1, caller -> append("one"));
        Contender many = new Contender("a dispatch to " + LISTENERS + " listeners", 1, caller -> append("many"));
        Contender original = new Contender(
                "the original's way: an entity for each of " + LISTENERS + " listeners",
                1,
                caller -> original(LISTENERS));
        double[][] rates = inTurns("fan-out", List.of(one, many, original));
        // Rates are the other way round than costs.
        atMost("time to " + LISTENERS + " listeners, to 1", ratio(rates[0], rates[1]), 1.2);
        line("  %-62s %6.2f".formatted("dispatch, to the original's way", ratio(rates[1], rates[2])));
    }

    /** A look at a scope in which nothing new happened, with some entries in it. */
    private void polling() throws Exception {
        register("quiet", 1);
        for (int i = 0; i < ENTRIES; i++) {
            append("quiet");
            original(1);
        }
        long head = store.members("quiet", Set.of()).head();
        ReadRequest request = new ReadRequest("quiet", head, 100, false, Set.of(shared("quiet")));
        Contender ours = new Contender("a look at a quiet scope", 1, caller -> store.read(List.of(request), 1 << 20));
        Timestamp now = Timestamp.now();
        Contender original = new Contender("the original's look: Created >", 1, caller -> datastore
                .run(Query.newEntityQueryBuilder()
                        .setKind("Original")
                        .setFilter(CompositeFilter.and(
                                PropertyFilter.eq("Listener", "listener 0"), PropertyFilter.gt("Created", now)))
                        .build())
                .hasNext());
        double[][] rates = inTurns("polling", List.of(ours, original));
        line("  %-62s %6.2f".formatted("our look, to the original's", ratio(rates[0], rates[1])));
    }

    // What is compared

    private static ListenerRef shared(String scope) {
        return new ListenerRef(scope, ListenerType.SHARED, null);
    }

    private void register(String scope, int listeners) {
        for (int i = 0; i < listeners; i++) {
            ListenerRef listener =
                    i == 0 ? shared(scope) : new ListenerRef(scope, ListenerType.PRIVATE, new Party("person " + i, ""));
            store.register(new Registration(
                    UUID.randomUUID(), listener, "durable", null, Duration.ofDays(1), Payload.empty(), null));
        }
    }

    private void append(String scope) {
        Content content = new Content(new Party("bob", ""), null, TEXT, true, Map.of(), Map.of());
        Appended answer = store.append(List.of(
                        new Append(UUID.randomUUID(), scope, content, OptionalLong.empty(), Duration.ofMinutes(1))))
                .get(0);
        if (!(answer instanceof Appended.Stored)) {
            throw new IllegalStateException("not stored: " + answer);
        }
    }

    /** A counter and a message by hand, tried until it is committed. */
    private void transaction(String scope) {
        Key counter = datastore.newKeyFactory().setKind("Counter").newKey(scope);
        boolean committed = false;
        while (!committed) {
            var transaction = datastore.newTransaction();
            try {
                Entity before = transaction.get(counter);
                long next = before == null ? 1 : before.getLong("n") + 1;
                transaction.put(Entity.newBuilder(counter).set("n", next).build());
                transaction.put(FullEntity.newBuilder(
                                Key.newBuilder(counter, "Bare", next).build())
                        .set("text", new String(new char[TEXT.size()]))
                        .build());
                transaction.commit();
                committed = true;
            } catch (DatastoreException contention) {
                if (contention.getCode() != 10) {
                    throw contention;
                }
            } finally {
                if (transaction.isActive()) {
                    try {
                        transaction.rollback();
                    } catch (DatastoreException gone) {
                        raw.append("a rollback failed: ")
                                .append(gone.getMessage())
                                .append('\n');
                    }
                }
            }
        }
    }

    /** As the Go library did: one put of its own for each listener, under a random key, with the client's time. */
    private void original(int listeners) {
        for (int i = 0; i < listeners; i++) {
            IncompleteKey key = datastore
                    .newKeyFactory()
                    .addAncestor(PathElement.of("Listener", "listener " + i))
                    .setKind("Original")
                    .newKey();
            datastore.put(FullEntity.newBuilder(key)
                    .set("Listener", "listener " + i)
                    .set("Created", Timestamp.now())
                    .set("Text", new String(new char[TEXT.size()]))
                    .build());
        }
    }

    // Measuring

    private double[][] inTurns(String what, List<Contender> contenders) throws Exception {
        double[][] rates = new double[contenders.size()][rounds];
        for (int round = -1; round < rounds; round++) {
            for (int i = 0; i < contenders.size(); i++) {
                int turn = Math.floorMod(i + round, contenders.size());
                double rate = slice(contenders.get(turn));
                if (round >= 0) {
                    rates[turn][round] = rate;
                    raw.append("%s\t%s\tround %d\t%.2f/s%n".formatted(what, contenders.get(turn).name, round, rate));
                }
            }
        }
        line("\n" + what);
        for (int i = 0; i < rates.length; i++) {
            line("  %-62s %,8.1f/s".formatted(contenders.get(i).name, median(rates[i])));
        }
        return rates;
    }

    private double slice(Contender contender) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(contender.callers);
        try {
            List<Future<double[]>> callers = new ArrayList<>();
            for (int i = 0; i < contender.callers; i++) {
                int caller = i;
                callers.add(threads.submit(() -> {
                    long began = System.nanoTime();
                    int sent = 0;
                    while (System.nanoTime() - began < sliceNanos) {
                        contender.send.accept(caller);
                        sent++;
                    }
                    return new double[] {sent, System.nanoTime() - began};
                }));
            }
            double rate = 0;
            for (Future<double[]> each : callers) {
                rate += each.get()[0] * 1e9 / each.get()[1];
            }
            return rate;
        } finally {
            threads.shutdownNow();
        }
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted.length % 2 == 1
                ? sorted[sorted.length / 2]
                : (sorted[sorted.length / 2 - 1] + sorted[sorted.length / 2]) / 2;
    }

    private static double ratio(double[] ours, double[] theirs) {
        double[] ratios = new double[ours.length];
        Arrays.setAll(ratios, i -> ours[i] / theirs[i]);
        return median(ratios);
    }

    private void line(String line) {
        System.out.println(line);
        lines.append(line).append('\n');
    }

    private void atLeast(String what, double ratio, double bar) {
        verdict(what, ratio, "at least", bar, ratio >= bar);
    }

    private void atMost(String what, double ratio, double bar) {
        verdict(what, ratio, "at most", bar, ratio <= bar);
    }

    private void verdict(String what, double ratio, String word, double bar, boolean met) {
        missed += met ? 0 : 1;
        line("  %-62s %6.2f  (%s %s %.2f)".formatted(what, ratio, met ? "bar:" : "MISSES the bar:", word, bar));
    }

    private void write(Path file) throws IOException {
        line(missed == 0 ? "\nall bars met" : "\n" + missed + " bars missed");
        if (file.getParent() != null) {
            Files.createDirectories(file.getParent());
        }
        Files.writeString(file, lines + "\nraw\n" + raw);
    }
}
