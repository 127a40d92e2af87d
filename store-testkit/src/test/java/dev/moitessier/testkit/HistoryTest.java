package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.testkit.History.Dispatched;
import dev.moitessier.testkit.History.Kind;
import dev.moitessier.testkit.History.Outcome;
import dev.moitessier.testkit.History.Read;
import dev.moitessier.testkit.History.Seen;
import dev.moitessier.testkit.History.Started;
import dev.moitessier.testkit.History.Violation;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The checker, on histories made by hand: sound ones, and each way of being unsound. */
class HistoryTest {
    private final History history = new History();

    private static UUID id(int n) {
        return new UUID(((long) n) << 32, n);
    }

    private Dispatched stored(int called, int returned, int id, long position) {
        Dispatched event = new Dispatched("writer", "s", called, returned, id(id), Outcome.STORED, position);
        history.add(event);
        return event;
    }

    private Dispatched ended(int called, int returned, int id, Outcome outcome) {
        Dispatched event = new Dispatched("writer", "s", called, returned, id(id), outcome, 0);
        history.add(event);
        return event;
    }

    private Read read(
            String who, int called, int returned, long after, long next, long head, long trimmed, Seen... seen) {
        Read event = new Read(who, "s", called, returned, after, Arrays.asList(seen), next, head, trimmed);
        history.add(event);
        return event;
    }

    private static Seen seen(int id, long position) {
        return new Seen(position, id(id));
    }

    private void expect(Kind kind, String sentence, History.Event... events) {
        assertThat(history.check()).hasValueSatisfying(violation -> {
            assertThat(violation.kind()).isEqualTo(kind);
            assertThat(violation.sentence()).contains(sentence);
            assertThat(violation.events()).as("the shortest offending history").containsExactlyInAnyOrder(events);
        });
    }

    @Nested
    class Sound {
        @Test
        void nothing() {
            assertThat(history.check()).isEmpty();
        }

        @Test
        void appendsReadInOrder() {
            stored(1, 2, 1, 10);
            stored(3, 4, 2, 20);
            read("r", 5, 6, 0, 20, 20, 0, seen(1, 10), seen(2, 20));
            assertThat(history.check()).isEmpty();
        }

        @Test
        void overlappingAppendsInEitherOrder() {
            stored(1, 9, 1, 20);
            stored(2, 8, 2, 10);
            read("r", 3, 4, 0, 10, 10, 0, seen(2, 10));
            read("r", 5, 6, 10, 20, 20, 0, seen(1, 20));
            assertThat(history.check()).isEmpty();
        }

        @Test
        void anUnknownOutcomeThatWasWrittenAndOneThatWasNot() {
            ended(1, 2, 1, Outcome.UNKNOWN);
            ended(3, 4, 2, Outcome.UNKNOWN);
            read("r", 5, 6, 0, 10, 10, 0, seen(1, 10));
            assertThat(history.check()).isEmpty();
        }

        @Test
        void aRetryThatFindsItsFirstAttempt() {
            ended(1, 2, 1, Outcome.UNKNOWN);
            stored(3, 4, 2, 20);
            stored(5, 6, 1, 10);
            read("r", 7, 8, 0, 20, 20, 0, seen(1, 10), seen(2, 20));
            assertThat(history.check()).isEmpty();
        }

        @Test
        void aLateAppendOfAnUnknownOutcome() {
            ended(1, 2, 1, Outcome.UNKNOWN);
            read("r", 3, 4, 0, 5, 5, 0);
            read("r", 5, 6, 5, 10, 10, 0, seen(1, 10));
            assertThat(history.check()).isEmpty();
        }

        @Test
        void whatIsTrimmedIsNotLost() {
            stored(1, 2, 1, 10);
            stored(3, 4, 2, 20);
            read("r", 5, 6, 0, 20, 20, 10, seen(2, 20));
            assertThat(history.check()).isEmpty();
        }

        @Test
        void twoReadersAndAPageThatWasCut() {
            stored(1, 2, 1, 10);
            stored(3, 4, 2, 20);
            read("one", 5, 6, 0, 10, 20, 0, seen(1, 10));
            read("two", 7, 8, 0, 20, 20, 0, seen(1, 10), seen(2, 20));
            read("one", 9, 10, 10, 20, 20, 0, seen(2, 20));
            assertThat(history.check()).isEmpty();
        }

        @Test
        void aMailboxBetweenTwoAppends() {
            stored(1, 2, 1, 10);
            history.add(new Started("joiner", "s", 3, 4, 10));
            stored(5, 6, 2, 20);
            assertThat(history.check()).isEmpty();
        }

        @Test
        void scopesHaveNoOrderBetweenThem() {
            stored(1, 2, 1, 99);
            history.add(new Dispatched("writer", "another", 3, 4, id(1), Outcome.STORED, 7));
            assertThat(history.check()).isEmpty();
        }
    }

    @Nested
    class Loss {
        @Test
        void aPageThatPassedAnAnsweredDispatch() {
            Dispatched lost = stored(1, 2, 1, 10);
            stored(3, 4, 2, 20);
            Read page = read("r", 5, 6, 0, 20, 20, 0, seen(2, 20));
            expect(Kind.LOSS, "without it", lost, page);
        }

        @Test
        void aLateArrival() {
            // The dispatch returns after the read: only what became of the page shows the loss.
            Dispatched late = stored(1, 9, 1, 10);
            stored(2, 3, 2, 20);
            Read passed = read("r", 4, 5, 0, 20, 20, 0, seen(2, 20));
            expect(Kind.LOSS, "never gets it", late, passed);
        }

