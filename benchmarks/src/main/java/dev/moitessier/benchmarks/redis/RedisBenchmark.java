package dev.moitessier.benchmarks.redis;

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
import dev.moitessier.store.redis.RedisStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.params.XAddParams;

/**
 * Prints what the store costs beside hand-written commands on the same server, in one run, contenders in turns, with a listener in
 * another process. Arguments: {@code full} (default, about six minutes) or {@code quick} (a minute, figures without worth), the parts to
 * run (default all), and the file for report and raw measurements.
 */
public final class RedisBenchmark {
    private static final int SCOPES = 1_000;
    private static final int IN_FLIGHT = 1_000;
    private static final String HOT = "scope/0";
    private static final List<String> PARTS =
            List.of("many-scopes", "hot-scope", "wake-up", "fan-out", "redisson", "sizes");

    private final boolean quick;
    private final Set<String> parts;
    private final Report report = new Report();
    private final Server server = new Server();
    private final RedisStore store;
    private final Moitessier moitessier;
    private final Slices slices;

    private RedisBenchmark(boolean quick, Set<String> parts) throws Exception {
        this.quick = quick;
        this.parts = parts;
        slices = new Slices(quick ? 2 : 7, quick ? 200 : 500, report);
        store = RedisStore.builder(server.url(), null, null).open();
        moitessier = Moitessier.builder(store).inFlight(IN_FLIGHT).build();
    }

    public static void main(String[] arguments) throws Exception {
        List<String> said = new ArrayList<>(List.of(arguments));
        boolean quick = said.remove("quick");
        said.remove("full");
        Set<String> parts = new HashSet<>(said);
        parts.retainAll(PARTS);
        said.removeAll(parts);
        Path file = Path.of(said.isEmpty() ? quick ? "results/redis-smoke.txt" : "results/redis.txt" : said.get(0));
        if (file.getParent() != null) {
            Files.createDirectories(file.getParent());
        }
        RedisBenchmark benchmark = new RedisBenchmark(quick, parts.isEmpty() ? Set.copyOf(PARTS) : parts);
        try {
            benchmark.run();
            benchmark.report.write(file);
        } finally {
            benchmark.close();
        }
        System.exit(0);
    }

    private void run() throws Exception {
        conditions();
        mailboxes();
        warmUp();
        try (OtherProcess elsewhere = new OtherProcess(ListeningProcess.class, Integer.toString(server.port()), HOT)) {
            part("many-scopes", () -> throughput(SCOPES));
            part("hot-scope", () -> throughput(1));
            part("wake-up", () -> wakeUp(elsewhere));
        }
        part("fan-out", this::fanOut);
        part("redisson", this::redisson);
        part("sizes", this::costs);
    }

    private interface Part {
        void run() throws Exception;
    }

    private void part(String name, Part part) throws Exception {
        if (parts.contains(name)) {
            part.run();
        }
    }

    private void conditions() {
        report.line("The Redis store beside hand-written commands; one run, contenders in turns, medians of rounds."
                + (quick ? " QUICK: figures without worth." : ""));
        report.line("Java %s, %d processors, Redis %s, appendfsync everysec, text of %d bytes"
                .formatted(
                        System.getProperty("java.runtime.version"),
                        Runtime.getRuntime().availableProcessors(),
                        server.text("server", "redis_version"),
                        Dispatches.TEXT.length()));
    }

    /** One durable mailbox in each scope, so that somebody hears; nobody here reads them. */
    private void mailboxes() {
        for (int scope = 0; scope < SCOPES; scope++) {
            register("scope/" + scope, ListenerType.SHARED, 0);
        }
    }

    /** Until the compiler has done with all of them; what is measured later begins with another unmeasured round. */
    private void warmUp() throws Exception {
        Slices warmUp = new Slices(quick ? 1 : 4, quick ? 200 : 1_000, new Report());
        for (int callers : new int[] {1, 32}) {
            List<Slices.Entrant> entrants = new ArrayList<>();
            for (Contender each : List.of(
                    Anchors.bareXadd(server),
                    Anchors.mailboxes(server),
                    Dispatches.blocking(moitessier),
                    Dispatches.async(moitessier, IN_FLIGHT))) {
                entrants.add(new Slices.Entrant(each, callers));
            }
            warmUp.run("warm-up", entrants, SCOPES);
        }
    }

