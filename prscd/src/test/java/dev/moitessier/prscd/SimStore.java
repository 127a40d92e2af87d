package dev.moitessier.prscd;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The store as its contract says: logs with positions, mailboxes, sessions that are swept, farewells, ids remembered. */
final class SimStore {
    static final double LEASE = 3;

    final Sim sim;
    final List<double[]> outages = new ArrayList<>();
    final List<SimCore> watchers = new ArrayList<>();
    final Set<Flaw> flaws;
    double hintsLost = .2;
    /** How long ids of appends are remembered. */
    double memory = Double.MAX_VALUE;

    private final Map<String, Scope> scopes = new TreeMap<>();
    private final Map<UUID, Long> sessions = new LinkedHashMap<>();
    private final Set<UUID> ended = new HashSet<>();
    /** Ended, yet with subscribers that are still to be removed. */
    private final Set<UUID> ending = new LinkedHashSet<>();

    record Rec(long position, long at, String sender, byte[] body, Map<String, String> headers) {}

    record Sub(String life, @Nullable UUID session, byte @Nullable [] farewell, boolean durable) {}

    static final class Scope {
        final List<Rec> log = new ArrayList<>();
        final Map<String, Sub> subs = new LinkedHashMap<>();
        final Map<UUID, Rec> ids = new HashMap<>();
        long head = 1000;
        int appends;
    }

    record Heard(boolean heard, boolean duplicate) {}

    SimStore(Sim sim, Set<Flaw> flaws) {
        this.sim = sim;
        this.flaws = flaws;
    }

    Scope scope(String name) {
        return scopes.computeIfAbsent(name, n -> new Scope());
    }

    Set<String> scopeNames() {
        return scopes.keySet();
    }

    int appendsUnder(String prefix) {
        return scopes.entrySet().stream()
                .filter(each -> each.getKey().startsWith(prefix))
                .mapToInt(each -> each.getValue().appends)
                .sum();
    }

    int subscribersUnder(String prefix) {
        return scopes.entrySet().stream()
                .filter(each -> each.getKey().startsWith(prefix))
                .mapToInt(each -> each.getValue().subs.size())
                .sum();
    }

    /** Everything is gone but the clock. */
    void forget() {
        scopes.clear();
        sessions.clear();
    }

    boolean down() {
        double now = sim.seconds();
        return outages.stream().anyMatch(each -> each[0] <= now && now < each[1]);
    }

    /** When the outage of now is over. */
    long upAgain() {
        double now = sim.seconds();
        return (long) (1e9
                * outages.stream()
                        .filter(each -> each[0] <= now && now < each[1])
                        .mapToDouble(each -> each[1])
                        .max()
                        .orElse(now));
    }

    boolean heartbeat(UUID session, boolean open) {
        if (ended.contains(session) || !open && !sessions.containsKey(session)) {
            return false;
        }
        sessions.put(session, sim.now() + (long) (LEASE * 1e9));
        return true;
    }

    /** The head, or -1 if the session has ended. */
    long register(String name, String sub, Sub as) {
        if (as.session() != null && (ended.contains(as.session()) || !sessions.containsKey(as.session()))) {
            return -1;
        }
        Scope scope = scope(name);
        scope.subs.put(sub, as);
        return scope.head;
    }

    void unregister(String name, String sub) {
        Scope scope = scope(name);
        Sub gone = scope.subs.remove(sub);
        if (gone != null && gone.farewell() != null && !scope.subs.isEmpty()) {
            write(name, scope, "farewell", gone.farewell(), Map.of());
        }
    }

    Set<String> lives(String name) {
        Set<String> lives = new LinkedHashSet<>();
        for (Sub each : scope(name).subs.values()) {
            if (!each.durable()) {
                lives.add(each.life());
            }
        }
        return lives;
    }

    long head(String name) {
        return scope(name).head;
    }

    Heard append(RoomStore.Append append) {
        Scope scope = scope(append.scope());
        Rec before = scope.ids.get(append.id());
        if (before != null && sim.now() - before.at() < memory * 1e9) {
            return new Heard(true, true);
        }
        if (scope.subs.isEmpty()) {
            return new Heard(false, false);
        }
        scope.ids.put(append.id(), write(append.scope(), scope, append.sender(), append.body(), append.headers()));
        return new Heard(true, false);
    }

    private Rec write(String name, Scope scope, String sender, byte[] body, Map<String, String> headers) {
        scope.head += 1 + sim.random.nextInt(3);
        Rec rec = new Rec(scope.head, sim.now(), sender, body, headers);
        scope.log.add(rec);
        scope.appends++;
        sim.count("appends");
        for (SimCore each : List.copyOf(watchers)) {
            if (each.watches(name)) {
                if (!sim.chance(hintsLost)) {
                    sim.after(sim.around(.01), () -> each.hint(name));
                }
            }
        }
        return rec;
    }

    /** Null: not a subscriber. */
    @Nullable
    List<Rec> read(String name, String sub, long after) {
        Scope scope = scope(name);
        if (!scope.subs.containsKey(sub)) {
            return null;
        }
        List<Rec> page = new ArrayList<>();
        for (int i = firstAfter(scope.log, after); i < scope.log.size() && page.size() < 8; i++) {
            page.add(scope.log.get(i));
        }
        return page;
    }

    private static int firstAfter(List<Rec> log, long position) {
        int low = 0;
        int high = log.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (log.get(middle).position() > position) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        return low;
    }

    /** Ends what has lapsed, in pieces; a half-done end is finished by the next sweep, whoever calls it. */
    int sweep(long asOf, int work) {
        if (sim.now() - asOf > LEASE / 3 * 1e9 && !flaws.contains(Flaw.LATE_SWEEP)) {
            return 0;
        }
        List<UUID> lapsed = new ArrayList<>();
        sessions.forEach((session, till) -> {
            if (till < sim.now()) {
                lapsed.add(session);
            }
        });
        lapsed.forEach(this::end);
        return finishEnding(work);
    }

    private void end(UUID session) {
        sessions.remove(session);
        ended.add(session);
        ending.add(session);
    }

    void endNow(UUID session) {
        if (sessions.containsKey(session)) {
            end(session);
            finishEnding(Integer.MAX_VALUE);
        }
    }

    private int finishEnding(int work) {
        int done = 0;
        for (UUID session : List.copyOf(ending)) {
            List<String[]> left = new ArrayList<>();
            scopes.forEach((name, scope) -> scope.subs.forEach((sub, as) -> {
                if (session.equals(as.session())) {
                    left.add(new String[] {name, sub});
                }
            }));
            Collections.shuffle(left, sim.random);
            for (String[] each : left) {
                if (done++ >= work) {
                    return done;
                }
                unregister(each[0], each[1]);
            }
            ending.remove(session);
        }
        return done;
    }
}
