package dev.moitessier.store.datastore.emulator;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/** A test that needs one of Google's emulators: without it is skipped with a printed sentence that says how to install it. */
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
@ExtendWith(OnEmulator.Condition.class)
public @interface OnEmulator {
    /** Which one. */
    Emulator.Kind value();

    /** Where an emulator must be there, a test without it runs, and fails. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            String missing = AnnotationSupport.findAnnotation(context.getElement(), OnEmulator.class)
                    .map(OnEmulator::value)
                    .filter(kind -> !kind.mustBeThere())
                    .flatMap(Emulator::missing)
                    .orElse(null);
            if (missing == null) {
                return ConditionEvaluationResult.enabled("there, or nothing without it");
            }
            System.out.println("Skipped: " + context.getDisplayName() + ". " + missing);
            return ConditionEvaluationResult.disabled(missing);
        }
    }
}
