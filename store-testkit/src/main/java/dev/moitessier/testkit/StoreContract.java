package dev.moitessier.testkit;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Every rule of {@code docs/store-contract.md} that is a store's, as a named test. A store's author writes one class:
 *
 * <pre>{@code
 * class MyStoreContractTest extends StoreContract {
 *     @Override
 *     protected StoreWiring wiring(String namespace) {
 *         return () -> MyStore.open(url, namespace);
 *     }
 * }
 * }</pre>
 *
 * <p>Tests are named after their rule: {@code -Dtest='MyStoreContractTest#O2*'} runs one rule. A failure says what the rule is
 * for and what to look at. What a wiring or the store's {@code Capabilities} cannot do is skipped, and the skip names it. A last
 * line per class sums up.
 *
 * <p>System properties: {@code moitessier.testkit.seed} replays a fuzz test with the seed that its failure printed, {@code
 * moitessier.testkit.operations} overrides {@link StoreWiring#fuzzOperations}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(ContractExtension.class)
@DisplayNameGeneration(RuleNames.class)
@TestMethodOrder(RuleOrder.class)
public abstract class StoreContract
        implements OrderRules,
                AppendRules,
                IdentityRules,
                MembershipRules,
                ReadRules,
                LifeRules,
                SweepRules,
                BatchRules,
                TransactionRules,
                HintRules,
                NameRules,
                FailureRules,
                LaneRules,
                HistoryRules {
    /** For subclasses. */
    protected StoreContract() {}

    /**
     * Makes the wiring under test; called once per class, and for each further test that runs at the same time where a class asks
     * JUnit for that with {@code @Execution(CONCURRENT)}.
     *
     * @param namespace 12 random characters of a-z and 0-9, beginning with a letter: schema, database, key prefix or file, so
     *     that classes do not meet each other
     */
    protected abstract StoreWiring wiring(String namespace) throws Exception;
}
