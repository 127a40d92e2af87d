package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.MailboxStore;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** O1, O2, I1, V1 and V2 together: histories of many writers, readers, joiners and a trimmer, judged by {@link History}. */
interface HistoryRules {
    @Test
    default void O2_aFuzzedHistoryIsSound(Bench bench) throws Exception {
        fuzz(bench, Fuzz.operations(bench.wiring().fuzzOperations()));
    }

    @Test
    default void O2_aFuzzedHistoryWithCutConnectionsIsSound(Bench bench) throws Exception {
        StoreWiring.Proxied proxied = bench.proxied();
        long seed = Fuzz.seed();
        List<MailboxStore> instances = List.of(bench.store(), bench.other(), proxied.store());
        Fuzz fuzz = new Fuzz(
                seed, Fuzz.operations(bench.wiring().fuzzOperations()) / 2, instances, bench.scope(), proxied.proxy());
        History history = fuzz.run(bench);
        history.assertSound(seed);
    }

    @Test
    @Tag("long")
    default void O2_aLongFuzzedHistoryIsSound(Bench bench) throws Exception {
        for (int round = 0; round < 20; round++) {
            fuzz(bench, Fuzz.operations(bench.wiring().fuzzOperations() * 5));
        }
    }

    private static void fuzz(Bench bench, int operations) throws Exception {
        long seed = Fuzz.seed();
        History history = new Fuzz(
                        seed, operations, List.of(bench.store(), bench.other(), bench.open()), bench.scope(), null)
                .run(bench);
        assertThat(history.size()).as("calls of the fuzz (seed %d)", seed).isGreaterThan(operations / 4);
        history.assertSound(seed);
    }
}
