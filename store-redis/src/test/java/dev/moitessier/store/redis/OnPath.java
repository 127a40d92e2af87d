package dev.moitessier.store.redis;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Needs a server on the PATH. Without one it is skipped, saying so, and with {@code CI=true} it fails. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(OnPath.Condition.class)
@interface OnPath {
    /** Looks for it. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            if (RedisServer.executableOnPath().isPresent()) {
                return ConditionEvaluationResult.enabled("there is a server on the PATH");
            }
            if ("true".equals(System.getenv("CI"))) {
                throw new IllegalStateException("CI=true, and neither valkey-server nor redis-server is on the PATH");
            }
            return ConditionEvaluationResult.disabled("neither valkey-server nor redis-server is on the PATH");
        }
    }
}