    private void register(String scope, ListenerType type, int person) {
        ListenerRef listener =
                new ListenerRef(scope, type, type == ListenerType.SHARED ? null : new Party("person" + person, ""));
        store.register(new Registration(
                UUID.randomUUID(), listener, "durable", null, Duration.ofDays(1), Payload.empty(), null));
    }

    private void throughput(int scopes) throws Exception {
        String where = scopes == 1 ? "one hot scope" : scopes + " scopes";
        Map<Integer, Double> bars = Map.of(1, 0.8, 8, 1.2, 32, 2.0, 128, 2.0);
        for (int callers : new int[] {1, 8, 32, 128}) {
            Contender ours = Dispatches.blocking(moitessier);
            Contender bare = Anchors.bareXadd(server);
            Contender mailboxes = Anchors.mailboxes(server);
            Contender async = Dispatches.async(moitessier, IN_FLIGHT);
            List<Slices.Entrant> entrants = new ArrayList<>();
            for (Contender each : List.of(bare, mailboxes, ours)) {
                entrants.add(new Slices.Entrant(each, callers));
            }
            if (callers == 32) {
                entrants.add(new Slices.Entrant(async, 1));
            }
            Slices.Rates rates = slices.run(where + ", " + callers + " callers", entrants, scopes);
            report.line("\n%s, %d callers, a listener in another process".formatted(where, callers));
            for (Slices.Entrant entrant : entrants) {
                report.line("  %-40s %,12.0f/s".formatted(entrant.name(), rates.median(entrant.name())));
            }
            report.atLeast("dispatch, to 10 XADD in a pipeline", rates.ratio(ours.name(), mailboxes.name()), 1);
            report.atLeast(
                    "dispatch, to a bare XADD", rates.ratio(ours.name(), bare.name()), bars.getOrDefault(callers, 1.0));
            if (callers == 32) {
                report.atLeast("dispatchAsync, to a bare XADD", rates.ratio(async.name(), bare.name()), 5);
            }
        }
    }

    private void wakeUp(OtherProcess elsewhere) throws Exception {
        int times = quick ? 40 : 1_000;
        // The other process has read in large pages so far: what brings one message is compiled here.
        wakeUps(quick ? 40 : 1_500, 6, sent -> "unmeasured");
        wakeUps(times, 12, sent -> OtherProcess.SENT + sent);
        report.line("\nfrom dispatch to responder in another process, an idle server, %d times each".formatted(times));
        double bare = percentiles("bare pub/sub, then XRANGE", elsewhere.await("bare", times));
        double ours = percentiles("dispatch to responder", elsewhere.await("moitessier", times));
        report.atMost("dispatch to responder, to bare pub/sub (p50)", ours / bare, 1.5);
    }

