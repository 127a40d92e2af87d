package dev.moitessier.prscd;

import java.util.*;

final class SimMain {
    public static void main(String[] a) {
        long lo = Long.parseLong(a[0]), hi = Long.parseLong(a[1]);
        Set<Flaw> flaws = a.length > 2 && !a[2].equals("-") ? EnumSet.of(Flaw.valueOf(a[2])) : Set.of();
        int bad = 0;
        long t0 = System.nanoTime();
        long events = 0;
        Map<String, Integer> stats = new TreeMap<>();
        List<Long> seeds = new ArrayList<>();
        for (long s = lo; s < hi; s++) {
            SimWorld w = new SimWorld(s, flaws).run();
            events += w.sim.events();
            w.sim.stats.forEach((k, v) -> stats.merge(k, v, Integer::sum));
            if (!w.sim.violations.isEmpty()) {
                bad++;
                if (seeds.size() < 15) seeds.add(s);
                if (bad <= 4)
                    System.out.println("seed " + s + " "
                            + w.describe()
                                    .substring(0, Math.min(2500, w.describe().length()))
                            + (hi - lo == 1 ? w.rosters() : ""));
            }
        }
        System.out.printf(
                "%s seeds %d bad %d %s, %.1f s, events %d %s%n",
                flaws, hi - lo, bad, seeds, (System.nanoTime() - t0) / 1e9, events, stats);
    }
}
