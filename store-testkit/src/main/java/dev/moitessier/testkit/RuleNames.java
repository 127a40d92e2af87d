package dev.moitessier.testkit;

import java.lang.reflect.Method;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGenerator;

/** Shows {@code O2_noLateArrivals} as {@code O2: no late arrivals}. */
final class RuleNames extends DisplayNameGenerator.Standard {
    @Override
    public String generateDisplayNameForMethod(List<Class<?>> enclosing, Class<?> testClass, Method method) {
        return shown(method.getName());
    }

    static String shown(String testName) {
        return Rule.ofTest(testName)
                .map(rule -> rule.name() + ": "
                        + words(testName.substring(rule.name().length() + 1)))
                .orElseGet(() -> words(testName));
    }

    private static String words(String camelCase) {
        StringBuilder words = new StringBuilder();
        for (int i = 0; i < camelCase.length(); i++) {
            char c = camelCase.charAt(i);
            if (Character.isUpperCase(c)) {
                words.append(' ').append(Character.toLowerCase(c));
            } else {
                words.append(c == '_' ? ' ' : c);
            }
        }
        return words.toString();
    }
}
