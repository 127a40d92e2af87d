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
import dev.moitessier.benchmarks.sending.Contender;
import dev.moitessier.benchmarks.sending.Report;
import dev.moitessier.benchmarks.sending.Slices;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;

/**
 * Prints ratios from one run on Google's Datastore emulator, a fresh one that makes indexes: the original's query needs one. Group
 * commit beside one caller, many listeners beside one, and the original's way (an entity per listener, found by {@code Created >}). An
 * emulator's times say nothing about production's. Arguments: {@code full} (default, about three minutes) or {@code quick}, the parts to
 * run ({@code group-commit}, {@code fan-out}, {@code polling}; default all), and the file for the report.
 */
final class DatastoreBenchmark {
    private static final int CALLERS = 30;
    /** More of them hold each other up so much that a round takes minutes. */
    private static final int BY_HAND = 4;

    private static final int LISTENERS = 100;
    /** In the scope of which nothing new is to be had. */
    private static final int ENTRIES = 500;

    private static final List<String> PARTS = List.of("group-commit", "fan-out", "polling");
    private static final Payload TEXT = Payload.wrap(new byte[200]);

    private final boolean quick;
    private final int rounds;
    private final int sliceMillis;
    private final Datastore datastore;
    private final DatastoreStore store;
    private final Report report = new Report();

    private DatastoreBenchmark(Emulator emulator, boolean quick) {
        this.quick = quick;
        rounds = quick ? 2 : 7;
        sliceMillis = quick ? 300 : 1_500;
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
        if (file.getParent() != null) {
            Files.createDirectories(file.getParent());
        }
        benchmark.report.write(file);
        System.exit(0);
    }

    private void run(List<String> parts) throws Exception {
        report.line("The store on Datastore, on Google's emulator; one run, contenders in turns, medians of "
                + rounds + " rounds of " + sliceMillis + " ms."
                + (quick ? " QUICK: figures without worth." : ""));
        report.line(
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

    private static Slices.Entrant entrant(String name, int callers, Contender.Caller caller) {
        return new Slices.Entrant(
                new Contender() {
                    @Override
                    public String name() {
                        return name;
                    }

                    @Override
                    public Caller caller() {
                        return caller;
                    }
                },
                callers);
    }

    private void groupCommit() throws Exception {
        register("hot", 1);
        Slices.Entrant one = entrant("1 caller", 1, scope -> append("hot"));
        Slices.Entrant many = entrant(CALLERS + " callers", CALLERS, scope -> append("hot"));
        Slices.Entrant alone =
                entrant(BY_HAND + " callers, a transaction each by hand", BY_HAND, scope -> transaction("bare"));
        Slices.Rates rates = inTurns("one scope", List.of(one, many, alone));
        report.atLeast(CALLERS + " callers, to 1", rates.ratio(many.name(), one.name()), 5);
        report.line("  %-62s %6.2f"
                .formatted("group commit, to a transaction each by hand", rates.ratio(many.name(), alone.name())));
    }

    private void fanOut() throws Exception {
        register("one", 1);
        register("many", LISTENERS);
        Slices.Entrant one = entrant("a dispatch to 1 listener", 1, scope -> append("one"));
        Slices.Entrant many = entrant("a dispatch to " + LISTENERS + " listeners", 1, scope -> append("many"));
        Slices.Entrant original = entrant(
                "the original's way: an entity for each of " + LISTENERS + " listeners",
                1,
                scope -> original(LISTENERS));
        Slices.Rates rates = inTurns("fan-out", List.of(one, many, original));
        // Rates are the other way round than costs.
        report.atMost("time to " + LISTENERS + " listeners, to 1", rates.ratio(one.name(), many.name()), 1.2);
        report.line("  %-62s %6.2f"
                .formatted("dispatch, to the original's way", rates.ratio(many.name(), original.name())));
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
        Slices.Entrant ours = entrant("a look at a quiet scope", 1, scope -> store.read(List.of(request), 1 << 20));
        Timestamp now = Timestamp.now();
        Slices.Entrant original = entrant("the original's look: Created >", 1, scope -> datastore
                .run(Query.newEntityQueryBuilder()
                        .setKind("Original")
                        .setFilter(CompositeFilter.and(
                                PropertyFilter.eq("Listener", "listener 0"), PropertyFilter.gt("Created", now)))
                        .build())
                .hasNext());
        Slices.Rates rates = inTurns("polling", List.of(ours, original));
        report.line(
                "  %-62s %6.2f".formatted("our look, to the original's", rates.ratio(ours.name(), original.name())));
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
                        report.raw("a rollback failed: " + gone.getMessage());
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

    private Slices.Rates inTurns(String what, List<Slices.Entrant> entrants) throws Exception {
        Slices.Rates rates = new Slices(rounds, sliceMillis, report).run(what, entrants, 1);
        report.line("\n" + what);
        for (Slices.Entrant each : entrants) {
            report.line("  %-62s %,8.1f/s".formatted(each.name(), rates.median(each.name())));
        }
        return rates;
    }
}
