package dev.moitessier.store.datastore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Watch;
import dev.moitessier.store.datastore.emulator.Emulator;
import dev.moitessier.store.datastore.emulator.OnEmulator;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The contract of {@link HintTransport}, by one that works. */
@OnEmulator(Emulator.Kind.DATASTORE)
final class HintTransportTest {
    private static final Duration SOON = Duration.ofSeconds(10);

    private final LocalTransport.Topic topic = new LocalTransport.Topic();
    private DatastoreStore here;
    private DatastoreStore there;

    @BeforeEach
    void open() throws Exception {
        String namespace = Scratch.namespace();
        var datastore = Clients.of(Emulator.shared(Emulator.Kind.DATASTORE), namespace);
        here = DatastoreStore.builder(datastore).hints(topic.transport()).open();
        there = DatastoreStore.builder(datastore).hints(topic.transport()).open();
        Scratch.hear(here, "room");
    }

    @AfterEach
    void close() {
        here.close();
        there.close();
        topic.close();
    }

    private static final class Heard implements HintSink {
        final Set<String> dirty = ConcurrentHashMap.newKeySet();
        final AtomicInteger all = new AtomicInteger();

        @Override
        public void dirty(String scope) {
            dirty.add(scope);
        }

        @Override
        public void allDirty() {
            all.incrementAndGet();
        }
    }

    @Test
    void theStoreSaysThatItPushesWithinTheTransportsBound() throws Exception {
        assertThat(here.capabilities().push()).contains(Duration.ofSeconds(1));
        try (MailboxStore without =
                DatastoreStore.create(Clients.of(Emulator.shared(Emulator.Kind.DATASTORE), Scratch.namespace()))) {
            assertThat(without.capabilities().push()).isEmpty();
        }
    }

    @Test
    void anAppendHintsTheOtherProcess() {
        Heard heard = new Heard();
        try (Watch watch = there.watch(heard)) {
            watch.add("room");
            Scratch.until("the watch is in effect", SOON, () -> heard.dirty.contains("room"));
            for (int i = 0; i < 5; i++) {
                heard.dirty.clear();
                Scratch.put(here, "room", "m" + i);
                Scratch.until("a hint in the other process", Duration.ofSeconds(1), () -> heard.dirty.contains("room"));
            }
            assertThat(heard.dirty).as("scopes that were not added").containsOnly("room");
        }
    }

    @Test
    void aConnectAndAReconnectHintAtEverything() {
        Heard heard = new Heard();
        try (Watch watch = there.watch(heard)) {
            watch.add("room");
            Scratch.until("the connect", SOON, () -> heard.all.get() == 1);
            topic.reconnect();
            Scratch.until("the reconnect", SOON, () -> heard.all.get() == 2);
        }
    }

    @Test
    void afterCloseNothingIsHinted() {
        Heard heard = new Heard();
        Heard staying = new Heard();
        Watch watch = there.watch(heard);
        try (Watch stays = there.watch(staying)) {
            watch.add("room");
            stays.add("room");
            Scratch.until(
                    "both watches are in effect",
                    SOON,
                    () -> heard.dirty.contains("room") && staying.dirty.contains("room"));
            watch.close();
            heard.dirty.clear();
            staying.dirty.clear();
            Scratch.put(here, "room", "m");
            Scratch.until("the watch that stays is hinted", SOON, () -> staying.dirty.contains("room"));
            assertThat(heard.dirty).isEmpty();
        }
    }

    @Test
    void aTransportThatFailsCostsNothingButTime() throws Exception {
        HintTransport broken = new HintTransport() {
            @Override
            public void publish(String scope) {
                throw new IllegalStateException("broken on purpose");
            }

            @Override
            public void subscribe(HintSink receiver) {
                throw new IllegalStateException("broken on purpose");
            }

            @Override
            public void close() {
                throw new IllegalStateException("broken on purpose");
            }
        };
        try (DatastoreStore store = DatastoreStore.builder(
                        Clients.of(Emulator.shared(Emulator.Kind.DATASTORE), Scratch.namespace()))
                .hints(broken)
                .open()) {
            Scratch.hear(store, "room");
            Heard heard = new Heard();
            try (Watch watch = store.watch(heard)) {
                watch.add("room");
                Scratch.put(store, "room", "m");
                Scratch.until("a hint within the process", SOON, () -> heard.dirty.contains("room"));
            }
            assertThat(Scratch.heard(store, "room")).containsExactly("m");
        }
    }
}
