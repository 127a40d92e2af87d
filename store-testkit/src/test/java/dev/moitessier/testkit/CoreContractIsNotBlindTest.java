package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Beat;
import dev.moitessier.store.Content;
import dev.moitessier.store.Entry;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Members;
import dev.moitessier.store.Page;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.memory.MemorySpace;
import dev.moitessier.store.memory.MemoryStore;
import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Core cannot be swapped for a broken one, but what it tells the store, and what it is told, can be spoiled on the way: then core
 * with its store behaves as a core would that breaks the rule, and the tests of that rule must go red.
 */
class CoreContractIsNotBlindTest {
    /** A way of breaking core, and the test that must see it. */
    private record Spoiled(String test, String how, UnaryOperator<MailboxStore> spoil) {}

    private static final AtomicInteger opened = new AtomicInteger();
    private static volatile Spoiled present = new Spoiled("", "", UnaryOperator.identity());

    @TestFactory
    Stream<DynamicTest> aCoreThatBreaksTheRuleGoesRed() {
        return Stream.of(
                        new Spoiled(
                                "A3_eachListenerGetsWhatIsForIt",
                                "forgets whom a dispatch names",
                                store -> appending(
                                        store,
                                        append -> with(
                                                append,
                                                append.dispatch(),
                                                unaddressed(append.content()),
                                                append.ifMembers()))),
                        new Spoiled(
                                "A3_aHandlerThatFailsLeavesItsListenerWithNothing",
                                "gives the body to handlers that failed",
                                store -> appending(
                                        store,
                                        append -> with(
                                                append,
                                                append.dispatch(),
                                                toHandlers(append.content()),
                                                append.ifMembers()))),
                        new Spoiled(
                                "M2_aHandlerListenerThatJoinsMeanwhileGetsItsOwnText",
                                "appends handler dispatches unconditionally",
                                store -> appending(
                                        store,
                                        append -> with(
                                                append, append.dispatch(), append.content(), OptionalLong.empty()))),
                        new Spoiled(
                                "M2_afterFiveTriesItAppendsUnconditionally",
                                "gives up after a few tries",
                                RefusesAfterStale::new),
                        new Spoiled(
                                "V3_whoAsksForHistoryGetsWhatItWouldHaveGot",
                                "reads nothing before a start",
                                ReadsFromStart::new),
                        new Spoiled(
                                "C1_aStoreThatForgotIsReportedAndTheListenerGoesOn",
                                "does not see resets",
                                HidesResets::new),
                        new Spoiled(
                                "C5_acknowledgementsAreCoalescedAndADurableListenerResumes",
                                "acknowledges nothing",
                                NeverAcknowledges::new),
                        new Spoiled(
                                "C5_aDurableListenerThatCrashedBeforeItsFirstAcknowledgementMissesNothing",
                                "acknowledges nothing",
                                NeverAcknowledges::new),
                        new Spoiled(
                                "L2_aSessionThatEndedIsReplacedAndNothingIsLost",
                                "believes that its session lives",
                                BelievesItLives::new),
                        new Spoiled(
                                "L7_aNodeThatVanishedIsAnnouncedOnceByTheOthers",
                                "registers without a farewell",
                                WithoutFarewell::new),
                        new Spoiled(
                                "R5_aMailboxThatIsGoneIsMadeAgainAndTold",
                                "does not ask for the members",
                                SameVersion::new),
                        new Spoiled(
                                "B4_severalScopesAreAnsweredEachForItself",
                                "makes up ids of its own",
                                store -> appending(store, CoreContractIsNotBlindTest::underNewId)),
                        new Spoiled(
                                "E1_anUnknownOutcomeIsRetriedUnderItsIdAndWrittenOnce",
                                "retries under a new id",
                                store -> appending(store, CoreContractIsNotBlindTest::underNewId)),
                        new Spoiled(
                                "W1_withoutAnyHintMessagesArriveByPolling",
                                "reads only what was hinted",
                                ReadsOnlyOnce::new),
                        new Spoiled(
                                "M3_othersSeeWhoListens", "registers without metadata of its own", SameMetadata::new))
                .map(spoiled -> DynamicTest.dynamicTest(
                        spoiled.test + ": a core that " + spoiled.how, () -> assertRed(spoiled)));
    }

