package dev.moitessier.benchmarks.postgres;

import dev.moitessier.Moitessier;
import dev.moitessier.benchmarks.sending.Contender;
import dev.moitessier.benchmarks.sending.Dispatches;
import dev.moitessier.benchmarks.sending.OtherProcess;
import dev.moitessier.benchmarks.sending.Report;
import dev.moitessier.benchmarks.sending.Slices;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.Registration;
import dev.moitessier.store.postgres.PostgresStore;
import dev.moitessier.store.postgres.SchemaMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Prints what the store costs beside hand-written SQL on the same server, in one run, contenders in turns, with a listener in
 * another process. Arguments: {@code full} (default, about ten minutes) or {@code quick} (a minute, figures without worth), the parts to
 * run (default all of {@link #PARTS}), and the file for report and raw measurements.
 */
public final class PostgresBenchmark {
    private static final int SCOPES = 1_000;
    private static final int IN_FLIGHT = 1_000;
    private static final String HOT = "scope/0";
    private static final List<String> PARTS =
            List.of("many-scopes", "hot-scope", "enlisting", "spring-integration", "wake-up", "fan-out", "sizes");

    private final boolean quick;
    private final Set<String> parts;
    private final Report report = new Report();
    private final Server server = new Server();
    private final PostgresStore store;
    private final Moitessier moitessier;
    private final Slices slices;

    private PostgresBenchmark(boolean quick, Set<String> parts) throws Exception {
        this.quick = quick;
        this.parts = parts;
        slices = slices(7);
        store = PostgresStore.builder(server.url(), null, null)
                .schemaMode(SchemaMode.MIGRATE)
                .open();
        moitessier = Moitessier.builder(store).inFlight(IN_FLIGHT).build();
    }

    private Slices slices(int rounds) {
        return new Slices(quick ? 2 : rounds, quick ? 200 : 1_000, report);
    }

    public static void main(String[] arguments) throws Exception {
        List<String> said = new ArrayList<>(List.of(arguments));
        boolean quick = said.remove("quick");
        said.remove("full");
        Set<String> parts = new HashSet<>(said);
        parts.retainAll(PARTS);
        said.removeAll(parts);
        Path file =
                Path.of(said.isEmpty() ? quick ? "results/postgres-smoke.txt" : "results/postgres.txt" : said.get(0));
        if (file.getParent() != null) {
            Files.createDirectories(file.getParent());
        }
        PostgresBenchmark benchmark = new PostgresBenchmark(quick, parts.isEmpty() ? Set.copyOf(PARTS) : parts);
        try {
            benchmark.run();
        } finally {
            benchmark.close();
        }
        benchmark.report.write(file);
        System.exit(0);
    }

    private void run() throws Exception {
        conditions();
        Anchors.create(server, SCOPES);
        mailboxes();
        server.execute("analyze");
        try (OtherProcess elsewhere = new OtherProcess(ListeningProcess.class, server.url(), HOT)) {
            warmUp();
            part("many-scopes", () -> throughput(SCOPES));
            part("hot-scope", () -> throughput(1));
            part("enlisting", this::enlisting);
            part("spring-integration", this::springIntegration);
            part("wake-up", () -> wakeUp(elsewhere));
        }
        part("fan-out", this::fanOut);
        part("sizes", this::sizes);
    }

    /**
     * Until the compiler has done with all of them, as in a service that runs for a while: one caller makes some 2,000 calls a second,
     * and it takes some 15,000.
     */
    private void warmUp() throws Exception {
        Slices warmUp = new Slices(quick ? 1 : 9, quick ? 200 : 1_000, new Report());
        for (int callers : new int[] {32, 1}) {
            List<Slices.Entrant> entrants = new ArrayList<>();
            for (Contender each : contenders()) {
                entrants.add(new Slices.Entrant(each, callers));
            }
            warmUp.run("warm-up", entrants, SCOPES);
        }
    }

    private List<Contender> contenders() {
        return List.of(
                Anchors.bareInsert(server),
                Anchors.insertNotify(server),
                Anchors.mailboxNotify(server),
                Dispatches.blocking(moitessier));
    }

    private interface Part {
        void run() throws Exception;
    }

    private void part(String name, Part part) throws Exception {
        if (parts.contains(name)) {
            part.run();
        }
    }

    private void conditions() throws Exception {
        report.line("The Postgres store beside hand-written SQL; one run, contenders in turns, medians of rounds."
                + (quick ? " QUICK: figures without worth." : ""));
        report.line("Java %s, %d processors, %s"
                .formatted(
                        System.getProperty("java.runtime.version"),
                        Runtime.getRuntime().availableProcessors(),
                        server.text("select version()")));
        report.line("fsync %s, synchronous_commit %s, wal_sync_method %s, shared_buffers %s, text of %d bytes"
                .formatted(
                        server.text("show fsync"),
                        server.text("show synchronous_commit"),
                        server.text("show wal_sync_method"),
                        server.text("show shared_buffers"),
                        Dispatches.TEXT.length()));
        report.line("a bare commit takes %.0f µs alone".formatted(commitMicros()));
    }

    private double commitMicros() throws Exception {
        server.execute("create table commit_cost (id int)");
        try (Connection connection = server.connect();
                PreparedStatement insert = connection.prepareStatement("insert into commit_cost values (1)")) {
            double[] micros = new double[quick ? 50 : 500];
            for (int i = 0; i < micros.length; i++) {
                long began = System.nanoTime();
                insert.execute();
                micros[i] = (System.nanoTime() - began) / 1e3;
            }
            return Slices.median(micros);
        }
    }

    /** One durable mailbox in each scope, so that somebody hears; nobody here reads them. */
    private void mailboxes() throws Exception {
        inParallel(SCOPES, scope -> register("scope/" + scope, ListenerType.SHARED, 0));
    }

    private void register(String scope, ListenerType type, int person) {
        ListenerRef listener =
                new ListenerRef(scope, type, type == ListenerType.SHARED ? null : new Party("person" + person, ""));
        store.register(new Registration(
                UUID.randomUUID(), listener, "durable", null, Duration.ofDays(1), Payload.empty(), null));
    }

    private interface Numbered {
        void run(int number) throws Exception;
    }

    private static void inParallel(int count, Numbered work) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Callable<@Nullable Void>> all = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                int number = i;
                all.add(() -> {
                    work.run(number);
                    return null;
                });
            }
            for (Future<@Nullable Void> each : threads.invokeAll(all)) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private void throughput(int scopes) throws Exception {
        String where = scopes == 1 ? "one hot scope" : scopes + " scopes";
        for (int callers : new int[] {1, 8, 32}) {
            List<Contender> contenders = contenders();
            Contender bare = contenders.get(0);
            Contender notifying = contenders.get(1);
            Contender mailbox = contenders.get(2);
            Contender ours = contenders.get(3);
            List<Slices.Entrant> entrants = new ArrayList<>();
            for (Contender each : contenders) {
                entrants.add(new Slices.Entrant(each, callers));
            }
            Contender async = Dispatches.async(moitessier, IN_FLIGHT);
            if (callers == 32) {
                entrants.add(new Slices.Entrant(async, 1));
            }
            // One caller waits for a server that sleeps between two calls: its rounds differ most.
            Slices rounds = callers == 1 ? slices(15) : slices;
            Slices.Rates rates = rounds.run(where + ", " + callers + " callers", entrants, scopes);
            report.line("\n%s, %d callers, a listener in another process".formatted(where, callers));
            for (Slices.Entrant entrant : entrants) {
                report.line("  %-40s %,12.0f/s".formatted(entrant.name(), rates.median(entrant.name())));
            }
            report.atLeast("dispatch, to the row per listener + NOTIFY", rates.ratio(ours.name(), mailbox.name()), 1);
            report.atLeast("dispatch, to INSERT + NOTIFY", rates.ratio(ours.name(), notifying.name()), 0.8);
            if (callers == 32) {
                report.atLeast("dispatch, to a bare INSERT", rates.ratio(ours.name(), bare.name()), 1);
                report.atLeast("dispatchAsync, to a bare INSERT", rates.ratio(async.name(), bare.name()), 2);
            } else {
                report.line(
                        "  %-62s %6.2f".formatted("dispatch, to a bare INSERT", rates.ratio(ours.name(), bare.name())));
            }
        }
    }

    /** A business transaction of two inserts, and an ordered append to one hot scope in it. */
    private void enlisting() throws Exception {
        Contender none = Anchors.transaction(server, "transaction without a message", (connection, scope) -> {});
        Contender held = Anchors.transaction(server, "scope row held", Anchors::holdScopeRow);
        Contender enlisted = Anchors.transaction(server, "enlisted dispatch", (connection, scope) -> moitessier
                .within(store.enlist(connection))
                .dispatch(Dispatches.BOB, scope, Dispatches.TEXT));
        List<Slices.Entrant> entrants =
                List.of(new Slices.Entrant(none, 32), new Slices.Entrant(held, 32), new Slices.Entrant(enlisted, 32));
        Slices.Rates rates = slices.run("enlisting", entrants, 1);
        report.line("\na transaction of two inserts that also sends to one hot scope, 32 callers");
        for (Slices.Entrant entrant : entrants) {
            report.line("  %-40s %,12.0f/s".formatted(entrant.name(), rates.median(entrant.name())));
        }
        report.atLeast("enlisted, to the scope's row held", rates.ratio(enlisted.name(), held.name()), 4);
    }

    private void springIntegration() throws Exception {
        try (SpringIntegration spring = new SpringIntegration(server)) {
            Contender ours = Dispatches.blocking(moitessier);
            List<Slices.Entrant> entrants = List.of(new Slices.Entrant(ours, 32), new Slices.Entrant(spring, 32));
            Slices.Rates rates = slices.run("Spring Integration", entrants, 1);
            report.line(
                    "\nSpring Integration's channel over JdbcChannelMessageStore, one channel, 32 callers, its subscriber at work");
            for (Slices.Entrant entrant : entrants) {
                report.line("  %-40s %,12.0f/s".formatted(entrant.name(), rates.median(entrant.name())));
            }
            report.line("  %-40s %,12d".formatted("delivered by it within the run", spring.delivered()));
            report.atLeast("dispatch, to Spring Integration", rates.ratio(ours.name(), spring.name()), 5);
        }
    }

    private void wakeUp(OtherProcess elsewhere) throws Exception {
        int times = quick ? 40 : 1_000;
        try (Connection connection = server.connect();
                PreparedStatement insert = connection.prepareStatement(
                        "with m as (insert into anchor_message (scope, sender, body) values (?, 'bob', ?) returning scope, id) "
                                + "select pg_notify('" + Anchors.CHANNEL + "', scope || ' ' || id) from m")) {
            // In turns, each alone: a wake-up is a matter of an idle moment.
            for (int i = 0; i < times; i++) {
                moitessier.dispatch(Dispatches.BOB, HOT, OtherProcess.SENT + System.nanoTime());
                TimeUnit.MILLISECONDS.sleep(12);
                insert.setString(1, HOT);
                insert.setString(2, OtherProcess.SENT + System.nanoTime());
                insert.execute();
                TimeUnit.MILLISECONDS.sleep(12);
            }
        }
        report.line("\nfrom dispatch to responder in another process, an idle server, %d times each".formatted(times));
        double listen = percentiles("bare LISTEN/NOTIFY, then a read", elsewhere.await("listen", times));
        double ours = percentiles("dispatch to responder", elsewhere.await("moitessier", times));
        percentiles("a table polled each 50 ms", elsewhere.await("poll", times));
        report.atMost("dispatch to responder, to bare LISTEN/NOTIFY (p50)", ours / listen, 1.5);
    }

    private double percentiles(String what, long[] sortedNanos) {
        double half = sortedNanos[sortedNanos.length / 2] / 1e3;
        report.line("  %-40s p50 %,9.0f µs   p99 %,9.0f µs"
                .formatted(what, half, sortedNanos[sortedNanos.length * 99 / 100] / 1e3));
        for (long each : sortedNanos) {
            report.raw("wake-up\t%s\t%d ns".formatted(what, each));
        }
        return half;
    }

    private void fanOut() throws Exception {
        int many = quick ? 200 : 10_000;
        register("one", ListenerType.PRIVATE, 0);
        inParallel(many, person -> register("many", ListenerType.PRIVATE, person));
        Contender ours = Dispatches.blocking(moitessier);
        Contender one = named(ours, "dispatch to 1 listener");
        Contender all = named(ours, "dispatch to " + many + " listeners");
        Slices.Rates rates = run("fan-out", one, "one", all, "many");
        report.line("\nfan-out, 8 callers");
        report.line("  %-40s %,12.0f/s".formatted(one.name(), rates.median(one.name())));
        report.line("  %-40s %,12.0f/s".formatted(all.name(), rates.median(all.name())));
        report.atLeast("to " + many + " listeners, to 1", rates.ratio(all.name(), one.name()), 0.9);
    }

    private Slices.Rates run(String what, Contender first, String firstScope, Contender second, String secondScope)
            throws Exception {
        return slices.run(
                what,
                List.of(
                        new Slices.Entrant(fixed(first, firstScope), 8),
                        new Slices.Entrant(fixed(second, secondScope), 8)),
                1);
    }

    private static Contender named(Contender contender, String name) {
        return new Contender() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Caller caller() throws Exception {
                return contender.caller();
            }
        };
    }

    private static Contender fixed(Contender contender, String scope) {
        return new Contender() {
            @Override
            public String name() {
                return contender.name();
            }

            @Override
            public Caller caller() throws Exception {
                Caller caller = contender.caller();
                return any -> caller.send(scope);
            }
        };
    }

    /** Rows, bytes in tables and bytes of WAL for one message to ten listeners. */
    private void sizes() throws Exception {
        int messages = quick ? 500 : 20_000;
        report.line("\none message to %d listeners: rows inserted, bytes in tables and indexes, bytes of WAL"
                .formatted(Anchors.LISTENERS));
        size("dispatch, one after the other", Dispatches.blocking(moitessier), messages / 10, "moitessier");
        size(
                "dispatchAsync, " + IN_FLIGHT + " in flight",
                Dispatches.async(moitessier, IN_FLIGHT),
                messages,
                "moitessier");
        size("INSERT", Anchors.bareInsert(server), messages / 10, "public");
        size("row per listener + NOTIFY", Anchors.mailboxNotify(server), messages / 10, "public");
    }

    private void size(String what, Contender contender, int messages, String schema) throws Exception {
        String bytes =
                "select sum(pg_total_relation_size(c.oid)) from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                        + "where c.relkind = 'r' and n.nspname = '" + schema + "'";
        // Full pages after a checkpoint would be counted as if they were the messages'.
        server.execute("checkpoint");
        try (Contender.Caller warm = contender.caller()) {
            for (int i = 0; i < messages / 2; i++) {
                warm.send(HOT);
            }
            warm.flush();
            long head = server.number("select max(head) from moitessier.scope");
            long rowsBefore = rows(schema, head);
            long bytesBefore = server.number(bytes);
            String walBefore = server.text("select pg_current_wal_lsn()");
            for (int i = 0; i < messages; i++) {
                warm.send(HOT);
            }
            warm.flush();
            long wal = server.number("select pg_wal_lsn_diff(pg_current_wal_lsn(), '" + walBefore + "')::bigint");
            report.line("  %-40s %6.2f rows %,8.0f bytes %,8.0f bytes of WAL"
                    .formatted(
                            what,
                            (rows(schema, head) - rowsBefore) / (double) messages,
                            (server.number(bytes) - bytesBefore) / (double) messages,
                            wal / (double) messages));
        }
    }

    /** Counted, not asked of the statistics, which are seconds late; of ours what came after a position, since ids are forgotten. */
    private long rows(String schema, long head) throws Exception {
        if (schema.equals("public")) {
            return server.number(
                    "select (select count(*) from anchor_message) + (select count(*) from anchor_mailbox)");
        }
        long rows = 0;
        for (String table : List.of("message", "override", "dispatch")) {
            rows += server.number("select count(*) from moitessier." + table + " where position > " + head);
        }
        return rows;
    }

    private void close() throws Exception {
        moitessier.close();
        server.close();
    }
}
