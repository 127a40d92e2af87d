package dev.moitessier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.memory.MemoryStore;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** 10,000 subscribers of one scope. The bound here is loose, for any machine under any load; benchmarks/ has the measurement. */
@Timeout(300)
class ThroughputTest {
    private static final int SUBSCRIBERS = 10_000;
    private static final int MESSAGES = 2_000;

    @Test
    void tenThousandSubscribersOfOneScope() throws InterruptedException {
        LongAdder heard = new LongAdder();
        TestStore store = new TestStore(new MemoryStore());
        try (Moitessier node =
                Moitessier.builder(store).observer(Observers.none()).build()) {
            for (int i = 0; i < SUBSCRIBERS; i++) {
                node.listen(Conditions.shared(Person.of("p" + i), "room")).subscribe(message -> heard.increment());
            }
            for (int round = 0; round < 3; round++) {
                long expected = heard.sum() + (long) SUBSCRIBERS * MESSAGES;
                int reads = store.requests.get();
                long started = System.nanoTime();
                for (int i = 0; i < MESSAGES; i++) {
                    node.dispatchAsync(Person.of("bob"), "room", "message " + i);
                }
                node.flush();
                double dispatched = (System.nanoTime() - started) / 1e9;
                Await.until("all of it", () -> heard.sum() == expected, heard::sum);
                double took = (System.nanoTime() - started) / 1e9;
                System.out.printf(
                        "%,.0f deliveries/s (dispatching took %.3f s of %.3f s; %,d read requests)%n",
                        (double) SUBSCRIBERS * MESSAGES / took, dispatched, took, store.requests.get() - reads);
                assertThat((double) SUBSCRIBERS * MESSAGES / took).isGreaterThan(200_000);
            }
        }
    }
}
