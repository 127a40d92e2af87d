package dev.moitessier.testkit;

import dev.moitessier.store.Appended;
import dev.moitessier.store.Entry;
import dev.moitessier.store.Page;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What writers and readers of a store did, and whether the store can have been right (rules O1, O2, I1, V1, V2).
 *
 * <p>Callers note the time before each call ({@link #now}) and add an event after it; times are ticks of this history, which
 * order all calls made in this JVM. Thread-safe. {@link #check} looks for four kinds of fault and answers the one with the
 * fewest events. Entries must be such that every reader may see them.
 */
public final class History {
    /** What a store can do wrong. */
    public enum Kind {
        /** An entry exists, and a read that should have shown it did not. */
        LOSS,
        /** One dispatch has two positions, or one reader got one position twice. */
        DUPLICATE,
        /** Positions contradict the order of calls, or a page is out of order. */
        REORDER,
        /** Something was read that nobody had written. */
        PHANTOM
    }

    /** How an attempt to dispatch ended. */
    public enum Outcome {
        /** It has a position. */
        STORED,
        /** It was surely not written. */
        NOT_WRITTEN,
        /** Nobody knows. */
        UNKNOWN
    }

    /** A call that has ended; {@code called} and {@code returned} are ticks. */
    public sealed interface Event {
        /** Who called. */
        String who();

        /** On which scope. */
        String scope();

        /** Tick before the call. */
        long called();

        /** Tick after it. */
        long returned();
    }

    /** An attempt to dispatch; {@code position} counts when stored. */
    public record Dispatched(
            String who, String scope, long called, long returned, UUID dispatch, Outcome outcome, long position)
            implements Event {
        @Override
        public String toString() {
            return who + " dispatches " + brief(dispatch) + ": "
                    + (outcome == Outcome.STORED
                            ? "stored at " + position
                            : outcome == Outcome.UNKNOWN ? "outcome unknown" : "not written");
        }
    }

    /** A page read by a reader that follows its cursor; {@code entries} maps positions to dispatches in the order of the page. */
    public record Read(
            String who,
            String scope,
            long called,
            long returned,
            long after,
            List<Seen> entries,
            long next,
            long head,
            long trimmed)
            implements Event {
        public Read {
            entries = List.copyOf(entries);
        }

        @Override
        public String toString() {
            return who + " reads after " + after + ": " + shown(entries) + ", next " + next + ", head " + head
                    + (trimmed > 0 ? ", trimmed " + trimmed : "");
        }

        private static String shown(List<Seen> entries) {
            String some = String.join(
                    " ", entries.stream().limit(12).map(Seen::toString).toList());
            return "[" + some + (entries.size() > 12 ? " and " + (entries.size() - 12) + " more" : "") + "]";
        }
    }

    /** An entry of a page. */
    public record Seen(long position, UUID dispatch) {
        @Override
        public String toString() {
            return brief(dispatch) + "@" + position;
        }
    }

    /** A mailbox was created, holding what is after {@code start}. */
    public record Started(String who, String scope, long called, long returned, long start) implements Event {
        @Override
        public String toString() {
            return who + " creates a mailbox that starts at " + start;
        }
    }

    /** A fault, with the fewest events that show it. */
    public record Violation(Kind kind, String sentence, List<Event> events) {
        public Violation {
            events = events.stream()
                    .distinct()
                    .sorted(Comparator.comparingLong(Event::called))
                    .toList();
        }

        @Override
        public String toString() {
            StringBuilder text = new StringBuilder(kind + ": " + sentence);
            for (Event event : events) {
                text.append(String.format("%n    tick %d to %d: %s", event.called(), event.returned(), event));
            }
            return text.toString();
        }
    }

    private final AtomicLong ticks = new AtomicLong();
    private final ConcurrentLinkedQueue<Event> events = new ConcurrentLinkedQueue<>();

    /** The next tick; ask for it right before a call. */
    public long now() {
        return ticks.incrementAndGet();
    }

    /** Adds an event as it is: for tests of the checker, and for histories written down elsewhere. */
    public History add(Event event) {
        events.add(event);
        return this;
    }

    /** Adds an append that has answered. */
    public void dispatched(String who, String scope, long called, UUID dispatch, Appended answer) {
        long returned = now();
        Outcome outcome = answer instanceof Appended.Stored
                ? Outcome.STORED
                : answer instanceof Appended.Failed failed && failed.cause().outcomeUnknown()
                        ? Outcome.UNKNOWN
                        : Outcome.NOT_WRITTEN;
        long position = answer instanceof Appended.Stored stored ? stored.position() : 0;
        add(new Dispatched(who, scope, called, returned, dispatch, outcome, position));
    }

    /** Adds a page that was read after this cursor. */
    public void read(String who, long called, long after, Page page) {
        long returned = now();
        List<Seen> seen = new ArrayList<>();
        for (Entry entry : page.entries()) {
            seen.add(new Seen(entry.position(), entry.dispatch()));
        }
        add(new Read(who, page.scope(), called, returned, after, seen, page.next(), page.head(), page.trimmed()));
    }

    /** Adds a registration that created a mailbox. */
    public void started(String who, String scope, long called, long start) {
        add(new Started(who, scope, called, now(), start));
    }

    /** How many events there are. */
    public int size() {
        return events.size();
    }

    /** The fault with the fewest events, if there is any. */
    public Optional<Violation> check() {
        Map<String, List<Event>> byScope = new HashMap<>();
        for (Event event : events) {
            byScope.computeIfAbsent(event.scope(), scope -> new ArrayList<>()).add(event);
        }
        List<Violation> found = new ArrayList<>();
        byScope.values().forEach(scope -> new Checker(scope, found).run());
        return found.stream()
                .min(Comparator.comparingInt((Violation v) -> v.events().size())
                        .thenComparingLong(
                                v -> v.events().get(v.events().size() - 1).called()));
    }

    /** Checks, and fails with the fault and the seed that brought it. */
    public void assertSound(long seed) {
        check().ifPresent(violation -> {
            throw new AssertionError("the history of " + size() + " calls shows a fault (seed " + seed
                    + "; replay the same choices with -D" + Fuzz.SEED + "=" + seed
                    + ", threads may meet differently)\n  " + violation);
        });
    }

    private static String brief(UUID dispatch) {
        return dispatch.toString().substring(0, 8);
    }

    /** One scope's events. */
    private static final class Checker {
        private final List<Dispatched> dispatched = new ArrayList<>();
        private final List<Read> reads = new ArrayList<>();
        private final List<Started> starts = new ArrayList<>();
        private final List<Violation> found;
        /** Who holds a position, and the event that shows it. */
        private final NavigableMap<Long, Evidence> log = new TreeMap<>();

        private final Map<UUID, Evidence> positions = new HashMap<>();
        private final Map<UUID, Span> spans = new HashMap<>();

        Checker(List<Event> events, List<Violation> found) {
            this.found = found;
            for (Event event : events) {
                if (event instanceof Dispatched d) {
                    dispatched.add(d);
                } else if (event instanceof Read r) {
                    reads.add(r);
                } else if (event instanceof Started s) {
                    starts.add(s);
                }
            }
            reads.sort(Comparator.comparingLong(Read::called));
        }

        void run() {
            dispatched.forEach(d -> spans.merge(d.dispatch(), Span.of(d), Span::and));
            dispatched.stream()
                    .filter(d -> d.outcome() == Outcome.STORED)
                    .forEach(d -> evidence(d.position(), d.dispatch(), d));
            reads.forEach(read -> read.entries().forEach(seen -> evidence(seen.position(), seen.dispatch(), read)));
            phantoms();
            ordersOfPages();
            losses();
            ordersOfCalls();
            starts();
        }

        private void evidence(long position, UUID dispatch, Event event) {
            Evidence mine = new Evidence(position, dispatch, event);
            Evidence there = log.putIfAbsent(position, mine);
            if (there != null && !there.dispatch.equals(dispatch)) {
                fault(
                        Kind.DUPLICATE,
                        "position " + position + " is given to " + brief(there.dispatch) + " and to " + brief(dispatch),
                        there.event,
                        event);
            }
            Evidence before = positions.putIfAbsent(dispatch, mine);
            if (before != null && before.position != position) {
                fault(
                        Kind.DUPLICATE,
                        brief(dispatch) + " is at " + before.position + " and at " + position,
                        before.event,
                        event);
            }
        }

        private void phantoms() {
            for (Read read : reads) {
                for (Seen seen : read.entries()) {
                    Span span = spans.get(seen.dispatch());
                    if (span == null) {
                        fault(Kind.PHANTOM, seen + " was read, and nobody dispatched it to this scope", read);
                    } else if (!span.mayBeWritten) {
                        fault(
                                Kind.PHANTOM,
                                seen + " was read, and its dispatch was answered as not written",
                                span.first,
                                read);
                    } else if (span.first.called() > read.returned()) {
                        fault(Kind.PHANTOM, seen + " was read before it was dispatched", read, span.first);
                    }
                }
            }
        }

        private void ordersOfPages() {
            Map<String, Map<Long, Read>> seenBy = new HashMap<>();
            for (Read read : reads) {
                long previous = read.after();
                Set<Long> inPage = new HashSet<>();
                for (Seen seen : read.entries()) {
                    Read again = inPage.add(seen.position()) ? null : read;
                    if (again != null) {
                        fault(Kind.DUPLICATE, "one page has position " + seen.position() + " twice", read);
                    } else if (seen.position() <= previous) {
                        fault(Kind.REORDER, "a page has " + seen + " behind position or cursor " + previous, read);
                    }
                    previous = Math.max(previous, seen.position());
                    Read first = seenBy.computeIfAbsent(read.who(), who -> new HashMap<>())
                            .putIfAbsent(seen.position(), read);
                    if (first != null && !first.equals(read)) {
                        fault(
                                Kind.DUPLICATE,
                                "one reader that follows its cursor got position " + seen.position() + " twice",
                                first,
                                read);
                    }
                }
            }
        }

        /** An entry that anybody has evidence of is in each page that went past it; an answered one is below the head of each later read. */
        private void losses() {
            List<Dispatched> stored = dispatched.stream()
                    .filter(d -> d.outcome() == Outcome.STORED)
                    .sorted(Comparator.comparingLong(Dispatched::returned))
                    .toList();
            int answered = 0;
            Dispatched highest = null;
            for (Read read : reads) {
                Set<Long> inPage = new HashSet<>();
                read.entries().forEach(seen -> inPage.add(seen.position()));
                long from = Math.max(read.after(), read.trimmed());
                if (from < read.next()) {
                    log.subMap(from, false, read.next(), true).forEach((position, evidence) -> {
                        if (!inPage.contains(position)) {
                            fault(
                                    Kind.LOSS,
                                    brief(evidence.dispatch) + " is at " + position + ", and a read went from " + from
                                            + " to " + read.next()
                                            + " without it: a reader that goes on from there never gets it",
                                    evidence.event,
                                    read);
                        }
                    });
                }
                while (answered < stored.size() && stored.get(answered).returned() < read.called()) {
                    Dispatched next = stored.get(answered++);
                    highest = highest == null || next.position() > highest.position() ? next : highest;
                }
                if (highest != null && read.head() < highest.position()) {
                    fault(
                            Kind.LOSS,
                            brief(highest.dispatch()) + " was answered at " + highest.position()
                                    + " before a read that says the head is " + read.head(),
                            highest,
                            read);
                }
            }
        }

        private void ordersOfCalls() {
            List<Span> placed =
                    spans.values().stream().filter(span -> span.stored != null).toList();
            List<Span> byReturn = placed.stream()
                    .sorted(Comparator.comparingLong(Span::returned))
                    .toList();
            List<Span> byCall = placed.stream()
                    .sorted(Comparator.comparingLong(span -> span.first.called()))
                    .toList();
            int ended = 0;
            Span highest = null;
            for (Span span : byCall) {
                while (ended < byReturn.size() && byReturn.get(ended).returned() < span.first.called()) {
                    Span next = byReturn.get(ended++);
                    highest = highest == null || next.position() > highest.position() ? next : highest;
                }
                if (highest != null && highest.position() > span.position()) {
                    fault(
                            Kind.REORDER,
                            "a dispatch that was called after another had returned has the smaller position",
                            highest.answer(),
                            span.answer());
                }
            }
        }

        private void starts() {
            for (Started started : starts) {
                for (Span span : spans.values()) {
                    if (span.stored == null) {
                        continue;
                    }
                    if (span.returned() < started.called() && span.position() > started.start()) {
                        fault(
                                Kind.PHANTOM,
                                "a mailbox gets a dispatch that had returned before the mailbox was asked for",
                                span.answer(),
                                started);
                    }
                    if (span.first.called() > started.returned() && span.position() <= started.start()) {
                        fault(
                                Kind.LOSS,
                                "a mailbox misses a dispatch that was called after the mailbox existed",
                                started,
                                span.answer());
                    }
                }
            }
        }

        private void fault(Kind kind, String sentence, Event... events) {
            found.add(new Violation(kind, sentence, List.of(events)));
        }
    }

    private record Evidence(long position, UUID dispatch, Event event) {}

    /** All attempts of one dispatch: written somewhere between the first call and the first answer that knows the position. */
    private record Span(Dispatched first, @Nullable Dispatched stored, boolean mayBeWritten) {
        static Span of(Dispatched d) {
            return new Span(d, d.outcome() == Outcome.STORED ? d : null, d.outcome() != Outcome.NOT_WRITTEN);
        }

        Span and(Span other) {
            Dispatched earliest = first.called() <= other.first.called() ? first : other.first;
            Dispatched answer = stored == null
                    ? other.stored
                    : other.stored == null || stored.returned() <= other.stored.returned() ? stored : other.stored;
            return new Span(earliest, answer, mayBeWritten || other.mayBeWritten);
        }

        Dispatched answer() {
            if (stored == null) {
                throw new IllegalStateException("no attempt of this dispatch was answered with a position");
            }
            return stored;
        }

        long returned() {
            return answer().returned();
        }

        long position() {
            return answer().position();
        }
    }
}
