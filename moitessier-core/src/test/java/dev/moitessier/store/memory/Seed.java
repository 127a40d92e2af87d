package dev.moitessier.store.memory;

import java.util.Random;

/** Seeds of random tests: {@code -Dmoitessier.seed=…} replays one. */
final class Seed {
    private Seed() {}

    interface Body {
        void run(Random random) throws Exception;
    }

    static void run(Body body) throws Exception {
        long seed = Long.getLong("moitessier.seed", System.nanoTime());
        try {
            body.run(new Random(seed));
        } catch (Exception | AssertionError e) {
            throw new AssertionError("replay with -Dmoitessier.seed=" + seed, e);
        }
    }
}
