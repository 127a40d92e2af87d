package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Append;
import dev.moitessier.store.Entry;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** O1 to O4: one order per scope, complete behind every reader, for ever. */
interface OrderRules {
    @Test
    default void O1_positionsAscendInTheOrderOfCalls(Bench bench) {
        String scope = bench.heardScope();
        long previous = 0;
        for (int i = 0; i < 20; i++) {
            long position = bench.put(i % 2 == 0 ? bench.store() : bench.other(), scope, "m" + i);
            assertThat(position)
                    .as("position of append %d, made after the previous one returned", i)
                    .isGreaterThan(previous);
            previous = position;
        }
    }

    @Test
    default void O1_positionsOfConcurrentAppendsAreDistinct(Bench bench) throws Exception {
        String scope = bench.heardScope();
        List<Callable<List<Long>>> writers = new ArrayList<>();
        for (int w = 0; w < 4; w++) {
            MailboxStore on = w % 2 == 0 ? bench.store() : bench.other();
            String writer = "w" + w;
            writers.add(() -> {
                List<Long> mine = new ArrayList<>();
                for (int i = 0; i < 25; i++) {
                    mine.add(bench.put(on, scope, writer + "-" + i));
                }
                return mine;
            });
        }
        Set<Long> all = new HashSet<>();
        for (List<Long> mine : bench.together(writers)) {
            assertThat(mine).as("one writer's positions ascend").isSorted();
            all.addAll(mine);
        }
        assertThat(all)
                .as("positions of 4 writers with 25 appends each, all distinct")
                .hasSize(100);
        assertThat(bench.readAll(scope, 0))
                .extracting(Entry::position)
                .containsExactlyElementsOf(all.stream().sorted().toList());
    }

    @Test
    default void O2_noLateArrivals(Bench bench) throws Exception {
        String scope = bench.heardScope();
        AtomicBoolean writing = new AtomicBoolean(true);
        Future<List<Entry>> reader = bench.background(() -> {
            List<Entry> seen = new ArrayList<>();
            long cursor = 0;
            while (!Thread.currentThread().isInterrupted()) {
                boolean last = !writing.get();
                Page page = bench.page(
                        bench.other(), new ReadRequest(scope, cursor, 7, false, Set.of(Bench.shared(scope))));
                seen.addAll(page.entries());
                cursor = page.next();
                if (last && cursor == page.head()) {
                    return seen;
                }
                bench.rest();
            }
            throw new AssertionError("a reader never came to the head");
        });
        List<Callable<Integer>> writers = new ArrayList<>();
        for (int w = 0; w < 4; w++) {
            MailboxStore on = w % 2 == 0 ? bench.store() : bench.other();
            String writer = "w" + w;
            writers.add(() -> {
                for (int i = 0; i < 40; i++) {
                    bench.put(on, scope, writer + "-" + i);
                }
                return 40;
            });
        }
        bench.together(writers);
        writing.set(false);
        assertThat(bench.done(reader))
                .as(
                        "what a reader saw that followed its cursor while 4 writers wrote, against the log as it is in the end")
                .extracting(Entry::position)
                .containsExactlyElementsOf(
                        bench.readAll(scope, 0).stream().map(Entry::position).toList());
    }

    @Test
    default void O3_theHeadOutlivesTrimming(Bench bench) throws Exception {
        String scope = bench.heardScope();
        long last = 0;
        for (int i = 0; i < 20; i++) {
            last = bench.put(scope, "m" + i);
        }
        bench.trimTo(scope, 0);
        Page page = bench.page(scope, last);
        assertThat(page.reset())
                .as("the cursor at the head of a trimmed scope is not past the head")
                .isFalse();
        assertThat(page.head()).as("head after trimming").isEqualTo(last);
        assertThat(bench.put(scope, "after")).as("position after trimming").isGreaterThan(last);
    }

    @Test
    default void O3_theHeadOutlivesTheLastUnregister(Bench bench) {
        String scope = bench.scope();
        long last = 0;
        for (int life = 0; life < 3; life++) {
            Registration registration = bench.registration(Bench.shared(scope), "s");
            Registered registered = bench.store().register(registration);
            assertThat(registered.start())
                    .as("start of life %d of the mailbox", life)
                    .isGreaterThanOrEqualTo(last);
            long position = bench.put(scope, "life " + life);
            assertThat(position).as("first position in life %d", life).isGreaterThan(last);
            last = position;
            bench.store().unregister(Bench.shared(scope), "s", registration.id());
        }
    }

    @Test
    default void O3_positionsGoOnAfterARestart(Bench bench) throws Exception {
        String scope = bench.scope();
        bench.store().register(Bench.registration(Bench.shared(scope), "s", null, Bench.LONG));
        long last = bench.put(scope, "before");
        bench.restart();
        Page page = bench.page(scope, 0);
        if (page.head() == 0 && bench.can().durability() == dev.moitessier.store.Durability.VOLATILE) {
            return;
        }
        assertThat(bench.heard(scope, 0)).as("entries after the restart").containsExactly("before");
        assertThat(bench.put(scope, "after")).as("position after the restart").isGreaterThan(last);
    }

