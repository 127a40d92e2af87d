package dev.moitessier.store.datastore;

import dev.moitessier.testkit.CoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;

/** Core and the store together. */
@Tag("long")
final class DatastoreCoreContractTest extends CoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new DatastoreWiring(Emulator.shared(Emulator.Kind.DATASTORE), namespace);
    }
}
