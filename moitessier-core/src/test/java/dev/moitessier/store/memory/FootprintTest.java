package dev.moitessier.store.memory;

import static dev.moitessier.store.memory.Given.keep;
import static dev.moitessier.store.memory.Given.session;
import static dev.moitessier.store.memory.Given.shared;
import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.Payload;
import dev.moitessier.store.Registration;
import dev.moitessier.store.Watch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.IntConsumer;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

/** Heap per idle listener. What the caller holds anyway (names, ids, registrations' parts) is made before measuring. */
class FootprintTest {
    private static final int COUNT = 100_000;
    private static final Payload METADATA = Payload.wrap(new byte[64]);

    @Test
    void aScopeWithOneSubscriber() {
        List<UUID> ids = made(i -> UUID.randomUUID());
        List<ListenerRef> rooms = made(i -> shared("room/" + i));
        try (MemoryStore store = new MemoryStore()) {
            UUID session = session(store);
            long bytes = bytesPer(i -> {
                store.register(new Registration(ids.get(i), rooms.get(i), "s", session, null, METADATA, null));
                if (i == COUNT - 1) {
                    store.sweep(keep(Duration.ofDays(1), 1_000)); // takes idle scopes off its list
                    store.sweep(keep(Duration.ofDays(1), 1_000));
                }
            });
            System.out.println("memory store: " + bytes + " bytes per scope with one subscriber");
            assertThat(bytes).isBetween(100L, 350L);
            assertThat(store.subscribers(rooms.get(COUNT - 1), null, 10).list().size())
                    .isEqualTo(1);
        }
    }

    @Test
    void oneSubscriberOfManyInAScope() {
        List<UUID> ids = made(i -> UUID.randomUUID());
        List<String> names = made(i -> "subscriber-" + i);
        ListenerRef room = shared("room");
        try (MemoryStore store = new MemoryStore()) {
            UUID session = session(store);
            long bytes = bytesPer(i ->
                    store.register(new Registration(ids.get(i), room, names.get(i), session, null, METADATA, null)));
            System.out.println("memory store: " + bytes + " bytes per subscriber of one scope");
            assertThat(bytes).isBetween(50L, 150L);
            assertThat(store.subscribers(room, null, COUNT + 1).list().size()).isEqualTo(COUNT);
        }
    }

    /** W5. */
    @Test
    void aWatchedScope() {
        List<String> scopes = made(i -> "room/" + i);
        try (MemoryStore store = new MemoryStore();
                Watch watch = store.watch(new Deaf())) {
            long bytes = bytesPer(i -> watch.add(scopes.get(i)));
            System.out.println("memory store: " + bytes + " bytes per watched scope");
            assertThat(bytes).isBetween(20L, 100L);
            assertThat(scopes).isNotEmpty();
        }
    }

    private static <T> List<T> made(IntFunction<T> maker) {
        List<T> list = new ArrayList<>(COUNT);
        for (int i = 0; i < COUNT; i++) {
            list.add(maker.apply(i));
        }
        return list;
    }

    private static long bytesPer(IntConsumer step) {
        long before = used();
        for (int i = 0; i < COUNT; i++) {
            step.accept(i);
        }
        return (used() - before) / COUNT;
    }

    private static long used() {
        // The serial collector may leave a few per cent of dead objects where they are, but compacts all at every
        // fourth time.
        for (int i = 0; i < 5; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private static final class Deaf implements HintSink {
        @Override
        public void dirty(String scope) {}

        @Override
        public void allDirty() {}
    }
}
