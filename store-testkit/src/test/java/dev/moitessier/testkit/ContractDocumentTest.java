package dev.moitessier.testkit;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** {@code docs/store-contract.md}, the rules and the suites say the same. */
class ContractDocumentTest {
    private static final Path DOCUMENT = Path.of("..", "docs", "store-contract.md");
    private static final Pattern SECTION = Pattern.compile("(?ms)^### (\\w+) · (\\w+)\\n(.*?)(?=^##)");

    private static final Map<Rule, String> sections = new EnumMap<>(Rule.class);
    private static final Map<Rule, String> levels = new EnumMap<>(Rule.class);

    @BeforeAll
    static void read() throws IOException {
        Matcher matcher = SECTION.matcher(Files.readString(DOCUMENT));
        while (matcher.find()) {
            Rule rule = Rule.valueOf(matcher.group(1));
            assertThat(sections.put(rule, matcher.group(3)))
                    .as("%s, a second time", rule)
                    .isNull();
            levels.put(rule, matcher.group(2));
        }
    }

    @Test
    void eachRuleHasItsSection() {
        assertThat(sections.keySet())
                .as("rules with a section ### <id> · <level>")
                .containsExactlyInAnyOrder(Rule.values());
    }

    @TestFactory
    Stream<DynamicTest> eachSectionSaysWhatTheRuleAndTheSuitesSay() {
        return sections.entrySet().stream()
                .map(section -> DynamicTest.dynamicTest(
                        section.getKey().name(), () -> agrees(section.getKey(), section.getValue())));
    }

    private static void agrees(Rule rule, String text) {
        assertThat(levels.get(rule)).as("level").isEqualTo(rule.level().name());
        assertThat(text).as("the rule's intent").contains("*Intent:* " + rule.intent() + "\n");
        List<String> ofStores = tests(StoreContract.class, rule);
        List<String> ofCore = tests(CoreContract.class, rule);
        assertThat(line(text, "*Tests:* "))
                .as("tests of %s in StoreContract; the line should be: *Tests:* %s", rule, listed(ofStores))
                .isEqualTo(listed(ofStores));
        assertThat(line(text, "*Core tests:* "))
                .as("tests of %s in CoreContract; the line should be: *Core tests:* %s", rule, listed(ofCore))
                .isEqualTo(listed(ofCore));
        if (ofStores.isEmpty() && ofCore.isEmpty()) {
            assertThat(line(text, "*Not tested here:* "))
                    .as("reason why %s has no test", rule)
                    .isPresent();
        }
    }

    private static List<String> tests(Class<?> suite, Rule rule) {
        return Arrays.stream(suite.getMethods())
                .filter(method -> method.isAnnotationPresent(Test.class))
                .map(method -> method.getName())
                .filter(name -> Rule.ofTest(name).equals(Optional.of(rule)))
                .sorted()
                .toList();
    }

    private static Optional<String> listed(List<String> tests) {
        return tests.isEmpty()
                ? Optional.empty()
                : Optional.of(tests.stream().map(test -> "`" + test + "`").collect(joining(", ")) + ".");
    }

    private static Optional<String> line(String text, String begins) {
        return text.lines()
                .filter(line -> line.startsWith(begins))
                .map(line -> line.substring(begins.length()))
                .findFirst();
    }

    @Test
    void everyTestIsNamedAfterARule() {
        for (Class<?> suite : List.of(StoreContract.class, CoreContract.class)) {
            assertThat(Arrays.stream(suite.getMethods()).filter(method -> method.isAnnotationPresent(Test.class)))
                    .isNotEmpty()
                    .allSatisfy(method -> assertThat(Rule.ofTest(method.getName()))
                            .as(method.getName())
                            .isPresent());
        }
    }

    @Test
    void displayNamesBeginWithTheRule() {
        assertThat(RuleNames.shown("O2_noLateArrivals")).isEqualTo("O2: no late arrivals");
        assertThat(RuleNames.shown("L5a_aDurableRegistrationHoldsTheScope"))
                .isEqualTo("L5a: a durable registration holds the scope");
        assertThat(Rule.ofTest("L5a_x")).contains(Rule.L5a);
        assertThat(Rule.ofTest("L5_x")).contains(Rule.L5);
        assertThat(Rule.ofTest("unruly")).isEmpty();
    }
}
