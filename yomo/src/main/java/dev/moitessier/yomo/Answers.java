package dev.moitessier.yomo;

/**
 * Waits a moment for the answer to a frame before the event loop goes to sleep: to be woken for it takes longer than most
 * handlers do. Where answers do not come so soon, or at all, it gives up waiting, and tries again ever more rarely. On the
 * event loop.
 */
final class Answers {
    private static final long MOMENT_NANOS = 100_000;
    private static final int RAREST = 10;
    private static final boolean ALONE = Runtime.getRuntime().availableProcessors() < 2;

    private final Outgoing outgoing;
    private int misses;
    private int skips;

    Answers(Outgoing outgoing) {
        this.outgoing = outgoing;
    }

    void await() {
        if (ALONE) {
            return;
        }
        if (skips > 0) {
            skips--;
            return;
        }
        long until = System.nanoTime() + MOMENT_NANOS;
        while (outgoing.isEmpty()) {
            if (System.nanoTime() - until >= 0) {
                misses = Math.min(misses + 1, RAREST);
                skips = 1 << misses;
                return;
            }
            Thread.onSpinWait();
        }
        misses = 0;
    }
}
