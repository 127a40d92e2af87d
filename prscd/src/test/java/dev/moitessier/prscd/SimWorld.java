package dev.moitessier.prscd;

import dev.moitessier.psig.ChannelEvent;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One random run: servers with the real rooms on a simulated store, clients, faults for a minute, then quiet; checked all
 * the time and at the end. Everything follows from the seed.
 */
final class SimWorld {
    static final Access EVERYBODY = new Access() {
        @Override
        public CompletionStage<Boolean> join(String channel) {
            return CompletableFuture.completedStage(true);
        }

        @Override
        public boolean publish(String channel) {
            return true;
        }
    };

    private static final double ACTIVE = 60;
    private static final double QUIET = 45;
    private static final double GONE_WITHIN = 5;
    private static final double LINGER = 15;

    final Sim sim;
    final SimStore store;
    final Set<Flaw> flaws;
    final List<Server> servers = new ArrayList<>();
    final List<SimClient.Link> links = new ArrayList<>();
    private final List<SimClient> clients = new ArrayList<>();
    private final List<Fault> faults = new ArrayList<>();
    private final SimCore.Faults trouble = new SimCore.Faults();
    private final SimCore.@Nullable SimLane lane;
    private final List<Accepted> accepted = new ArrayList<>();

    private enum Kind {
        KILL,
        PAUSE,
        OUTAGE,
        DRAIN
    }

    private record Fault(
            Kind kind, double from, double to, @Nullable Server server) {}

    private record Accepted(Server server, int incarnation, String channel, String text) {}

    SimWorld(long seed, Set<Flaw> flaws) {
        this.sim = new Sim(seed);
        this.flaws = flaws;
        this.store = new SimStore(sim, flaws);
        Random random = sim.random;
        trouble.replyLost = sim.oneOf(0., 0., .02, .1);
        trouble.requestLate = sim.oneOf(0., 0., .02, .1);
        trouble.sweeperDies = sim.oneOf(0., 0., .3);
        lane = sim.chance(.8) ? new SimCore.SimLane(sim, .2) : null;
        if (trouble.requestLate > 0 && sim.chance(.3)) {
            store.memory = 2;
        }
        int howMany = sim.oneOf(2, 3, 4);
        for (int i = 0; i < howMany; i++) {
            servers.add(new Server(i));
        }
        List<String> channels = sim.oneOf(List.of("i1"), List.of("o1"), List.of("i1", "o1"));
        int people = 3 + random.nextInt(6);
        double tabs = sim.oneOf(0., .3, .8);
        for (int i = 0; i < people; i++) {
            // Sometimes two tabs have one id.
            int id = sim.chance(tabs) ? random.nextInt(5) : i;
            SimClient client = new SimClient(this, "c" + id, sim.oneOf(channels));
            clients.add(client);
            sim.after(sim.uniform(0, 3), client::connect);
        }
        double at = 0;
        while (at < ACTIVE) {
            at += sim.around(1 / 3.) / 1e9;
            sim.at((long) (Math.min(at, ACTIVE) * 1e9), () -> sim.oneOf(clients).act());
        }
        int trouble = random.nextInt(5);
        for (int i = 0; i < trouble; i++) {
            schedule(sim.uniform(4, ACTIVE - 2), sim.oneOf(servers));
        }
        sim.after(5., this::lookForGhosts);
    }

    private void schedule(double at, Server server) {
        int what = sim.random.nextInt(6);
        switch (what) {
            case 0 -> {
                faults.add(new Fault(Kind.KILL, at, at, server));
                sim.at((long) (at * 1e9), () -> kill(server, sim.uniform(.5, 20)));
            }
            case 1, 2 -> {
                double length = sim.oneOf(.3, 1., 2., 4., 8., 12.);
                faults.add(new Fault(Kind.PAUSE, at, at + length, server));
                sim.at((long) (at * 1e9), () -> server.process.pause(length));
            }
            case 3 -> outage(at, sim.uniform(.1, 4));
            case 4 -> outage(at, at + 30 < ACTIVE + 5 ? 30 : 10);
            default -> {
                faults.add(new Fault(Kind.DRAIN, at, at, server));
                sim.at((long) (at * 1e9), server::drain);
            }
        }
    }