    /** In turns, each alone: a wake-up is a matter of an idle moment. */
    private void wakeUps(int times, int pauseMillis, LongFunction<String> text) throws Exception {
        try (RedisClient client = server.client(1)) {
            for (int i = 0; i < times; i++) {
                moitessier.dispatch(Dispatches.BOB, HOT, text.apply(System.nanoTime()));
                TimeUnit.MILLISECONDS.sleep(pauseMillis);
                try (AbstractPipeline pipeline = client.pipelined()) {
                    pipeline.xadd(
                            "anchor:wake",
                            XAddParams.xAddParams(),
                            Map.of("sender", "bob", "text", text.apply(System.nanoTime())));
                    pipeline.publish(Anchors.CHANNEL, "anchor:wake");
                    pipeline.sync();
                }
                TimeUnit.MILLISECONDS.sleep(pauseMillis);
            }
        }
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

    private void redisson() throws Exception {
        try (Topics topics = new Topics(server)) {
            Contender ours = Dispatches.blocking(moitessier);
            Contender reliable = topics.reliable();
            Contender plain = topics.plain();
            List<Slices.Entrant> entrants = List.of(
                    new Slices.Entrant(ours, 32), new Slices.Entrant(reliable, 32), new Slices.Entrant(plain, 32));
            Slices.Rates rates = slices.run("Redisson", entrants, 1);
            report.line("\nRedisson's topics, one topic with a listener at work, 32 callers");
            for (Slices.Entrant entrant : entrants) {
                report.line("  %-40s %,12.0f/s".formatted(entrant.name(), rates.median(entrant.name())));
            }
            report.line("  %-40s %,12d".formatted("delivered by both within the run", topics.delivered()));
            report.atLeast("dispatch, to RReliableTopic", rates.ratio(ours.name(), reliable.name()), 3);
            report.line("  %-62s %6.2f  (it keeps nothing)"
                    .formatted("dispatch, to RTopic", rates.ratio(ours.name(), plain.name())));
        }
    }

    private void fanOut() throws Exception {
        int many = quick ? 200 : 10_000;
        register("one", ListenerType.PRIVATE, 0);
        for (int person = 0; person < many; person++) {
            register("many", ListenerType.PRIVATE, person);
        }
        Contender one = fixed("dispatch to 1 listener", "one");
        Contender all = fixed("dispatch to " + many + " listeners", "many");
        Slices.Rates rates = slices.run("fan-out", List.of(new Slices.Entrant(one, 8), new Slices.Entrant(all, 8)), 1);
        report.line("\nfan-out, 8 callers");
        report.line("  %-40s %,12.0f/s".formatted(one.name(), rates.median(one.name())));
        report.line("  %-40s %,12.0f/s".formatted(all.name(), rates.median(all.name())));
        report.atLeast("to " + many + " listeners, to 1", rates.ratio(all.name(), one.name()), 0.9);
    }

    private Contender fixed(String name, String scope) {
        return new Contender() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Caller caller() throws Exception {
                Caller caller = Dispatches.blocking(moitessier).caller();
                return any -> caller.send(scope);
            }
        };
    }

    /** Processor time of the server for one message to ten listeners, and the bytes of the keys that hold it. */
    private void costs() throws Exception {
        int messages = quick ? 1_000 : 8_000;
        report.line("\none message to %d listeners: the server's processor time, bytes of its streams"
                .formatted(Anchors.LISTENERS));
        cost("XADD", Anchors.bareXadd(server), messages, "anchor:%s");
        cost("10 XADD in a pipeline", Anchors.mailboxes(server), messages / 5, "anchor:%s:*");
        cost("dispatch, one after the other", Dispatches.blocking(moitessier), messages, "*:s:%s");
        cost("dispatchAsync, " + IN_FLIGHT + " in flight", Dispatches.async(moitessier, IN_FLIGHT), messages, "*:s:%s");
        report.line("  %-40s %22.0f bytes".formatted("an id, while it is remembered", server.bytesOfField("*:ids")));
    }

    private void cost(String what, Contender contender, int messages, String keys) throws Exception {
        // A scope that is filled by this alone, and not up to where it is trimmed.
        String scope = "costs of " + what;
        register(scope, ListenerType.SHARED, 0);
        try (Contender.Caller caller = contender.caller()) {
            for (int i = 0; i < messages / 5; i++) {
                caller.send(scope);
            }
            caller.flush();
            double cpu = server.cpuSeconds();
            double memory = server.bytesOfKeys(keys.formatted(scope));
            for (int i = 0; i < messages; i++) {
                caller.send(scope);
            }
            caller.flush();
            double used = server.cpuSeconds() - cpu;
            double bytes = server.bytesOfKeys(keys.formatted(scope)) - memory;
            report.line("  %-40s %8.1f µs %,10.0f bytes".formatted(what, used * 1e6 / messages, bytes / messages));
            report.raw("cost\t%s\t%d messages\t%.3f s\t%.0f bytes".formatted(what, messages, used, bytes));
        }
    }

    private void close() {
        moitessier.close();
        server.close();
    }
}