        @Test
        void anEntryThatOneReaderSawAndAnotherDidNot() {
            ended(1, 2, 1, Outcome.UNKNOWN);
            Read saw = read("one", 3, 4, 0, 10, 10, 0, seen(1, 10));
            Read missed = read("two", 5, 6, 0, 10, 10, 0);
            expect(Kind.LOSS, "without it", saw, missed);
        }

        @Test
        void aHeadBelowAnAnsweredDispatch() {
            Dispatched lost = stored(1, 2, 1, 10);
            Read page = read("r", 3, 4, 0, 5, 5, 0);
            expect(Kind.LOSS, "says the head is 5", lost, page);
        }

        @Test
        void aMailboxThatStartsTooLate() {
            Started started = new Started("joiner", "s", 1, 2, 50);
            history.add(started);
            Dispatched missed = stored(3, 4, 1, 40);
            expect(Kind.LOSS, "misses a dispatch", started, missed);
        }
    }

    @Nested
    class Duplicate {
        @Test
        void oneDispatchAtTwoPositions() {
            Dispatched first = stored(1, 2, 1, 10);
            Dispatched second = stored(3, 4, 1, 20);
            expect(Kind.DUPLICATE, "is at 10 and at 20", first, second);
        }

        @Test
        void oneDispatchTwiceInAPage() {
            ended(1, 2, 1, Outcome.UNKNOWN);
            Read page = read("r", 3, 4, 0, 20, 20, 0, seen(1, 10), seen(1, 20));
            expect(Kind.DUPLICATE, "is at 10 and at 20", page);
        }

        @Test
        void twoDispatchesAtOnePosition() {
            Dispatched first = stored(1, 4, 1, 10);
            Dispatched second = stored(2, 3, 2, 10);
            expect(Kind.DUPLICATE, "position 10 is given to", first, second);
        }

        @Test
        void aReaderThatGetsAPositionAgain() {
            ended(1, 2, 1, Outcome.UNKNOWN);
            Read first = read("r", 3, 4, 0, 10, 20, 0, seen(1, 10));
            Read again = read("r", 5, 6, 9, 10, 20, 0, seen(1, 10));
            expect(Kind.DUPLICATE, "got position 10 twice", first, again);
        }
    }

    @Nested
    class Reorder {
        @Test
        void positionsAgainstTheOrderOfCalls() {
            Dispatched earlier = stored(1, 2, 1, 20);
            Dispatched later = stored(3, 4, 2, 10);
            expect(Kind.REORDER, "smaller position", earlier, later);
        }

        @Test
        void aPageThatDescends() {
            ended(1, 9, 1, Outcome.UNKNOWN);
            ended(2, 8, 2, Outcome.UNKNOWN);
            Read page = read("r", 3, 4, 0, 20, 20, 0, seen(2, 20), seen(1, 10));
            expect(Kind.REORDER, "behind position", page);
        }

        @Test
        void aPageThatGoesBehindItsCursor() {
            ended(1, 9, 1, Outcome.UNKNOWN);
            Read page = read("r", 3, 4, 15, 20, 20, 0, seen(1, 10));
            expect(Kind.REORDER, "behind position or cursor 15", page);
        }
    }

    @Nested
    class Phantom {
        @Test
        void anEntryThatNobodyDispatched() {
            Read page = read("r", 1, 2, 0, 10, 10, 0, seen(1, 10));
            expect(Kind.PHANTOM, "nobody dispatched", page);
        }

        @Test
        void anEntryWhoseDispatchWasAnsweredAsNotWritten() {
            Dispatched refused = ended(1, 2, 1, Outcome.NOT_WRITTEN);
            Read page = read("r", 3, 4, 0, 10, 10, 0, seen(1, 10));
            expect(Kind.PHANTOM, "not written", refused, page);
        }

        @Test
        void anEntryReadBeforeItWasDispatched() {
            Read page = read("r", 1, 2, 0, 10, 10, 0, seen(1, 10));
            Dispatched late = stored(3, 4, 1, 10);
            expect(Kind.PHANTOM, "before it was dispatched", page, late);
        }

        @Test
        void aMailboxThatGetsWhatWasBefore() {
            Dispatched before = stored(1, 2, 1, 10);
            Started started = new Started("joiner", "s", 3, 4, 5);
            history.add(started);
            expect(Kind.PHANTOM, "had returned before", before, started);
        }
    }

    @Test
    void theShortestOfSeveralFaultsIsShown() {
        // Two events show the loss, one the descending page.
        stored(1, 2, 1, 10);
        stored(3, 4, 2, 20);
        read("r", 5, 6, 0, 20, 20, 0, seen(2, 20));
        ended(7, 8, 3, Outcome.UNKNOWN);
        ended(9, 10, 4, Outcome.UNKNOWN);
        Read page = read("q", 11, 12, 20, 40, 40, 0, seen(4, 40), seen(3, 30));
        expect(Kind.REORDER, "behind position", page);
    }

    @Test
    void aFailureNamesTheSeedAndTellsTheStoryInOrder() {
        stored(1, 2, 1, 10);
        read("late reader", 3, 4, 0, 10, 10, 0);
        Violation violation = history.check().orElseThrow();
        assertThat(violation.toString().lines())
                .hasSize(3)
                .element(1)
                .asString()
                .contains("tick 1 to 2", "writer dispatches", "stored at 10");
        assertThatThrownBy(() -> history.assertSound(4711))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("-Dmoitessier.testkit.seed=4711")
                .hasMessageContaining("LOSS")
                .hasMessageContaining("late reader reads after 0");
    }

    @Test
    void violationsHoldEachEventOnce() {
        Read page = read("r", 1, 2, 0, 10, 10, 0);
        assertThat(new Violation(Kind.LOSS, "x", List.of(page, page)).events()).containsExactly(page);
    }
}
