package dev.moitessier.examples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.Conditions;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.store.memory.MemoryStore;
import dev.moitessier.testkit.MutableClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How an application tests what it builds on Moitessier: a settable clock, no thread, no sleep. */
class RoomTest {
    @Test
    // snippet: test
    void bobIsHeardOnTheOtherNode() {
        MutableClock clock = MutableClock.at("2026-11-22T00:00:00Z");
        try (MemoryStore store = new MemoryStore(clock);
                Moitessier here = node(store, clock);
                Moitessier there = node(store, clock)) {
            List<String> heard = new ArrayList<>();
            Listener room = here.listen(Conditions.shared(Person.of("ada"), "room"));
            room.subscribe(message -> heard.add(message.text()));
            there.dispatch(Person.of("bob"), "room", "hi");
            clock.advance(Duration.ofSeconds(20));
            assertThat(heard).containsExactly("hi");
        }
    }

    private static Moitessier node(MemoryStore store, MutableClock clock) {
        return Moitessier.builder(store)
                .storeStaysOpen()
                .time(clock)
                .executor(Runnable::run)
                .build();
    }
    // end
}
