package dev.moitessier.store.datastore;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.cloud.datastore.BooleanValue;
import com.google.cloud.datastore.Datastore;
import com.google.cloud.datastore.Entity;
import com.google.cloud.datastore.Key;
import dev.moitessier.store.datastore.emulator.Emulator;
import dev.moitessier.store.datastore.emulator.OnEmulator;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** What the contract cannot bring about: a session that was marked as ended by a process that died before it cleared up. */
@OnEmulator(Emulator.Kind.DATASTORE)
final class TakeoverTest {
    @Test
    void aSessionThatEndedHoldsNothingEvenBeforeItsSubscribersWereRemoved() throws Exception {
        Datastore datastore = Clients.of(Emulator.shared(Emulator.Kind.DATASTORE), Scratch.namespace());
        try (DatastoreStore store = DatastoreStore.create(datastore)) {
            UUID died = opened(store);
            UUID next = opened(store);
            UUID last = opened(store);
            store.register(Scratch.registration("room", "phone", died));
            markAsEnded(datastore, died);
            assertThat(store.register(Scratch.registration("room", "phone", next))
                            .heldBy())
                    .isNull();
            assertThat(store.register(Scratch.registration("room", "phone", last))
                            .heldBy())
                    .isEqualTo(next);
        }
    }

    private static UUID opened(DatastoreStore store) {
        UUID session = UUID.randomUUID();
        store.open(session, Duration.ofMinutes(1));
        return session;
    }

    private static void markAsEnded(Datastore datastore, UUID session) {
        Key key = new Keys(datastore).session(session);
        datastore.update(Entity.newBuilder(datastore.get(key))
                .set("ended", BooleanValue.of(true))
                .build());
    }
}