    private void outage(double at, double length) {
        store.outages.add(new double[] {at, at + length});
        faults.add(new Fault(Kind.OUTAGE, at, at + length, null));
    }

    private void kill(Server server, double restartAfter) {
        if (server.isUp()) {
            server.kill();
            sim.after(restartAfter, server::start);
        }
    }

    /** A server process that is started again when it has died. */
    final class Server {
        final int index;
        SimProcess process;
        SimCore core;
        SimNode node;
        boolean draining;
        int incarnation;

        Server(int index) {
            this.index = index;
            process = new SimProcess(sim, 0);
            core = new SimCore(store, process, troubleOf(this), lane);
            node = node();
            node.start();
        }

        private SimNode node() {
            LinkedHashMap<String, ChannelSettings> rules = new LinkedHashMap<>();
            rules.put("o*", ChannelSettings.ORDERED);
            SimNode made = new SimNode(
                    SimNode.simulated(),
                    core,
                    process,
                    new Random(sim.random.nextLong()),
                    ChannelRules.of(rules),
                    flaws);
            int mine = incarnation;
            made.accepted = (channel, datum) -> accepted.add(new Accepted(this, mine, channel, textOf(datum)));
            return made;
        }

        boolean isUp() {
            return process.isUp();
        }

        void start() {
            incarnation++;
            draining = false;
            process = new SimProcess(sim, (long) sim.uniform(-3_600_000, 3_600_000));
            core = new SimCore(store, process, troubleOf(this), lane);
            node = node();
            node.start();
        }

        void kill() {
            sim.count("kills");
            process.die();
            core.died();
            links.stream().filter(each -> each.server == this).forEach(SimClient.Link::lost);
        }

        /** The rooms of other nodes that know a client by a connection to this one. */
        private List<Room> whoKnows(String life, SimClient client) {
            List<Room> rooms = new ArrayList<>();
            for (Server each : servers) {
                Room room = each.isUp() && each != this ? each.node.existing(client.channel) : null;
                if (room != null
                        && !room.roster
                                .where(p -> p.owner.equals(life) && p.clientId.equals(client.id))
                                .isEmpty()) {
                    rooms.add(room);
                }
            }
            return rooms;
        }

        void drain() {
            if (!isUp() || draining || process.isPaused()) {
                return;
            }
            sim.count("drains");
            draining = true;
            SimNode draining = node;
            draining.drain(Duration.ofMillis((long) sim.uniform(50, 2_000))).thenAccept(done -> {
                if (node != draining || !isUp()) {
                    return;
                }
                if (done) {
                    for (SimClient.Link each : links) {
                        if (each.server == this && each.open) {
                            each.drainedAt = sim.seconds();
                            each.keptBy.addAll(whoKnows(draining.life(), each.client));
                            each.lost();
                        }
                    }
                    process.after(Nanos.millis(200), () -> {
                        process.die();
                        core.close();
                        sim.after(sim.uniform(1, 4), this::start);
                    });
                } else {
                    sim.count("drains of unknown fate");
                    this.draining = false;
                }
            });
        }
    }

    private SimCore.Faults troubleOf(Server server) {
        SimCore.Faults mine = new SimCore.Faults();
        mine.replyLost = trouble.replyLost;
        mine.requestLate = trouble.requestLate;
        mine.sweeperDies = trouble.sweeperDies;
        mine.killSweeper = () -> {
            if (servers.stream().filter(Server::isUp).count() > 1 && server.isUp()) {
                sim.count("sweepers killed in a sweep");
                faults.add(new Fault(Kind.KILL, sim.seconds(), sim.seconds(), server));
                kill(server, sim.uniform(1, 9));
            }
        };
        return mine;
    }

