package consumer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.testkit.MutableClock;
import org.junit.jupiter.api.Test;

class ConsumerTest {
    @Test
    void hearsWhatWasDispatched() {
        assertThat(Consumer.hear()).isEqualTo("hello");
    }

    @Test
    void decodesWhatItEncoded() {
        assertThat(Consumer.reply().event().event()).isEqualTo("hello");
    }

    @Test
    void servesRoomsWithoutTheOptionalLibraries() throws Exception {
        assertThat(Consumer.serves()).isFalse();
    }

    @Test
    void theKitIsThere() {
        assertThat(MutableClock.at("2026-11-22T00:00:00Z").instant()).isEqualTo("2026-11-22T00:00:00Z");
    }
}
