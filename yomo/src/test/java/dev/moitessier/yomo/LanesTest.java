package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class LanesTest {
    private final ExecutorService executor = Executors.newFixedThreadPool(8);

    @AfterEach
    void stop() {
        executor.shutdownNow();
    }

    @Test
    void oneLaneIsInOrderAndNeverTwiceAtOnce() throws Exception {
        var lanes = new Lanes(executor, 100_000, 1 << 20);
        Map<Integer, List<Integer>> seen = new ConcurrentHashMap<>();
        AtomicInteger[] running = new AtomicInteger[10];
        AtomicInteger overlaps = new AtomicInteger();
        for (int lane = 0; lane < 10; lane++) {
            running[lane] = new AtomicInteger();
            seen.put(lane, new CopyOnWriteArrayList<>());
        }
        for (int i = 0; i < 2000; i++) {
            int lane = i % 10;
            int number = i / 10;
            assertThat(lanes.submit(lane, 1, () -> {
                        if (running[lane].incrementAndGet() > 1) {
                            overlaps.incrementAndGet();
                        }
                        seen.get(lane).add(number);
                        running[lane].decrementAndGet();
                    }))
                    .isTrue();
        }

        assertThat(lanes.awaitIdle(TimeUnit.SECONDS.toNanos(20))).isTrue();
        assertThat(overlaps).hasValue(0);
        for (List<Integer> each : seen.values()) {
            assertThat(each).hasSize(200).isSorted();
        }
    }

    @Test
    void aSlowLaneHoldsUpNoOther() throws Exception {
        var lanes = new Lanes(executor, 100, 1 << 20);
        CountDownLatch stuck = new CountDownLatch(1);
        CountDownLatch other = new CountDownLatch(1);
        lanes.submit("slow", 1, () -> await(stuck));
        lanes.submit("quick", 1, other::countDown);

        assertThat(other.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(lanes.awaitIdle(1)).isFalse();
        stuck.countDown();
        assertThat(lanes.awaitIdle(TimeUnit.SECONDS.toNanos(10))).isTrue();
    }

    @Test
    void moreThanMayWaitIsRefused() throws Exception {
        var lanes = new Lanes(executor, 2, 100);
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch stuck = new CountDownLatch(1);
        lanes.submit("a", 90, () -> {
            started.countDown();
            await(stuck);
        });
        assertThat(started.await(10, TimeUnit.SECONDS)).isTrue();

        assertThat(lanes.submit("a", 60, () -> {})).isTrue();
        assertThat(lanes.submit("b", 60, () -> {})).as("bytes").isFalse();
        assertThat(lanes.submit("a", 1, () -> {})).isTrue();
        assertThat(lanes.submit("a", 1, () -> {})).as("tasks").isFalse();
        assertThat(lanes.abandon()).isEqualTo(2);
        stuck.countDown();
        assertThat(lanes.awaitIdle(TimeUnit.SECONDS.toNanos(10))).isTrue();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
