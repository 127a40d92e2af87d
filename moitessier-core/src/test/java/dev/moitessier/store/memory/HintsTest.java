package dev.moitessier.store.memory;

import static dev.moitessier.store.memory.Given.append;
import static dev.moitessier.store.memory.Given.join;
import static dev.moitessier.store.memory.Given.session;
import static dev.moitessier.store.memory.Given.shared;
import static dev.moitessier.store.memory.Given.stored;
import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.HintSink;
import dev.moitessier.store.Watch;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class HintsTest {
    @Test
    void aHintComesWhenTheEntryIsReadableAndTheScopeIsFree() {
        MemorySpace space = new MemorySpace();
        try (MemoryStore store = new MemoryStore(space);
                MemoryStore other = new MemoryStore(space)) {
            join(store, shared("room"), "s1", session(store));
            List<Integer> readable = new CopyOnWriteArrayList<>();
            try (Watch watch = store.watch(sink(() -> readable.add(readElsewhere(other))))) {
                watch.add("room");
                stored(other, append("room", "one"));
                stored(other, append("room", "two"));
            }
            assertThat(readable).as("entries readable at each hint").containsExactly(0, 1, 2);
        }
    }

    @Test
    void aSinkThatFailsHarmsNeitherTheAppendNorOtherSinks() {
        List<String> hinted = new CopyOnWriteArrayList<>();
        AtomicBoolean fails = new AtomicBoolean();
        try (MemoryStore store = new MemoryStore();
                Watch failing = store.watch(sink(() -> {
                    if (fails.get()) {
                        throw new FailsOnPurpose();
                    }
                }));
                Watch sound = store.watch(sink(() -> hinted.add("hint")))) {
            join(store, shared("room"), "s1", session(store));
            failing.add("room");
            sound.add("room");
            fails.set(true);
            hinted.clear();
            stored(store, append("room", "text"));
            assertThat(hinted).containsExactly("hint");
        }
    }

    @Test
    void closingWaitsForAHintUnderWay() throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch leave = new CountDownLatch(1);
        AtomicBoolean left = new AtomicBoolean();
        try (MemoryStore store = new MemoryStore()) {
            join(store, shared("room"), "s1", session(store));
            AtomicBoolean armed = new AtomicBoolean();
            Watch watch = store.watch(sink(() -> {
                if (armed.get()) {
                    entered.countDown();
                    await(leave);
                    left.set(true);
                }
            }));
            watch.add("room");
            armed.set(true);
            CompletableFuture<Void> append = CompletableFuture.runAsync(() -> stored(store, append("room", "text")));
            await(entered);
            CompletableFuture<Boolean> leftWhenClosed = CompletableFuture.supplyAsync(() -> {
                watch.close();
                return left.get();
            });
            leave.countDown();
            assertThat(leftWhenClosed.get(10, TimeUnit.SECONDS)).isTrue();
            append.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void aSinkMayCloseItsOwnWatch() {
        try (MemoryStore store = new MemoryStore()) {
            join(store, shared("room"), "s1", session(store));
            Watch[] watch = new Watch[1];
            List<String> hinted = new CopyOnWriteArrayList<>();
            watch[0] = store.watch(sink(() -> {
                hinted.add("hint");
                watch[0].close();
            }));
            watch[0].add("room");
            stored(store, append("room", "text"));
            assertThat(hinted).containsExactly("hint");
        }
    }

    /** On another thread: it would wait for ever, or fail, if the scope were still locked by the one that hints. */
    private static int readElsewhere(MemoryStore store) {
        return CompletableFuture.supplyAsync(
                        () -> Given.read(store, "room", 0).entries().size())
                .orTimeout(10, TimeUnit.SECONDS)
                .join();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /** Without a stack trace, for the sake of the log. */
    @SuppressWarnings("serial")
    private static final class FailsOnPurpose extends RuntimeException {
        FailsOnPurpose() {
            super("on purpose", null, false, false);
        }
    }

    private static HintSink sink(Runnable onDirty) {
        return new HintSink() {
            @Override
            public void dirty(String scope) {
                onDirty.run();
            }

            @Override
            public void allDirty() {
                throw new AssertionError("nothing connects or overflows here");
            }
        };
    }
}
