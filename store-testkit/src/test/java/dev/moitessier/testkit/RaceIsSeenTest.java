package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.memory.MemorySpace;
import dev.moitessier.store.memory.MemoryStore;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The fuzz and the checker see the race that loses what takes its number before it commits. */
class RaceIsSeenTest {
    @Test
    void aStoreThatNumbersBeforeItCommitsIsSeenToLose() throws Exception {
        Optional<History.Violation> seen = Optional.empty();
        for (int round = 0; round < 20 && seen.isEmpty(); round++) {
            seen = run(RacyStore.wiring(), 1_000 + round);
        }
        assertThat(seen).as("a fault found in 20 rounds of 600 operations").isPresent();
        assertThat(seen.get().kind()).isEqualTo(History.Kind.LOSS);
        assertThat(seen.get().events()).as("a loss takes two events to show").hasSizeLessThanOrEqualTo(2);
    }

    @Test
    void theSameFuzzFindsNothingInASoundStore() throws Exception {
        MemorySpace space = new MemorySpace();
        StoreWiring sound = () -> new MemoryStore(space);
        assertThat(run(sound, 1_000)).isEmpty();
    }

    private static Optional<History.Violation> run(StoreWiring wiring, long seed) throws Exception {
        try (Wired wired = Wired.open(namespace -> wiring, "race");
                Bench bench = new Bench(wired)) {
            List<MailboxStore> instances = List.of(bench.store(), bench.other());
            return new Fuzz(seed, 600, instances, bench.scope(), null)
                    .run(bench)
                    .check();
        }
    }
}
