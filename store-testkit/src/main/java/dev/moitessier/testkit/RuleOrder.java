package dev.moitessier.testkit;

import java.util.Comparator;
import org.junit.jupiter.api.MethodDescriptor;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.MethodOrdererContext;

/** Runs tests in the order of the rules, which is about the order in which a new store turns them green. */
final class RuleOrder implements MethodOrderer {
    @Override
    public void orderMethods(MethodOrdererContext context) {
        context.getMethodDescriptors()
                .sort(Comparator.comparingInt(RuleOrder::ordinal)
                        .thenComparing(test -> test.getMethod().getName()));
    }

    private static int ordinal(MethodDescriptor test) {
        return Rule.ofTest(test.getMethod().getName()).map(Rule::ordinal).orElse(Rule.values().length);
    }
}
