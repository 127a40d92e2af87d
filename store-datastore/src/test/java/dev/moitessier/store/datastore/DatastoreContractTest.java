package dev.moitessier.store.datastore;

import dev.moitessier.store.datastore.emulator.Emulator;
import dev.moitessier.store.datastore.emulator.OnEmulator;
import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The contract on the Datastore emulator, without any index; several rules at a time, each in a namespace of its own. */
@Execution(ExecutionMode.CONCURRENT)
@OnEmulator(Emulator.Kind.DATASTORE)
final class DatastoreContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new DatastoreWiring(Emulator.shared(Emulator.Kind.DATASTORE), namespace);
    }
}
