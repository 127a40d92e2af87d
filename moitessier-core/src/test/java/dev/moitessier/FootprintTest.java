package dev.moitessier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.memory.MemoryStore;
import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an idle listener costs: heap, the store's part included, its person, the scope's name and the responder not; and no thread. */
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
        long atFirst = usedHeap();
        openAndClose(what, scopes);
        Await.until(
                "a closed node lets go of all of it",
                () -> usedHeap() - atFirst < LISTENERS * 16,
                () -> usedHeap() - atFirst);
    }

    /** A method of its own, so that no frame holds on to what it has opened. */
    private static void openAndClose(String what, Scopes scopes) {
        AtomicInteger heard = new AtomicInteger();
        try (Moitessier node =
                Moitessier.builder(new MemoryStore()).observer(Observers.none()).build()) {
            node.listen(Conditions.shared(Person.of("first"), "first")).subscribe(message -> heard.incrementAndGet());
            Listener[] listeners = new Listener[LISTENERS];
            Person[] persons = new Person[LISTENERS];
            String[] names = new String[LISTENERS];
            for (int i = 0; i < LISTENERS; i++) {
                persons[i] = Person.of("person-" + i);
                names[i] = scopes.of(i);
            }
            Responder responder = message -> heard.incrementAndGet();
            int threadsBefore = threads();
            long before = usedHeap();
            for (int i = 0; i < LISTENERS; i++) {
                listeners[i] = node.listen(Conditions.shared(persons[i], names[i]));
                listeners[i].subscribe(responder);
            }
            // The first read of each of them may still be under way.
            Await.until(
                    "less than " + LIMIT + " bytes each",
                    () -> (usedHeap() - before) / LISTENERS < LIMIT,
                    () -> (usedHeap() - before) / LISTENERS);
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
