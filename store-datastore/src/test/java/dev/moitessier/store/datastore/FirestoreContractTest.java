package dev.moitessier.store.datastore;

import dev.moitessier.store.datastore.emulator.Emulator;
import dev.moitessier.store.datastore.emulator.OnEmulator;
import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;

/** The contract on the Firestore emulator in Datastore mode, whose locks are like those that production has by default. */
@Tag("long")
@OnEmulator(Emulator.Kind.FIRESTORE)
final class FirestoreContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new DatastoreWiring(Emulator.shared(Emulator.Kind.FIRESTORE), namespace);
    }
}