    private static void assertRed(Spoiled spoiled) {
        present = spoiled;
        opened.set(0);
        Set<String> red = new ConcurrentSkipListSet<>();
        Set<String> seen = new ConcurrentSkipListSet<>();
        PrintStream out = System.out;
        System.setOut(new PrintStream(OutputStream.nullOutputStream(), true));
        try {
            LauncherFactory.create()
                    .execute(
                            LauncherDiscoveryRequestBuilder.request()
                                    .selectors(selectClass(OnASpoiledCore.class))
                                    .build(),
                            new TestExecutionListener() {
                                @Override
                                public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                                    if (test.isTest()) {
                                        seen.add(test.getDisplayName());
                                        if (result.getStatus() == TestExecutionResult.Status.FAILED) {
                                            red.add(test.getDisplayName());
                                        }
                                    }
                                }
                            });
        } finally {
            System.setOut(out);
        }
        assertThat(seen).as("tests that ran").containsExactly(RuleNames.shown(spoiled.test));
        assertThat(red)
                .as("tests that are red with a core that %s", spoiled.how)
                .containsExactly(RuleNames.shown(spoiled.test));
    }

    /** Runs the one test that is asked for. */
    static final class OnlyTheTestAskedFor implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            boolean asked = context.getTestMethod()
                    .map(method -> method.getName().equals(present.test))
                    .orElse(true);
            return asked
                    ? ConditionEvaluationResult.enabled("asked for")
                    : ConditionEvaluationResult.disabled("not asked for");
        }
    }

    /** Found by name only: its own run is not a test. */
    @ExtendWith(OnlyTheTestAskedFor.class)
    static class OnASpoiledCore extends CoreContract {
        @Override
        protected StoreWiring wiring(String namespace) {
            MutableClock clock = MutableClock.at("2026-11-22T10:00:00Z");
            MemorySpace space = new MemorySpace(clock, 1_000_000);
            return new StoreWiring() {
                @Override
                public MailboxStore open() {
                    // The first two are the bench's own, which look on.
                    MailboxStore store = new MemoryStore(space);
                    return opened.getAndIncrement() < 2 ? store : present.spoil.apply(store);
                }

                @Override
                public Optional<MutableClock> clock() {
                    return Optional.of(clock);
                }

                @Override
                public Duration patience() {
                    return Duration.ofSeconds(2);
                }
            };
        }
    }

    private static Append with(Append append, UUID dispatch, Content content, OptionalLong ifMembers) {
        return new Append(dispatch, append.scope(), content, ifMembers, append.remember());
    }

    private static Append underNewId(Append append) {
        return with(append, UUID.randomUUID(), append.content(), append.ifMembers());
    }

    private static Content unaddressed(Content content) {
        return new Content(
                content.sender(), null, content.body(), content.bodyToHandlers(), content.texts(), content.headers());
    }

    private static Content toHandlers(Content content) {
        return new Content(content.sender(), content.to(), content.body(), true, content.texts(), content.headers());
    }

    private static MailboxStore appending(MailboxStore store, UnaryOperator<Append> spoil) {
        return new ForwardingStore(store) {
            @Override
            public List<Appended> append(List<Append> batch) {
                return super.append(batch.stream().map(spoil).toList());
            }
        };
    }

    private static final class RefusesAfterStale extends ForwardingStore {
        private boolean stale;

        RefusesAfterStale(MailboxStore store) {
            super(store);
        }

        @Override
        public List<Appended> append(List<Append> batch) {
            if (stale && batch.stream().anyMatch(append -> append.ifMembers().isEmpty())) {
                long version = members(batch.get(0).scope(), null).version();
                return batch.stream()
                        .<Appended>map(append -> new Appended.Stale(version))
                        .toList();
            }
            List<Appended> answers = super.append(batch);
            stale |= answers.stream().anyMatch(Appended.Stale.class::isInstance);
            return answers;
        }
    }

    private static final class ReadsFromStart extends ForwardingStore {
        ReadsFromStart(MailboxStore store) {
            super(store);
        }

        @Override
        public List<Page> read(List<ReadRequest> requests, int maxBytes) {
            return super.read(requests.stream().map(this::fromStart).toList(), maxBytes);
        }

        private ReadRequest fromStart(ReadRequest r) {
            Members members = members(r.scope(), r.readers());
            long start = members.starts().values().stream()
                    .mapToLong(Long::longValue)
                    .min()
                    .orElse(0);
            return new ReadRequest(r.scope(), Math.max(start, r.after()), r.maxEntries(), r.newest(), r.readers());
        }

        @Override
        public long position(String scope, Instant at) {
            return super.position(scope, at);
        }
    }

    private static Page page(Page p, List<Entry> entries, long next, long version, boolean reset) {
        return new Page(p.scope(), entries, next, p.head(), p.trimmed(), version, p.lossy(), reset);
    }

    /** And nothing else that would tell it. */
    private static final class HidesResets extends BelievesItLives {
        HidesResets(MailboxStore store) {
            super(store);
        }

        @Override
        public List<Page> read(List<ReadRequest> requests, int maxBytes) {
            return super.read(requests, maxBytes).stream()
                    .map(p -> page(p, p.entries(), p.next(), p.membersVersion(), false))
                    .toList();
        }
    }

    private static final class NeverAcknowledges extends ForwardingStore {
        NeverAcknowledges(MailboxStore store) {
            super(store);
        }

        @Override
        public void acknowledge(List<Acknowledgement> acknowledgements) {
            assertThat(acknowledgements).isNotNull();
        }
    }

    /** Nor does it see that its mailboxes are gone, which would tell it as well (R5). */
    private static class BelievesItLives extends SameVersion {
        BelievesItLives(MailboxStore store) {
            super(store);
        }

        @Override
        public Beat heartbeat(UUID session, Duration lease) {
            return new Beat(true, super.heartbeat(session, lease).at());
        }
    }

    private static final class WithoutFarewell extends ForwardingStore {
        WithoutFarewell(MailboxStore store) {
            super(store);
        }

        @Override
        public Registered register(Registration r) {
            return super.register(Bench.withFarewell(r, null));
        }
    }

    private static class SameVersion extends ForwardingStore {
        SameVersion(MailboxStore store) {
            super(store);
        }

        @Override
        public Registered register(Registration registration) {
            Registered r = super.register(registration);
            return new Registered(r.start(), r.head(), r.acknowledged(), r.created(), 7);
        }

        @Override
        public Members members(String scope, Set<dev.moitessier.store.ListenerRef> only) {
            Members members = super.members(scope, only);
            return new Members(7, members.head(), members.starts());
        }

        @Override
        public List<Page> read(List<ReadRequest> requests, int maxBytes) {
            return super.read(requests, maxBytes).stream()
                    .map(p -> page(p, p.entries(), p.next(), 7, p.reset()))
                    .toList();
        }
    }

    /** After the first entry that it hands over it looks no more. */
    private static final class ReadsOnlyOnce extends ForwardingStore {
        private volatile boolean read;

        ReadsOnlyOnce(MailboxStore store) {
            super(store);
        }

        @Override
        public List<Page> read(List<ReadRequest> requests, int maxBytes) {
            List<Page> pages = super.read(requests, maxBytes);
            if (read) {
                return pages.stream()
                        .map(p -> new Page(
                                p.scope(),
                                List.of(),
                                after(requests, p),
                                after(requests, p),
                                p.trimmed(),
                                p.membersVersion(),
                                false,
                                false))
                        .toList();
            }
            read = pages.stream().anyMatch(p -> !p.entries().isEmpty());
            return pages;
        }

        private static long after(List<ReadRequest> requests, Page page) {
            return requests.stream()
                    .filter(r -> r.scope().equals(page.scope()))
                    .findFirst()
                    .orElseThrow()
                    .after();
        }
    }

    private static final class SameMetadata extends ForwardingStore {
        private static volatile Payload first;

        SameMetadata(MailboxStore store) {
            super(store);
            first = null;
        }

        @Override
        public Registered register(Registration r) {
            if (first == null) {
                first = r.metadata();
            }
            return super.register(
                    new Registration(r.id(), r.listener(), r.subscriber(), r.session(), r.keep(), first, r.farewell()));
        }
    }
}
