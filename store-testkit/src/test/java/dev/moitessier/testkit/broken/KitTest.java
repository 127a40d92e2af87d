package dev.moitessier.testkit.broken;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import dev.moitessier.testkit.Rule;
import dev.moitessier.testkit.StoreContract;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * The kit's own test: for each rule a store that breaks it, on which the tests of that rule must go red. {@link
 * MemoryBehindAWireTest} shows that they are green on the same store unbroken.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class KitTest {
    /** Most of them wait. */
    private static final int AT_A_TIME = 4;

    private static final Map<Rule, List<String>> table = new ConcurrentSkipListMap<>();
    private static final Set<String> red = new ConcurrentSkipListSet<>();

    @TestFactory
    @Order(1)
    Stream<DynamicTest> aStoreThatBreaksTheRuleGoesRed() {
        PrintStream out = System.out;
        System.setOut(new PrintStream(OutputStream.nullOutputStream(), true));
        ExecutorService runs = Executors.newFixedThreadPool(AT_A_TIME);
        List<DynamicTest> tests = new ArrayList<>();
        for (Breakage breakage : Breakages.all()) {
            Future<?> run = runs.submit(() -> assertRed(breakage));
            tests.add(DynamicTest.dynamicTest(breakage.rule() + ": a store that " + breakage.how(), () -> end(run)));
        }
        runs.shutdown();
        return tests.stream().onClose(() -> System.setOut(out));
    }

    private static void end(Future<?> run) throws Throwable {
        try {
            run.get();
        } catch (ExecutionException failed) {
            throw failed.getCause();
        }
    }

    @Test
    @Order(0)
    void eachRuleIsBrokenOrHasAReasonWhyNot() {
        Map<Rule, List<Breakage>> broken = Breakages.all().stream().collect(groupingBy(Breakage::rule));
        Map<Rule, String> unbreakable = Breakages.unbreakable();
        Set<Rule> missing = EnumSet.allOf(Rule.class);
        missing.removeAll(broken.keySet());
        missing.removeAll(unbreakable.keySet());
        assertThat(missing).as("rules without a breakage and without a reason").isEmpty();
        assertThat(broken)
                .as("rules with a breakage")
                .doesNotContainKeys(unbreakable.keySet().toArray(Rule[]::new));
    }

    @Test
    @Order(0)
    void eachTestOfTheContractBelongsToARule() {
        assertThat(contractTests().filter(test -> Rule.ofTest(test.getName()).isEmpty()))
                .as("tests whose name starts with no rule")
                .isEmpty();
    }

    /** Runs last, by {@link Order}: a test that was never seen red may be one that cannot fail. */
    @Test
    @Order(2)
    void eachTestOfTheContractWasSeenRed() {
        for (int tries = 0; tries < 10 && !neverRed().isEmpty(); tries++) {
            // A test of a race needs luck to see a store that loses it, and may have had none the first time.
            Set<Rule> again = neverRed().stream()
                    .map(test -> Rule.ofTest(test).orElseThrow())
                    .collect(toCollection(() -> EnumSet.noneOf(Rule.class)));
            Breakages.all().stream()
                    .filter(breakage -> again.contains(breakage.rule()))
                    .forEach(breakage -> run(breakage, testsOf(breakage.rule())));
        }
        assertThat(neverRed())
                .as("tests of the contract that no broken store turned red")
                .isEmpty();
    }

    private static Set<String> neverRed() {
        Set<String> never = contractTests().map(Method::getName).collect(toCollection(TreeSet::new));
        never.removeAll(red);
        return never;
    }

    @AfterAll
    static void printTable() {
        StringBuilder lines = new StringBuilder("Rules, what broke them, and the tests that went red:\n");
        table.forEach((rule, rows) ->
                rows.forEach(row -> lines.append("  ").append(row).append('\n')));
        Breakages.unbreakable()
                .forEach((rule, reason) -> lines.append("  %-4s not broken: %s%n".formatted(rule, reason)));
        System.out.print(lines);
    }

    private static void assertRed(Breakage breakage) {
        List<Method> tests = testsOf(breakage.rule());
        assertThat(tests).as("tests of " + breakage.rule()).isNotEmpty();

        Outcome outcome = run(breakage, tests);
        for (int tries = 1; tries < 5 && outcome.red.isEmpty(); tries++) {
            outcome = run(breakage, tests);
        }
        String names = outcome.red.isEmpty() ? "NONE" : String.join(", ", outcome.red);
        table.computeIfAbsent(breakage.rule(), rule -> new CopyOnWriteArrayList<>())
                .add("%-4s %s -> %s".formatted(breakage.rule(), breakage.how(), names));
        assertThat(outcome.elsewhere).as("failures outside of tests").isEmpty();
        assertThat(outcome.red)
                .as(
                        "tests of %s that go red on a store that %s; others: %s",
                        breakage.rule(), breakage.how(), outcome.others)
                .isNotEmpty();
    }

    private static List<Method> testsOf(Rule rule) {
        return contractTests()
                .filter(test -> Rule.ofTest(test.getName()).equals(Optional.of(rule)))
                .toList();
    }

    private static Outcome run(Breakage breakage, List<Method> tests) {
        Outcome outcome = new Outcome();
        assertTimeoutPreemptively(Duration.ofMinutes(2), () -> {
            OnABrokenStore.breakAs(breakage);
            LauncherFactory.create().execute(request(tests), outcome);
        });
        red.addAll(outcome.red);
        return outcome;
    }

    private static LauncherDiscoveryRequest request(List<Method> tests) {
        return LauncherDiscoveryRequestBuilder.request()
                .selectors(tests.stream()
                        .map(test -> selectMethod(OnABrokenStore.class, test.getName(), parameters(test)))
                        .toList())
                // So all of it runs on the thread that asks, to which the breakage belongs.
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "false")
                .build();
    }

    private static String parameters(Method test) {
        return Arrays.stream(test.getParameterTypes()).map(Class::getName).collect(joining(","));
    }

    private static Stream<Method> contractTests() {
        return Arrays.stream(StoreContract.class.getMethods())
                .filter(method -> method.isAnnotationPresent(Test.class))
                .filter(method -> !isLong(method));
    }

    private static boolean isLong(Method method) {
        Tag tag = method.getAnnotation(Tag.class);
        return tag != null && tag.value().equals("long");
    }

    private static final class Outcome implements TestExecutionListener {
        private final Set<String> red = new TreeSet<>();
        private final List<String> elsewhere = new ArrayList<>();
        private final List<String> others = new ArrayList<>();

        @Override
        public void executionFinished(TestIdentifier identifier, TestExecutionResult result) {
            if (result.getStatus() != TestExecutionResult.Status.FAILED) {
                others.add(identifier.getDisplayName() + ": " + result);
                return;
            }
            if (identifier.isTest()) {
                red.add(nameOf(identifier));
            } else {
                elsewhere.add(identifier.getDisplayName() + ": " + result.getThrowable());
            }
        }

        private static String nameOf(TestIdentifier identifier) {
            return ((MethodSource) identifier.getSource().orElseThrow()).getMethodName();
        }
    }
}
