package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class AnswersTest {
    private final Outgoing outgoing = new Outgoing(10, 1 << 20, Overflow.FAIL);
    private final Answers answers = new Answers(outgoing);

    /** Each time it would be five seconds. */
    @Test
    void whereNoAnswersComeItHardlyEverWaits() {
        assertThat(waited(50_000)).isLessThan(Duration.ofMillis(2_500));
    }

    @Test
    void whereOneIsThereItDoesNotWait() {
        outgoing.add(new byte[1]);
        assertThat(waited(50_000)).isLessThan(Duration.ofMillis(2_500));
    }

    private Duration waited(int times) {
        long start = System.nanoTime();
        for (int i = 0; i < times; i++) {
            answers.await();
        }
        return Duration.ofNanos(System.nanoTime() - start);
    }
}
