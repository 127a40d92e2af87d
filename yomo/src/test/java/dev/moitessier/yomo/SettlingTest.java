package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SettlingTest {
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    private final Settling settling = new Settling();

    @Test
    void notWhilePacketsLeave() {
        for (int i = 0; i < 100; i++) {
            assertThat(settling.settled(i, 0, MILLI, i * 5 * MILLI)).isFalse();
        }
        assertThat(settling.settled(99, 0, MILLI, (495 + 99) * MILLI)).isFalse();
        assertThat(settling.settled(99, 0, MILLI, (495 + 100) * MILLI)).isTrue();
    }

    @Test
    void waitsLongerThanTheNextTimeOut() {
        assertThat(settling.settled(1, 0, MILLI, 0)).isFalse();
        // Sent again after 90 ms: the next time is 180 ms later.
        assertThat(settling.settled(2, 1, MILLI, 90 * MILLI)).isFalse();
        assertThat(settling.settled(2, 1, MILLI, (90 + 269) * MILLI)).isFalse();
        assertThat(settling.settled(2, 1, MILLI, (90 + 270) * MILLI)).isTrue();
    }

    @Test
    void aSlowNetworkNeedsFourRoundTrips() {
        assertThat(settling.settled(1, 0, 200 * MILLI, 0)).isFalse();
        assertThat(settling.settled(1, 0, 200 * MILLI, 799 * MILLI)).isFalse();
        assertThat(settling.settled(1, 0, 200 * MILLI, 800 * MILLI)).isTrue();
    }

    @Test
    void whereTheZipperGoesOnSendingNothingSentAgainForASecondIsEnough() {
        for (int i = 0; i < 200; i++) {
            assertThat(settling.settled(i, 3, MILLI, i * 5 * MILLI)).isFalse();
        }
        assertThat(settling.settled(200, 3, MILLI, 1000 * MILLI)).isTrue();
    }
}
