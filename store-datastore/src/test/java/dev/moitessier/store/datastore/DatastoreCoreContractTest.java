package dev.moitessier.store.datastore;

import dev.moitessier.store.datastore.emulator.Emulator;
import dev.moitessier.store.datastore.emulator.OnEmulator;
import dev.moitessier.testkit.CoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** Core and the store together. */
@Tag("long")
@Execution(ExecutionMode.CONCURRENT)
@OnEmulator(Emulator.Kind.DATASTORE)
final class DatastoreCoreContractTest extends CoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new DatastoreWiring(Emulator.shared(Emulator.Kind.DATASTORE), namespace);
    }
}
