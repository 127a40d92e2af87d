package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SettlingTest {
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    private final Settling settling = new Settling();
    private long sent;

    /** How many looks of 5 ms it takes until all has arrived. */
    private int looks(long sentAgain, long roundTripNanos) {
        int looks = 0;
        do {
            looks++;
        } while (!settling.settled(sent, sentAgain, roundTripNanos));
        return looks;
    }

    @Test
    void notWhilePacketsLeave() {
        for (sent = 1; sent < 100; sent++) {
            assertThat(settling.settled(sent, 0, MILLI)).isFalse();
        }
        assertThat(looks(0, MILLI)).isEqualTo(21);
    }

    @Test
    void waitsLongerThanTheNextTimeOut() {
        assertThat(settling.settled(1, 0, MILLI)).isFalse();
        for (int i = 0; i < 17; i++) {
            assertThat(settling.settled(1, 0, MILLI)).isFalse();
        }
        // Sent again after 90 ms: the next time is 180 ms later.
        sent = 2;
        assertThat(looks(1, MILLI)).isEqualTo(1 + 270 / 5);
    }

    @Test
    void aSlowNetworkNeedsFourRoundTrips() {
        assertThat(looks(0, 200 * MILLI)).isEqualTo(1 + 800 / 5);
    }

    @Test
    void whereTheZipperGoesOnSendingNothingSentAgainForASecondIsEnough() {
        for (int i = 0; i < 200; i++) {
            assertThat(settling.settled(i, 3, MILLI)).isFalse();
        }
        assertThat(settling.settled(200, 3, MILLI)).isTrue();
    }
}
