package dev.moitessier.store.datastore;

import dev.moitessier.store.datastore.emulator.Emulator;
import dev.moitessier.store.datastore.emulator.OnEmulator;
import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * The contract on the Firestore emulator in Datastore mode, whose locks are like those that production has by default: two
 * transactions that read a scope and then write it wait for each other, until after seconds the emulator ends one. So calls get
 * more time, and fuzzes are shorter.
 */
@Tag("long")
@Execution(ExecutionMode.CONCURRENT)
@OnEmulator(Emulator.Kind.FIRESTORE)
@ExtendWith(FirestoreContractTest.WithoutTheLongestFuzz.class)
final class FirestoreContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new DatastoreWiring(Emulator.shared(Emulator.Kind.FIRESTORE), namespace) {
            @Override
            DatastoreStore.Builder configure(DatastoreStore.Builder builder) {
                return builder.callLimit(Duration.ofSeconds(60));
            }

            @Override
            public Duration patience() {
                return Duration.ofSeconds(90);
            }

            @Override
            public int fuzzOperations() {
                return 12;
            }
        };
    }

    static final class WithoutTheLongestFuzz implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            boolean longest = context.getTestMethod()
                    .filter(method -> method.getName().equals("O2_aLongFuzzedHistoryIsSound"))
                    .isPresent();
            return longest
                    ? ConditionEvaluationResult.disabled(
                            "twenty minutes of lock time-outs; DatastoreContractTest runs it in the same profile")
                    : ConditionEvaluationResult.enabled("not the longest");
        }
    }
}
