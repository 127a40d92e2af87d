package dev.moitessier.store.memory;

import static dev.moitessier.store.memory.Given.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.store.Broadcaster;
import dev.moitessier.store.Payload;
import dev.moitessier.store.StoreException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class LaneTest {
    private final MemorySpace space = new MemorySpace();
    private final BlockingQueue<Payload> heard = new LinkedBlockingQueue<>();

    @Test
    void aSlowSinkLosesItsOldestAndHoldsUpNobodyElse() throws Exception {
        CountDownLatch slow = new CountDownLatch(1);
        CountDownLatch busy = new CountDownLatch(1);
        BlockingQueue<Payload> late = new LinkedBlockingQueue<>();
        try (MemoryStore here = new MemoryStore(space);
                MemoryStore there = new MemoryStore(space)) {
            Broadcaster lane = there.broadcaster().orElseThrow();
            lane.subscribe("topic", payload -> {
                busy.countDown();
                await(slow);
                late.add(payload);
            });
            Broadcaster from = here.broadcaster().orElseThrow();
            assertThat(from.publish("topic", payload("taken"))).isTrue();
            await(busy);
            lane.subscribe("topic", heard::add);
            int published = Lane.QUEUE + 100;
            for (int i = 0; i < published; i++) {
                assertThat(from.publish("topic", payload("text " + i))).isTrue();
                assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo(payload("text " + i));
            }
            assertThat(lane.dropped()).isEqualTo(100);
            assertThat(from.dropped()).as("dropped at the publisher").isZero();

            slow.countDown();
            assertThat(late.poll(10, TimeUnit.SECONDS)).isEqualTo(payload("taken"));
            for (int i = 100; i < published; i++) {
                assertThat(late.poll(10, TimeUnit.SECONDS)).isEqualTo(payload("text " + i));
            }
        }
    }

    @Test
    void aSinkMayEndItsOwnSubscription() throws Exception {
        try (MemoryStore store = new MemoryStore(space)) {
            Broadcaster lane = store.broadcaster().orElseThrow();
            CountDownLatch known = new CountDownLatch(1);
            AutoCloseable[] subscription = new AutoCloseable[1];
            subscription[0] = lane.subscribe("topic", payload -> {
                await(known);
                close(subscription[0]);
                heard.add(payload);
            });
            known.countDown();
            lane.publish("topic", payload("last"));
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo(payload("last"));

            lane.publish("topic", payload("unheard"));
            lane.subscribe("topic", heard::add);
            lane.publish("topic", payload("end"));
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo(payload("end"));
        }
    }

    @Test
    void closingTheStoreWaitsForACallUnderWay() throws Exception {
        CountDownLatch busy = new CountDownLatch(1);
        AtomicInteger calls = new AtomicInteger();
        MemoryStore store = new MemoryStore(space);
        Broadcaster lane = store.broadcaster().orElseThrow();
        lane.subscribe("topic", payload -> {
            busy.countDown();
            Thread.yield();
            calls.incrementAndGet();
        });
        for (int i = 0; i < 100; i++) {
            lane.publish("topic", payload("text"));
        }
        await(busy);
        store.close();
        int atClose = calls.get();
        assertThat(lane.publish("topic", payload("late"))).isFalse();
        assertThat(lane.dropped()).isEqualTo(1);

        // Another subscriber hears what came later; by then the closed one would have, too.
        try (MemoryStore other = new MemoryStore(space)) {
            other.broadcaster().orElseThrow().subscribe("topic", heard::add);
            other.broadcaster().orElseThrow().publish("topic", payload("end"));
            assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo(payload("end"));
        }
        assertThat(calls.get()).isEqualTo(atClose);
        assertThatThrownBy(() -> lane.subscribe("topic", heard::add)).isInstanceOf(StoreException.Closed.class);
    }

    @Test
    void refusesWhatIsTooLarge() {
        try (MemoryStore store = new MemoryStore(space)) {
            Broadcaster lane = store.broadcaster().orElseThrow();
            Payload large = Payload.wrap(new byte[lane.maxBytes() + 1]);
            assertThatThrownBy(() -> lane.publish("topic", large))
                    .isInstanceOf(StoreException.Rejected.class)
                    .hasMessageContaining(String.valueOf(lane.maxBytes()));
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    private static void close(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