    @Test
    default void O3_aClockSetBackReusesNothing(Bench bench) {
        MutableClock clock = bench.wired(bench.wiring().clock(), "clock()");
        String scope = bench.scope();
        Registration first = bench.registration(Bench.shared(scope), "s");
        bench.store().register(first);
        long last = bench.put(scope, "before");
        clock.jump(Duration.ofDays(-2));
        try {
            long position = bench.put(scope, "set back");
            assertThat(position).as("position after the clock was set back").isGreaterThan(last);
            bench.store().unregister(Bench.shared(scope), "s", first.id());
            assertThat(bench.join(Bench.shared(scope)).start())
                    .as("start of the re-created mailbox")
                    .isGreaterThanOrEqualTo(position);
            assertThat(bench.put(scope, "again"))
                    .as("position in the re-created mailbox")
                    .isGreaterThan(position);
        } finally {
            clock.jump(Duration.ofDays(2));
        }
    }

    @Test
    default void O3_aScopeDeletedLongAgoStartsAboveItsFloor(Bench bench) {
        MutableClock clock = bench.wired(bench.wiring().clock(), "clock()");
        String scope = bench.scope();
        Registration first = bench.registration(Bench.shared(scope), "s");
        bench.store().register(first);
        long last = bench.put(scope, "before");
        bench.store().unregister(Bench.shared(scope), "s", first.id());

        Duration longest = Duration.ofDays(1);
        Duration away = longest.plus(bench.can().maxRemember()).plus(Duration.ofDays(2));
        clock.advance(away);
        Swept swept = bench.store()
                .sweep(new SweepPolicy(
                        each -> new dev.moitessier.store.Retention(longest, 1_000), longest, null, 10_000));
        for (int i = 0; i < 50 && swept.more(); i++) {
            swept = bench.store()
                    .sweep(new SweepPolicy(
                            each -> new dev.moitessier.store.Retention(longest, 1_000), longest, null, 10_000));
        }
        clock.jump(away.multipliedBy(-2));
        try {
            assertThat(bench.store()
                            .register(Bench.registration(Bench.shared(scope), "s", null, Bench.LONG))
                            .start())
                    .as("start in the second life, the clock set back before the first")
                    .isGreaterThanOrEqualTo(last);
            assertThat(bench.put(scope, "after"))
                    .as("position in the second life")
                    .isGreaterThan(last);
        } finally {
            clock.jump(away.multipliedBy(2));
        }
    }

    @Test
    default void O4_pagesLeadToTheHeadWithoutSkippingOrSpinning(Bench bench) {
        String scope = bench.heardScope();
        List<Long> positions = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            positions.add(bench.put(scope, "m" + i));
        }
        List<Long> read = new ArrayList<>();
        long cursor = 0;
        for (int pages = 0; ; pages++) {
            assertThat(pages)
                    .as("pages of at most 3 that lead through 10 entries")
                    .isLessThan(12);
            Page page =
                    bench.page(bench.store(), new ReadRequest(scope, cursor, 3, false, Set.of(Bench.shared(scope))));
            page.entries().forEach(entry -> read.add(entry.position()));
            if (page.next() == page.head()) {
                break;
            }
            assertThat(page.next())
                    .as("next of a page that ends before the head")
                    .isGreaterThan(cursor);
            cursor = page.next();
        }
        assertThat(read).isEqualTo(positions);
        Page caughtUp = bench.page(scope, positions.get(9));
        assertThat(caughtUp.entries()).as("a caught-up page").isEmpty();
        assertThat(caughtUp.next())
                .as("next of a caught-up page")
                .isEqualTo(positions.get(9))
                .isEqualTo(caughtUp.head());
    }

    @Test
    default void O4_entriesForOthersCountAsExamined(Bench bench) {
        String scope = bench.heardScope();
        bench.join(Bench.privateTo(scope, "ada"));
        for (int i = 0; i < 5; i++) {
            Append append =
                    bench.append(scope, Bench.say(new dev.moitessier.store.Address("ada", null), "for ada " + i));
            bench.put(bench.store(), append);
        }
        // readAll fails when a page does not move on.
        List<Entry> seen = bench.readAll(bench.store(), scope, 0, Set.of(Bench.shared(scope)));
        assertThat(seen)
                .as("the shared mailbox gets nothing of this")
                .noneMatch(entry -> Pages.admits(Bench.shared(scope), entry.content()));
        assertThat(bench.readAll(bench.store(), scope, 0, Set.of(Bench.privateTo(scope, "ada"))))
                .hasSize(5);
    }
}
