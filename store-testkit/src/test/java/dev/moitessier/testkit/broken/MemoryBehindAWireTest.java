package dev.moitessier.testkit.broken;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What the broken stores are made of is sound: only then does a red test mean what it says. */
@Execution(ExecutionMode.CONCURRENT)
class MemoryBehindAWireTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new MemoryBehindAWire();
    }
}
