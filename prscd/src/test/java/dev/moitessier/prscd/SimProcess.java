package dev.moitessier.prscd;

import java.util.ArrayDeque;
import java.util.Deque;

/** One server process: it may stand still, and it may die. Its loop and timers honour both. */
class SimProcess implements Loop {
    final Sim sim;
    private final long skewMillis;
    private boolean up = true;
    private long pausedTill;
    private final Deque<Runnable> backlog = new ArrayDeque<>();

    SimProcess(Sim sim, long skewMillis) {
        this.sim = sim;
        this.skewMillis = skewMillis;
    }

    boolean isUp() {
        return up;
    }

    void die() {
        up = false;
    }

    void pause(double seconds) {
        pausedTill = Math.max(pausedTill, sim.now() + (long) (seconds * 1e9));
    }

    boolean isPaused() {
        return sim.now() < pausedTill;
    }

    @Override
    public long nanos() {
        // An odd origin: nobody may take it for a time.
        return sim.now() - Nanos.seconds(1_000_000);
    }

    @Override
    public long wallMillis() {
        return 1_700_000_000_000L + sim.now() / 1_000_000 + skewMillis;
    }

    @Override
    public void execute(Runnable task) {
        sim.at(sim.now(), () -> run(task));
    }

    @Override
    public Timer after(long nanos, Runnable task) {
        boolean[] cancelled = {false};
        sim.after(
                nanos,
                () -> run(() -> {
                    if (!cancelled[0]) {
                        task.run();
                    }
                }));
        return () -> cancelled[0] = true;
    }

    /** What comes up while the process stands still runs behind it, in the order in which it came up. */
    private void run(Runnable task) {
        if (!up) {
            return;
        }
        if (isPaused() || !backlog.isEmpty()) {
            backlog.add(task);
            if (backlog.size() == 1) {
                sim.at(pausedTill, this::wake);
            }
            return;
        }
        task.run();
    }

    private void wake() {
        if (isPaused()) {
            sim.at(pausedTill, this::wake);
            return;
        }
        while (up && !backlog.isEmpty()) {
            Runnable task = backlog.peek();
            task.run();
            backlog.remove();
        }
    }
}