    private static String textOf(Datum datum) {
        return ChannelEvent.decode(ByteBuffer.wrap(datum.payload())).data();
    }

    // ---- checks while it runs

    private boolean isCalm(double from, double to) {
        return faults.stream()
                .noneMatch(each ->
                        (each.kind == Kind.PAUSE || each.kind == Kind.OUTAGE) && each.from < to && each.to > from);
    }

    private boolean hadTrouble(Server server, double from, double to) {
        return faults.stream()
                .anyMatch(each -> (each.server == server && each.kind == Kind.PAUSE || each.kind == Kind.OUTAGE)
                        && each.from < to
                        && each.to + 4 > from);
    }

    /** Nobody is said to have left who has been there for a while, unless its node or the store gave reason. */
    void checkLeave(SimClient.Link observer, String who) {
        double now = sim.seconds();
        Room room = observer.server.node.existing(observer.client.channel);
        if (room == null || !room.isOpen()) {
            // Opened while the store was away: it knows its own peers only.
            return;
        }
        for (SimClient.Link each : links) {
            // Whom a room did not know when that node drained cannot linger there: its roster may still have been owed,
            // or the room was closed since, and opened again when only the drained node knew.
            if (each.client.id.equals(who)
                    && each.client.channel.equals(observer.client.channel)
                    && each.keptBy.contains(room)
                    && now - each.drainedAt < LINGER - 1
                    && !hadTrouble(observer.server, each.since / 1e9, now)) {
                sim.bad("leave of " + who + " at " + observer.name + " while it lingers");
                return;
            }
            if (!each.client.id.equals(who)
                    || !each.client.channel.equals(observer.client.channel)
                    || !each.open
                    || !each.acknowledged
                    || each.dropped
                    || each.client.link != each) {
                continue;
            }
            double since = each.since / 1e9;
            double outages = 0;
            // A node that stood still reads in order what it missed: a leave, and only then the return.
            boolean observerAway = false;
            for (Fault fault : faults) {
                if (fault.kind == Kind.PAUSE
                        && fault.server == each.server
                        && fault.to - fault.from > SimStore.LEASE / 2
                        && fault.from < now) {
                    since = Math.max(since, Math.min(fault.to, now));
                }
                if (fault.kind == Kind.PAUSE
                        && fault.server == observer.server
                        && fault.from <= now
                        && fault.to + 4 > now) {
                    observerAway = true;
                }
            }
            for (Fault fault : faults) {
                if (fault.kind == Kind.OUTAGE) {
                    outages += Math.max(0, Math.min(fault.to, now) - Math.max(fault.from, since - 4));
                }
            }
            if (observerAway) {
                continue;
            }
            double slack = 6 + outages + (outages > 0 ? 6 : 0);
            // Answers got lost for so long that nobody waits for the roster of its node any more.
            boolean mute = each.node.isMute(each.client.channel);
            if (now - since > slack && !observer.server.draining && !mute) {
                sim.bad("FALSE leave of " + who + " at " + observer.name + " (" + each.name + " joined "
                        + each.since / 1e9 + ")");
                return;
            }
        }
    }

