package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** O1 to O4: one order per scope, complete behind every reader, for ever. */
interface OrderRules {
    @Test
    default void O1_positionsAscendInTheOrderOfCalls(Bench bench) {
        String scope = bench.heardScope();
        long previous = 0;
        for (int i = 0; i < 20; i++) {
            long position = bench.put(i % 2 == 0 ? bench.store() : bench.other(), scope, "m" + i);
            assertThat(position)
                    .as("position of append %d, made after the previous one returned", i)
                    .isGreaterThan(previous);
            previous = position;
        }
    }
}
