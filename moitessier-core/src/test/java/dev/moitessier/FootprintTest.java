package dev.moitessier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.memory.MemoryStore;
import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an idle listener costs: heap, all of it, the store's part and the caller's person, scope and lambda included; and no thread. */
@Timeout(300)
class FootprintTest {
    private static final int LISTENERS = 100_000;
    private static final long LIMIT = 1_024;

    private static long usedHeap() {
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            System.gc();
            least = Math.min(
                    least,
                    ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
        }
        return least;
    }

    private static int threads() {
        return ManagementFactory.getThreadMXBean().getThreadCount();
    }

    private interface Scopes {
        String of(int listener);
    }

    private static void measure(String what, Scopes scopes) {
        AtomicInteger heard = new AtomicInteger();
        try (Moitessier node =
                Moitessier.builder(new MemoryStore()).observer(Observers.none()).build()) {
            node.listen(Conditions.shared(Person.of("first"), "first")).subscribe(message -> heard.incrementAndGet());
            Listener[] listeners = new Listener[LISTENERS];
            int threadsBefore = threads();
            long before = usedHeap();
            for (int i = 0; i < LISTENERS; i++) {
                listeners[i] = node.listen(Conditions.shared(Person.of("person-" + i), scopes.of(i)));
                listeners[i].subscribe(message -> heard.incrementAndGet());
            }
            long each = (usedHeap() - before) / LISTENERS;
            int more = threads() - threadsBefore;
            System.out.printf("%s: %d bytes of heap per idle listener, %d threads more%n", what, each, more);
            assertThat(each).isLessThan(LIMIT);
            assertThat(more).isLessThan(16);

            Stream.of(0, LISTENERS / 2, LISTENERS - 1)
                    .map(scopes::of)
                    .distinct()
                    .forEach(scope -> node.dispatch(Person.of("bob"), scope, "hi"));
            long expected = Stream.of(0, LISTENERS / 2, LISTENERS - 1)
                    .map(scopes::of)
                    .distinct()
                    .mapToLong(scope -> scope.equals(scopes.of(LISTENERS / 3)) ? LISTENERS : 1)
                    .sum();
            Await.until("they hear", () -> heard.get() == expected, heard::get);
        }
    }

    @Test
    void oneHundredThousandListenersOnAsManyScopes() {
        measure("100,000 scopes", i -> "room/" + i);
    }

    @Test
    void oneHundredThousandListenersOnOneScope() {
        measure("one scope", i -> "room");
    }
}
