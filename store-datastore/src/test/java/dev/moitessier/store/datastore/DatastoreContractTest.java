package dev.moitessier.store.datastore;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;

/** The contract on the Datastore emulator, without any index. */
final class DatastoreContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new DatastoreWiring(Emulator.shared(Emulator.Kind.DATASTORE), namespace);
    }
}
