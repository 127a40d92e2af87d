package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Beat;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Page;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Retention;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Swept;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** S1 to S5: what housekeeping takes, and what it leaves. */
interface SweepRules {
    @Test
    default void S1_theNewestStay(Bench bench) throws Exception {
        String trimmed = bench.heardScope();
        String kept = bench.scope();
        long start = bench.join(Bench.shared(kept)).start();
        List<Long> positions = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            positions.add(bench.put(trimmed, "m" + i));
            bench.put(kept, "m" + i);
        }
        bench.trimTo(trimmed, 10);
        for (int i = 0; i < 3; i++) {
            bench.trim(bench.other(), Bench.countOf(trimmed, 10));
        }
        assertThat(bench.readAll(trimmed, 0))
                .as("the newest 10 of 30, young and within the count")
                .extracting(Entry::position)
                .containsAll(positions.subList(20, 30));
        assertThat(bench.page(kept, 0).trimmed())
                .as("trimmed of a scope with another retention")
                .isLessThanOrEqualTo(start);
        assertThat(bench.readAll(kept, 0)).hasSize(30);
    }

    @Test
    default void S1_theYoungStay(Bench bench) throws Exception {
        String scope = bench.heardScope();
        List<Long> old = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            old.add(bench.put(scope, "old " + i));
        }
        Duration age = Duration.ofSeconds(2);
        bench.pass(age.plusMillis(500));
        long before = System.nanoTime();
        for (int i = 0; i < 5; i++) {
            bench.put(scope, "young " + i);
        }
        SweepPolicy policy = new SweepPolicy(
                each -> each.equals(scope) ? new Retention(age, Long.MAX_VALUE) : Bench.KEEP_ALL.apply(each),
                Duration.ofDays(3650),
                null,
                10_000);
        bench.store().sweep(policy);
        Page page = bench.page(scope, 0);
        boolean inTime = System.nanoTime() - before < age.toNanos();
        if (inTime) {
            assertThat(page.entries().stream()
                            .filter(entry -> Bench.text(entry.content().body()).startsWith("young")))
                    .as("entries younger than %s, after a sweep that keeps that age", age)
                    .hasSize(5);
        }
        bench.soon()
                .until(
                        "entries older than their age are trimmed by sweeps (S4)",
                        () -> {
                            bench.store().sweep(policy);
                            return bench.page(scope, 0).trimmed();
                        },
                        trimmed -> trimmed >= old.get(4));
    }

    @Test
    default void S2_trimmedIsPublishedBeforeEntriesVanish(Bench bench) throws Exception {
        String scope = bench.heardScope();
        AtomicBoolean running = new AtomicBoolean(true);
        CountDownLatch trimming = new CountDownLatch(1);
        Future<Integer> trimmer = bench.background(() -> {
            int sweeps = 0;
            while (bench.going(running)) {
                bench.trim(bench.other(), Bench.countOf(scope, 5));
                sweeps++;
                trimming.countDown();
            }
            return sweeps;
        });
        assertThat(trimming.await(bench.wiring().patience().toMillis(), TimeUnit.MILLISECONDS) || trimmer.isDone())
                .as("a first sweep is done")
                .isTrue();
        List<Page> pages = new ArrayList<>();
        List<Long> positions = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            positions.add(bench.put(scope, "m" + i));
            pages.add(bench.page(bench.store(), new ReadRequest(scope, 0, 1_000, false, Set.of(Bench.shared(scope)))));
        }
        running.set(false);
        assertThat(bench.done(trimmer)).as("sweeps").isPositive();
        for (Page page : pages) {
            assertThat(page.entries())
                    .as(
                            "a page that says trimmed %d and next %d, read while another instance trims",
                            page.trimmed(), page.next())
                    .extracting(Entry::position)
                    .containsExactlyElementsOf(positions.stream()
                            .filter(p -> p > page.trimmed() && p <= page.next())
                            .toList());
        }
    }

    @Test
    default void S3_aSweepIsBoundedAndTheNextGoesOn(Bench bench) throws Exception {
        String scope = bench.heardScope();
        ListenerRef room = Bench.privateTo(scope, "room");
        UUID session = bench.session(bench.store(), bench.wiring().lease());
        for (int i = 0; i < 25; i++) {
            bench.store().register(Bench.registration(room, "s" + i, session, null));
        }
        bench.pass(bench.wiring().lease().multipliedBy(2));
        UUID sweeper = bench.session(bench.other(), Bench.LONG);
        int left = 25;
        for (int sweeps = 0; left > 0; sweeps++) {
            assertThat(sweeps)
                    .as("sweeps of 4 things that remove 25 subscribers of an ended session")
                    .isLessThan(200);
            Swept swept = bench.sweep(bench.other(), sweeper, 4);
            int now = bench.subscribers(room).size();
            assertThat(left - now)
                    .as("subscribers removed by one sweep with work 4")
                    .isLessThanOrEqualTo(4);
            if (now > 0 && now < left) {
                assertThat(swept.more())
                        .as("more, while %d subscribers of an ended session are left", now)
                        .isTrue();
            }
            if (now == left) {
                bench.pass(bench.wiring().lease().dividedBy(5));
            }
            left = now;
        }
        assertThat(bench.store().members(scope, null).starts()).as("mailboxes").containsOnlyKeys(Bench.shared(scope));
    }

    @Test
    default void S3_manyNodesMaySweepAtOnce(Bench bench) throws Exception {
        List<String> scopes = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            String scope = bench.heardScope();
            scopes.add(scope);
            for (int s = 0; s < 3; s++) {
                UUID session = bench.session(bench.store(), Bench.LONG);
                bench.store().register(Bench.registration(Bench.privateTo(scope, "p" + s), "s", session, null));
                bench.store().heartbeat(session, Duration.ZERO);
            }
            for (int m = 0; m < 20; m++) {
                bench.put(scope, "m" + m);
            }
        }
        List<Callable<Integer>> sweepers = new ArrayList<>();
        for (MailboxStore on : List.of(bench.store(), bench.other(), bench.store(), bench.other())) {
            UUID sweeper = bench.session(on, Bench.LONG);
            sweepers.add(() -> {
                for (int i = 0; i < 10; i++) {
                    Beat beat = on.heartbeat(sweeper, Bench.LONG);
                    on.sweep(new SweepPolicy(
                            each -> new Retention(Duration.ofDays(1), 5), Duration.ofDays(3650), beat.at(), 7));
                }
                return 0;
            });
        }
        bench.together(sweepers);
        bench.sweepUntil(bench.store(), "all sessions that ended are swept", () -> scopes.stream()
                .allMatch(scope ->
                        bench.store().members(scope, null).starts().keySet().equals(Set.of(Bench.shared(scope)))));
        for (String scope : scopes) {
            assertThat(bench.heard(scope, 0))
                    .as("the newest 5, after sweeps of four nodes at once")
                    .contains("m15", "m16", "m17", "m18", "m19");
        }
    }

    @Test
    default void S4_idsAreForgottenWhenTheirTimeIsOver(Bench bench) {
        String scope = bench.heardScope();
        Append append = bench.append(scope, Bench.say("m"));
        Append brief =
                new Append(append.dispatch(), scope, append.content(), OptionalLong.empty(), Duration.ofMillis(500));
        long first = bench.put(bench.store(), brief).position();
        bench.pass(Duration.ofSeconds(1));
        bench.soon().until("after sweeps, an id whose time is over is new again (its record was removed)", () -> {
            bench.trim(bench.store(), Bench.KEEP_ALL);
            bench.pass(Duration.ofMillis(200));
            Appended.Stored again = bench.put(bench.other(), brief);
            return !again.duplicate() && again.position() > first;
        });
    }

    @Test
    default void S5_aVanishedSessionIsGoneWithinLeaseAndSweep(Bench bench) {
        String scope = bench.heardScope();
        ListenerRef ada = Bench.privateTo(scope, "ada");
        Duration lease = bench.wiring().lease();
        Duration interval = lease.dividedBy(5);
        UUID sweeper = bench.session(bench.other(), Bench.LONG);
        UUID session = bench.session(bench.store(), lease);
        long began = System.nanoTime();
        bench.store().register(Bench.registration(ada, "s", session, null));
        Duration passed = Duration.ZERO;
        while (!bench.subscribers(ada).isEmpty()) {
            for (int more = 0; bench.sweep(bench.other(), sweeper, 1_000).more(); more++) {
                assertThat(more).as("sweeps of 1,000 things that all say more").isLessThan(100);
            }
            if (bench.subscribers(ada).isEmpty()) {
                break;
            }
            bench.pass(interval);
            passed = bench.wiring().clock().isPresent()
                    ? passed.plus(interval)
                    : Duration.ofNanos(System.nanoTime() - began);
            assertThat(passed)
                    .as(
                            "time until the session that vanished was swept: lease %s, a sweep every %s, and 3 s of work",
                            lease, interval)
                    .isLessThan(lease.plus(interval.multipliedBy(2))
                            .plusSeconds(bench.wiring().clock().isPresent() ? 0 : 3));
        }
    }
}