    /** Nobody is shown long after the last connection of its id has gone. */
    private void lookForGhosts() {
        sim.after(.5, this::lookForGhosts);
        double now = sim.seconds();
        // Who loses answers to heartbeats may sweep only when it has had all for a whole lease: that takes a few tries
        // more.
        double goneWithin = trouble.replyLost + trouble.requestLate > 0 ? 3 * GONE_WITHIN : GONE_WITHIN;
        if (now < goneWithin + 7
                || !isCalm(now - goneWithin - 2 * SimStore.LEASE - 6, now)
                || faults.stream()
                        .anyMatch(each -> each.kind == Kind.DRAIN
                                && each.from > now - LINGER - goneWithin - 6
                                && each.from <= now)) {
            return;
        }
        for (SimClient.Link each : links) {
            if (!each.open || each.dropped || !each.acknowledged || !each.server.isUp()) {
                continue;
            }
            for (String who : each.members.keySet()) {
                boolean there = links.stream()
                        .anyMatch(other -> other.client.id.equals(who)
                                && other.client.channel.equals(each.client.channel)
                                && (other.open || other.endedAt / 1e9 > now - goneWithin));
                if (!there) {
                    sim.bad("GHOST " + who + " at " + each.name);
                    return;
                }
            }
        }
    }

    // ---- checks at the end

    SimWorld run() {
        try {
            sim.run(ACTIVE + QUIET);
            Set<String> channels = new TreeSet<>();
            clients.forEach(each -> channels.add(each.channel));
            channels.forEach(this::checkConvergence);
            channels.stream().filter(each -> each.startsWith("o")).forEach(this::checkOrder);
        } catch (RuntimeException | AssertionError broken) {
            StringWriter trace = new StringWriter();
            broken.printStackTrace(new PrintWriter(trace));
            sim.bad("EXCEPTION " + trace);
        }
        return this;
    }

    private boolean isThere(SimClient.Link link) {
        return link.open && link.server.isUp() && link.client.link == link;
    }

    private void checkConvergence(String channel) {
        Map<String, Set<String>> real = new TreeMap<>();
        for (SimClient.Link each : links) {
            if (each.client.channel.equals(channel) && isThere(each)) {
                real.computeIfAbsent(each.client.id, id -> new HashSet<>()).add(each.client.stateText());
            }
        }
        Map<String, String> agreed = null;
        for (Server each : servers) {
            Room room = each.isUp() ? each.node.existing(channel) : null;
            if (room == null || room.audience.isEmpty()) {
                continue;
            }
            Map<String, String> shown = new TreeMap<>();
            room.audience.states().forEach((who, state) -> shown.put(who, SimClient.textIn(state)));
            if (!shown.keySet().equals(real.keySet())) {
                sim.bad("roster of server " + each.index + " in " + channel + " is " + shown.keySet() + ", real "
                        + real.keySet());
                continue;
            }
            shown.forEach((who, state) -> {
                if (!real.getOrDefault(who, Set.of()).contains(state)) {
                    sim.bad("server " + each.index + " shows " + state + " for " + who + ", real " + real.get(who));
                }
            });
            if (agreed != null && !agreed.equals(shown)) {
                sim.bad("servers disagree about " + channel + ": " + agreed + " and " + shown);
            }
            agreed = shown;
        }
        for (SimClient.Link each : links) {
            if (!each.client.channel.equals(channel) || !isThere(each)) {
                continue;
            }
            Set<String> others = new TreeSet<>(real.keySet());
            others.remove(each.client.id);
            if (!each.acknowledged) {
                sim.bad(each.name + " was never acknowledged");
            } else if (!each.members.keySet().equals(others)) {
                sim.bad("client " + each.name + " sees " + each.members.keySet() + ", real " + others);
            } else if (agreed != null) {
                for (Map.Entry<String, String> member : each.members.entrySet()) {
                    if (!member.getValue().equals(agreed.get(member.getKey()))) {
                        sim.bad("client " + each.name + " has an old state: " + member);
                    }
                }
            }
        }
    }

    private record Said(String text, long at, boolean repeated) {}

