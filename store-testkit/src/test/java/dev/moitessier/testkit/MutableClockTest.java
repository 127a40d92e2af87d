package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.TimeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MutableClockTest {
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

    private final MutableClock clock = MutableClock.at("2026-11-22T12:00:00Z");
    private final List<String> ran = new ArrayList<>();

    private TimeSource.Timer in(int seconds, String name) {
        return clock.at(
                NOON.plusSeconds(seconds),
                () -> ran.add(
                        name + "@" + Duration.between(NOON, clock.instant()).toSeconds()));
    }

    @Test
    void standsStillUntilItIsMoved() {
        assertThat(clock.instant())
                .isEqualTo(NOON)
                .isEqualTo(MutableClock.at(NOON).instant());
        assertThat(clock.millis()).isEqualTo(NOON.toEpochMilli());
        in(0, "due at once");
        assertThat(ran)
                .as("a task runs when the clock is moved, not when it is added")
                .isEmpty();
        clock.advance(Duration.ZERO);
        assertThat(ran).containsExactly("due at once@0");
    }

    @Test
    void advanceRunsDueTasksInOrderEachAtItsInstant() {
        in(3, "c");
        in(1, "a");
        in(2, "b1");
        in(2, "b2");
        in(9, "later");
        clock.advance(Duration.ofSeconds(5));
        assertThat(ran).containsExactly("a@1", "b1@2", "b2@2", "c@3");
        assertThat(clock.instant()).isEqualTo(NOON.plusSeconds(5));
        assertThat(clock.waiting()).isEqualTo(1);
        clock.advance(Duration.ofSeconds(4));
        assertThat(ran).last().isEqualTo("later@9");
    }

    @Test
    void tasksMayAddTasks() {
        clock.at(NOON.plusSeconds(1), () -> in(2, "added"));
        clock.at(NOON.plusSeconds(1), () -> in(0, "overdue when added"));
        clock.advance(Duration.ofSeconds(3));
        assertThat(ran).containsExactly("overdue when added@1", "added@2");
    }

    @Test
    void aCancelledTaskDoesNotRun() {
        TimeSource.Timer timer = in(1, "cancelled");
        timer.cancel();
        timer.cancel();
        clock.advance(Duration.ofSeconds(2));
        assertThat(ran).isEmpty();
        assertThat(clock.waiting()).isZero();
    }

    @Test
    void aJumpForwardRunsWhatIsDueLate() {
        in(1, "a");
        clock.jump(Duration.ofHours(1));
        assertThat(ran).containsExactly("a@3600");
    }

    @Test
    void aJumpBackRunsNothing() {
        in(1, "a");
        clock.jump(Duration.ofHours(-1));
        assertThat(clock.instant()).isEqualTo(NOON.minusSeconds(3600));
        clock.advance(Duration.ofHours(1));
        assertThat(ran).isEmpty();
        clock.advance(Duration.ofSeconds(1));
        assertThat(ran).containsExactly("a@1");
    }

    @Test
    void timeDoesNotPassBackwards() {
        assertThatThrownBy(() -> clock.advance(Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("jump");
    }

    @Test
    void aTaskThatThrowsStopsTheMoveThere() {
        clock.at(NOON.plusSeconds(1), () -> {
            throw new IllegalStateException("boom");
        });
        in(2, "next");
        assertThatThrownBy(() -> clock.advance(Duration.ofSeconds(5))).hasMessage("boom");
        assertThat(clock.instant()).isEqualTo(NOON.plusSeconds(1));
        clock.advance(Duration.ofSeconds(1));
        assertThat(ran).containsExactly("next@2");
    }

    @Test
    void manyThreadsMayAddAndMove() throws Exception {
        List<Thread> threads = IntStream.range(0, 4)
                .mapToObj(t -> new Thread(() -> {
                    for (int i = 0; i < 500; i++) {
                        clock.at(clock.instant().plusMillis(i % 7), () -> ran.add("x"));
                        clock.advance(Duration.ofMillis(1));
                    }
                }))
                .toList();
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        clock.advance(Duration.ofSeconds(1));
        // Tasks run one at a time, so that even an unsynchronised list counts them all.
        assertThat(ran).hasSize(2_000);
        assertThat(clock.instant()).isEqualTo(NOON.plusMillis(3_000));
    }
}
