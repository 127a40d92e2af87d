package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Watch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** W1 to W5: hints, which may be lost, late or repeated, but not early. */
interface HintRules {
    int FEW_THREADS = 200;

    @Test
    default void W1_everythingIsFoundWithoutAHint(Bench bench) throws Exception {
        MailboxStore unwatched = bench.open();
        String scope = bench.heardScope();
        for (int i = 0; i < 5; i++) {
            bench.put(scope, "m" + i);
            assertThat(bench.heard(unwatched, scope, 0))
                    .as("entries seen by an instance that never watched")
                    .hasSize(i + 1);
        }
    }

    @Test
    default void W2_anAppendHintsEveryInstanceThatAddedTheScope(Bench bench) {
        bench.needs(bench.can().push().isPresent(), "Capabilities.push is empty, so that it polls");
        Duration bound = bench.can().push().orElseThrow();
        String scope = bench.heardScope();
        Hints elsewhere = new Hints();
        Hints here = new Hints();
        bench.watch(bench.other(), elsewhere).add(scope);
        bench.watch(bench.store(), here).add(scope);
        bench.soon().until("both watches are in effect (W4)", () -> elsewhere.of(scope) > 0 && here.of(scope) > 0);
        for (int i = 0; i < 10; i++) {
            // Coalesced hints of the previous append may come late, and would count for this one.
            Bench.idle(Duration.ofMillis(20));
            long before = elsewhere.of(scope);
            long beforeHere = here.of(scope);
            bench.put(bench.store(), scope, "m" + i);
            bench.within(bound)
                    .until(
                            "Capabilities.push says " + bound + ": a hint in another instance, append " + i,
                            () -> elsewhere.of(scope) > before);
            bench.within(bound)
                    .until(
                            "Capabilities.push says " + bound + ": a hint in the appending instance, append " + i,
                            () -> here.of(scope) > beforeHere);
        }
    }

    @Test
    default void W3_noHintBeforeTheEntryIsReadable(Bench bench) throws Exception {
        bench.needs(bench.can().push().isPresent(), "Capabilities.push is empty, so that it polls");
        BlockingQueue<String> hinted = new LinkedBlockingQueue<>();
        Hints hints = new Hints(hinted::add);
        Watch watch = bench.watch(bench.other(), hints);
        int early = 0;
        for (int i = 0; i < 20; i++) {
            String scope = bench.heardScope();
            watch.add(scope);
            bench.soon().until("the watch is in effect (W4)", () -> hints.of(scope) > 0);
            hinted.clear();
            Future<Long> append = bench.background(() -> bench.put(bench.store(), scope, "m"));
            String hint = hinted.poll(bench.wiring().patience().toMillis(), TimeUnit.MILLISECONDS);
            assertThat(hint).as("a hint for append %d", i).isNotNull();
            // Hints may be spurious, if rarely: one that is early again and again is not.
            if (scope.equals(hint) && bench.heard(bench.other(), scope, 0).isEmpty()) {
                early++;
            }
            append.get(bench.wiring().patience().toMillis(), TimeUnit.MILLISECONDS);
            watch.remove(scope);
        }
        assertThat(early)
                .as("hints, of 20, that came before their entry was readable")
                .isLessThan(3);
    }

    @Test
    default void W3_noHintAfterClose(Bench bench) {
        String scope = bench.heardScope();
        Hints closing = new Hints();
        Hints staying = new Hints();
        Watch watch = bench.other().watch(closing);
        watch.add(scope);
        bench.watch(bench.other(), staying).add(scope);
        bench.soon().until("both watches are in effect (W4)", () -> closing.of(scope) > 0 && staying.of(scope) > 0);
        watch.close();
        watch.close();
        long atClose = closing.of(scope);
        long before = staying.of(scope);
        for (int i = 0; i < 5; i++) {
            bench.put(bench.other(), scope, "m" + i);
        }
        if (bench.can().push().isPresent()) {
            bench.soon().until("the watch that stays is hinted", () -> staying.of(scope) > before);
        }
        Bench.idle(Duration.ofMillis(50));
        assertThat(closing.of(scope)).as("hints of a closed watch").isEqualTo(atClose);
    }

    @Test
    default void W4_addReturnsAtOnceAndHintsOnceInEffect(Bench bench) {
        Hints hints = new Hints();
        Watch watch = bench.watch(bench.other(), hints);
        List<String> scopes = new ArrayList<>();
        long start = System.nanoTime();
        for (int i = 0; i < 200; i++) {
            String scope = bench.scope();
            scopes.add(scope);
            watch.add(scope);
        }
        assertThat(Duration.ofNanos(System.nanoTime() - start))
                .as("200 times add")
                .isLessThan(Duration.ofSeconds(2));
        bench.soon()
                .until(
                        "each of 200 added scopes is hinted without any append",
                        () -> scopes.stream()
                                .filter(scope -> hints.of(scope) == 0)
                                .count(),
                        missing -> missing == 0);
    }

    @Test
    default void W4_aReconnectHintsEverything(Bench bench) throws Exception {
        StoreWiring.Proxied proxied = bench.proxied();
        bench.needs(bench.can().push().isPresent(), "Capabilities.push is empty, so that nothing reconnects");
        String scope = bench.heardScope();
        Hints hints = new Hints();
        bench.watch(proxied.store(), hints).add(scope);
        bench.soon().until("the watch is in effect (W4)", () -> hints.of(scope) > 0);
        for (int i = 0; i < 2; i++) {
            int before = hints.all();
            proxied.proxy().cut();
            bench.soon().until("allDirty after the connection was cut", () -> hints.all() > before);
        }
        long before = hints.of(scope);
        bench.put(bench.store(), scope, "after the cut");
        bench.soon().until("hints flow again", () -> hints.of(scope) > before);
    }

    @Test
    default void W5_manyScopesNeedNoThreads(Bench bench) throws Exception {
        watchMany(bench, 5_000);
    }

    @Test
    @Tag("long")
    default void W5_aHundredThousandScopesOnConstantThreads(Bench bench) throws Exception {
        watchMany(bench, 100_000);
    }

    private static void watchMany(Bench bench, int count) throws Exception {
        StoreWiring.@Nullable Proxied proxied = bench.wiring().openProxied().orElse(null);
        if (proxied != null) {
            bench.closing(proxied.proxy());
            bench.closing(proxied.store());
        }
        MailboxStore on = proxied == null ? bench.other() : proxied.store();
        Hints hints = new Hints();
        Watch watch = bench.watch(on, hints);
        String first = bench.scope();
        watch.add(first);
        bench.soon().until("the watch is in effect (W4)", () -> hints.of(first) > 0);
        int threads = Thread.activeCount();
        int connections = proxied == null ? 0 : proxied.proxy().connections().size();
        String last = first;
        for (int i = 0; i < count; i++) {
            last = bench.scope();
            watch.add(last);
        }
        String lastAdded = last;
        bench.within(bench.wiring().patience().multipliedBy(3))
                .until("the last of " + count + " scopes is in effect", () -> hints.of(lastAdded) > 0);
        // Test classes beside this one start threads of their own, so that only an order of magnitude can be told.
        bench.within(bench.wiring().patience().multipliedBy(3))
                .until(
                        count + " watched scopes need fewer than " + FEW_THREADS + " threads",
                        () -> Thread.activeCount() - threads < FEW_THREADS);
        if (proxied != null) {
            assertThat(proxied.proxy().connections().size() - connections)
                    .as("connections that " + count + " watched scopes need")
                    .isLessThan(10);
        }
    }
}