    private void checkOrder(String channel) {
        List<Said> log = read(channel);
        Set<String> texts = new HashSet<>();
        for (Said said : log) {
            if (!said.repeated && !texts.add(said.text)) {
                sim.bad("ordered: " + said.text + " is in the log twice");
            }
        }
        for (SimClient.Link each : links) {
            if (each.client.channel.equals(channel) && each.acknowledged) {
                checkView(
                        each,
                        log.stream()
                                .filter(said -> !said.text.startsWith(each.name + ":"))
                                .toList());
            }
        }
        for (Accepted each : accepted) {
            if (each.channel.equals(channel)
                    && each.server.isUp()
                    && each.server.incarnation == each.incarnation
                    && !texts.contains(each.text)) {
                sim.bad("ordered: " + each.text + " was accepted by server " + each.server.index + " and is lost");
            }
        }
    }

    /** All data in the log; {@code repeated}: in an entry that was executed again when the store had forgotten its id. */
    private List<Said> read(String channel) {
        List<Said> log = new ArrayList<>();
        Map<String, Long> lastN = new HashMap<>();
        for (SimStore.Rec rec : store.scope("prscd/sim/c/" + channel).log) {
            LogEntry entry;
            try {
                entry = LogEntry.decode(ByteBuffer.wrap(rec.body()));
            } catch (Unpack.Foreign foreign) {
                throw new AssertionError(foreign);
            }
            boolean repeated = entry.n() <= lastN.getOrDefault(entry.life(), 0L);
            lastN.merge(entry.life(), entry.n(), Math::max);
            entry.data().forEach(datum -> log.add(new Said(textOf(datum), rec.at(), repeated)));
        }
        return log;
    }

    /** What a client heard is a piece of the log without a gap, up to its end if it is still there. */
    private void checkView(SimClient.Link link, List<Said> log) {
        long since = link.acknowledgedAt;
        for (SimNode.Opened opened : link.node.openings) {
            if (link.acknowledgedBeforeOpen && opened.channel().equals(link.client.channel)) {
                since = Math.max(since, opened.at());
            }
        }
        @Nullable String wrong = "";
        for (int from = 0; from <= log.size(); from++) {
            wrong = link.heard.isEmpty()
                            || from < log.size() && log.get(from).text.equals(link.heard.get(0))
                    ? compare(link, log, link.heard.isEmpty() ? log.size() : from, since)
                    : wrong;
            if (wrong == null) {
                return;
            }
        }
        sim.bad("ordered: " + link.name + " heard " + link.heard + ": " + wrong + " of " + log);
    }

    /** Null if it fits. Who has not read the first execution of an entry cannot know the second. */
    private @Nullable String compare(SimClient.Link link, List<Said> log, int from, long since) {
        for (Said before : log.subList(0, from)) {
            if (isThere(link) && before.at > since && !before.repeated) {
                return "misses " + before;
            }
        }
        int heard = 0;
        for (Said each : log.subList(from, log.size())) {
            boolean more = heard < link.heard.size();
            if (more && each.text.equals(link.heard.get(heard))) {
                heard++;
            } else if (!each.repeated && (more || isThere(link))) {
                return "misses " + each;
            }
        }
        return heard < link.heard.size() ? "has too much" : null;
    }

    String rosters() {
        StringBuilder text = new StringBuilder();
        for (Server each : servers) {
            if (each.isUp()) {
                each.node
                        .dump()
                        .thenAccept(dump ->
                                text.append(each.index).append(' ').append(dump).append('\n'));
            }
        }
        sim.run(sim.seconds() + 1);
        return text.toString();
    }

    String describe() {
        StringBuilder text = new StringBuilder("faults: ");
        for (Fault each : faults) {
            text.append(String.format(
                    "%s %.1f-%.1f%s; ",
                    each.kind, each.from, each.to, each.server == null ? "" : " server " + each.server.index));
        }
        text.append(String.format(
                "replies lost %.2f, requests late %.2f, sweeper dies %.1f, memory %.0f s%n",
                trouble.replyLost, trouble.requestLate, trouble.sweeperDies, Math.min(store.memory, 9999)));
        sim.violations.stream()
                .limit(6)
                .forEach(each -> text.append("   ").append(each).append('\n'));
        return text.toString();
    }
}
