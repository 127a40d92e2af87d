package dev.moitessier.testkit;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestWatcher;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

/** Gives each test its bench, adds to each failure what the rule is for, and sums up. */
final class ContractExtension
        implements BeforeAllCallback, AfterAllCallback, ParameterResolver, TestExecutionExceptionHandler, TestWatcher {
    private static final ExtensionContext.Namespace OURS = ExtensionContext.Namespace.create(ContractExtension.class);

    private final Map<String, List<String>> skipped = new ConcurrentSkipListMap<>();
    private final List<String> failed = new CopyOnWriteArrayList<>();
    private final AtomicInteger passed = new AtomicInteger();

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        Object contract = context.getRequiredTestInstance();
        Wired.Maker maker = contract instanceof CoreContract core ? core::wiring : ((StoreContract) contract)::wiring;
        context.getStore(OURS).put(Lanes.class, Lanes.open(maker));
    }

    @Override
    public void afterAll(ExtensionContext context) {
        Lanes lanes = context.getStore(OURS).get(Lanes.class, Lanes.class);
        String name = lanes == null
                ? context.getRequiredTestClass().getSimpleName()
                : lanes.store() + " (" + context.getRequiredTestClass().getSimpleName() + ")";
        String contract =
                context.getRequiredTestInstance() instanceof CoreContract ? "Core contract on " : "Store contract of ";
        StringBuilder line = new StringBuilder(contract + name + ": " + passed + " passed, " + failed.size()
                + " failed, " + skipped.values().stream().mapToInt(List::size).sum() + " skipped");
        failed.forEach(test -> line.append("\n  FAILED  ").append(test));
        skipped.forEach((reason, tests) -> line.append("\n  skipped ")
                .append(String.join(", ", tests))
                .append(": ")
                .append(reason));
        System.out.println(line);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == Bench.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        Lanes lanes = Objects.requireNonNull(context.getStore(OURS).get(Lanes.class, Lanes.class));
        Seat seat = new Seat(lanes, taken(lanes));
        // Closed by JUnit when the test is over, with all that the test opened.
        context.getStore(OURS).put(Seat.class, seat);
        return seat.bench;
    }

    private static Wired taken(Lanes lanes) {
        try {
            return lanes.take();
        } catch (Exception e) {
            throw new ParameterResolutionException("no instances for this test: " + e, e);
        }
    }

    /** A test's place: its bench, and the wiring that it gives back. */
    private static final class Seat implements AutoCloseable {
        private final Lanes lanes;
        private final Wired wired;
        private final Bench bench;

        Seat(Lanes lanes, Wired wired) {
            this.lanes = lanes;
            this.wired = wired;
            bench = new Bench(wired);
        }

        @Override
        public void close() {
            try {
                bench.close();
            } finally {
                lanes.giveBack(wired);
            }
        }
    }

    @Override
    public void handleTestExecutionException(ExtensionContext context, Throwable thrown) throws Throwable {
        Optional<Rule> rule = Rule.ofTest(context.getRequiredTestMethod().getName());
        if (thrown instanceof TestAbortedException || rule.isEmpty()) {
            throw thrown;
        }
        String message = thrown instanceof AssertionError ? String.valueOf(thrown.getMessage()) : thrown.toString();
        AssertionFailedError explained = new AssertionFailedError(
                message.stripTrailing()
                        + "\n\n  Rule " + rule.get() + " (" + rule.get().level() + "): "
                        + rule.get().intent()
                        + "\n  Look at: " + rule.get().hint()
                        + "\n  See docs/store-contract.md, " + rule.get() + ".\n",
                thrown instanceof AssertionError ? thrown.getCause() : thrown);
        explained.setStackTrace(thrown.getStackTrace());
        throw explained;
    }

    @Override
    public void testSuccessful(ExtensionContext context) {
        passed.incrementAndGet();
    }

    @Override
    public void testFailed(ExtensionContext context, @Nullable Throwable cause) {
        failed.add(context.getRequiredTestMethod().getName());
    }

    @Override
    public void testAborted(ExtensionContext context, @Nullable Throwable cause) {
        skipped.computeIfAbsent(
                        cause == null ? "aborted without a reason" : String.valueOf(cause.getMessage()),
                        reason -> new CopyOnWriteArrayList<>())
                .add(context.getRequiredTestMethod().getName());
    }

    @Override
    public void testDisabled(ExtensionContext context, Optional<String> reason) {
        skipped.computeIfAbsent(reason.orElse("disabled without a reason"), key -> new CopyOnWriteArrayList<>())
                .add(context.getRequiredTestMethod().getName());
    }
}
