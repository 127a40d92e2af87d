package dev.moitessier.store.memory;

import static dev.moitessier.store.memory.Given.append;
import static dev.moitessier.store.memory.Given.join;
import static dev.moitessier.store.memory.Given.keep;
import static dev.moitessier.store.memory.Given.payload;
import static dev.moitessier.store.memory.Given.read;
import static dev.moitessier.store.memory.Given.session;
import static dev.moitessier.store.memory.Given.shared;
import static dev.moitessier.store.memory.Given.stored;
import static dev.moitessier.store.memory.Given.text;
import static dev.moitessier.store.memory.Given.texts;
import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Appended;
import dev.moitessier.store.Page;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What the generic contract cannot see of this store: its bounds, its floors, its tables. */
class MemoryStoreTest {
    private final Given.Clock clock = new Given.Clock();

    @Test
    void twoStoresOverOneSpaceMeet() {
        MemorySpace space = new MemorySpace(clock, 1_000);
        try (MemoryStore here = new MemoryStore(space);
                MemoryStore there = new MemoryStore(space)) {
            join(here, shared("room"), "s1", session(here));
            long position = stored(there, append("room", "hello"));

            Page page = read(here, "room", 0);
            assertThat(texts(page)).containsExactly("hello");
            assertThat(page.next()).isEqualTo(position).isEqualTo(page.head());
        }
    }

    @Test
    void farewellIsSaidOnceWhenTheLeaseEnds() {
        try (MemoryStore store = new MemoryStore(clock)) {
            UUID lost = session(store);
            UUID here = session(store);
            UUID registration = UUID.randomUUID();
            store.register(new Registration(
                    registration, shared("room"), "lost", lost, Duration.ofDays(1), payload("m"), text("bye")));
            Registered watcher = join(store, shared("room"), "here", here);

            clock.advance(Given.LEASE.minusMillis(1));
            store.heartbeat(here, Given.LEASE);
            clock.advance(Duration.ofMillis(2));
            store.sweep(keep(Duration.ofDays(1), 1_000, clock.instant(), 100));
            clock.advance(Duration.ofDays(2));
            store.heartbeat(here, Given.LEASE);
            store.sweep(keep(Duration.ofDays(9), 1_000, clock.instant(), 100));

            Page page = read(store, "room", watcher.start());
            assertThat(texts(page)).containsExactly("bye");
            assertThat(page.entries().get(0).dispatch()).isEqualTo(registration);
            assertThat(store.subscribers(shared("room"), null, 10).list())
                    .extracting(subscriber -> subscriber.id())
                    .containsExactly("here");
        }
    }

    @Test
    void refusesBeyondItsBoundAndSaysTheNumber() {
        try (MemoryStore store = new MemoryStore(new MemorySpace(clock, 10))) {
            join(store, shared("room"), "s1", session(store));
            for (int i = 0; i < 10; i++) {
                stored(store, append("room", "text " + i));
            }
            Appended refused =
                    store.append(List.of(append("room", "one too many"))).get(0);

            assertThat(refused).isInstanceOfSatisfying(Appended.Failed.class, failed -> assertThat(failed.cause())
                    .isInstanceOf(StoreException.Rejected.class)
                    .hasMessageContaining("10 entries")
                    .hasMessageContaining("max-entries"));
            assertThat(read(store, "room", 0).entries()).hasSize(10);

            store.sweep(keep(Duration.ofDays(1), 4));
            stored(store, append("room", "fits again"));
        }
    }
}
