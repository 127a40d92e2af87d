package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class EventuallyTest {
    private final Eventually shortly = Eventually.within(Duration.ofMillis(60));
    private final AtomicInteger looks = new AtomicInteger();

    @Test
    void returnsTheValueThatIsGoodEnough() {
        assertThat(shortly.<Integer>until("three looks", looks::incrementAndGet, n -> n == 3))
                .isEqualTo(3);
    }

    @Test
    void aConditionThatHoldsIsLookedAtOnce() {
        Eventually.within(Duration.ZERO).until("at once", () -> looks.incrementAndGet() == 1);
        assertThat(looks).hasValue(1);
    }

    @Test
    void aFailureTellsWhatWasAwaitedAndWhatWasSeen() {
        assertThatThrownBy(() -> shortly.until(
                        "the size is 9",
                        () -> "size " + Math.min(looks.incrementAndGet(), 3),
                        seen -> seen.equals("size 9")))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("not within PT0.06S: the size is 9")
                .hasMessageContaining("looked ")
                .hasMessageContaining("last seen: size 3");
        assertThat(looks.get()).as("looks within 60 ms").isGreaterThan(2).isLessThan(100);
    }

    @Test
    void whatALookThrowsIsNotYet() {
        shortly.until("the third look works", () -> {
            if (looks.incrementAndGet() < 3) {
                throw new java.io.IOException("not yet");
            }
            return true;
        });
        assertThatThrownBy(() -> shortly.until("never", () -> {
                    throw new java.io.IOException("still not");
                }))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("still not")
                .hasCauseInstanceOf(java.io.IOException.class);
    }

    @Test
    void assertionsAreRepeated() {
        shortly.asserted(
                "three looks", () -> assertThat(looks.incrementAndGet()).isEqualTo(3));
        assertThatThrownBy(
                        () -> shortly.asserted("never", () -> assertThat("seen").isEqualTo("expected")))
                .hasMessageContaining("expected");
    }

    @Test
    void anInterruptedThreadDoesNotWait() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> Eventually.within(Duration.ofMinutes(1)).until("never", () -> false))
                .hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).as("the flag is kept").isTrue();
    }
}
