package dev.moitessier.testkit;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The rules of {@code docs/store-contract.md} that are core's, tested with nodes of {@link dev.moitessier.Moitessier} on the store
 * under test: that both together keep what neither keeps alone. Written like a {@link StoreContract}, over the same wiring; worth
 * running once a store passes that.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(ContractExtension.class)
@DisplayNameGeneration(RuleNames.class)
@TestMethodOrder(RuleOrder.class)
public abstract class CoreContract implements CoreRules {
    /** For subclasses. */
    protected CoreContract() {}

    /**
     * Makes the wiring under test; called once per class, and again by a test that needs a store which has forgotten everything.
     *
     * @param namespace 12 random characters of a-z and 0-9, beginning with a letter
     */
    protected abstract StoreWiring wiring(String namespace) throws Exception;
}
