package dev.moitessier.testkit.broken;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;

/** What the broken stores are made of is sound: only then does a red test mean what it says. */
class MemoryBehindAWireTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new MemoryBehindAWire();
    }
}
