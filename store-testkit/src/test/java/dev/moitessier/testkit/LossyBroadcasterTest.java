package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Broadcaster;
import dev.moitessier.store.Payload;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** X7: the lossy lane loses, doubles and reorders, each for sure, and invents nothing. */
class LossyBroadcasterTest {
    /** A lane within one thread that keeps everything. */
    private static final class Perfect implements Broadcaster {
        private final List<Consumer<Payload>> sinks = new ArrayList<>();

        @Override
        public int maxBytes() {
            return 1_000;
        }

        @Override
        public boolean publish(String topic, Payload payload) {
            sinks.forEach(sink -> sink.accept(payload));
            return true;
        }

        @Override
        public AutoCloseable subscribe(String topic, Consumer<Payload> sink) {
            sinks.add(sink);
            return () -> sinks.remove(sink);
        }

        @Override
        public long dropped() {
            return 0;
        }
    }

    private static List<Integer> heard(long seed, int count) throws Exception {
        List<Integer> heard = new ArrayList<>();
        LossyBroadcaster lossy = new LossyBroadcaster(new Perfect(), seed);
        assertThat(lossy.maxBytes()).isEqualTo(1_000);
        try (AutoCloseable subscription =
                lossy.subscribe("t", payload -> heard.add(Integer.parseInt(Bench.text(payload))))) {
            for (int i = 0; i < count; i++) {
                assertThat(lossy.publish("t", Bench.payload("" + i))).isTrue();
            }
            assertThat(subscription).isNotNull();
        }
        assertThat(lossy.dropped()).as("counted drops of %d", count).isBetween(count / 5L, count / 2L);
        return heard;
    }

    @Test
    void itDropsDoublesAndReorders() throws Exception {
        List<Integer> heard = heard(1, 1_000);
        assertThat(new HashSet<>(heard).size()).as("distinct of 1,000").isBetween(600, 800);
        assertThat(heard.size() - new HashSet<>(heard).size()).as("doubled").isBetween(20, 150);
        assertThat(heard).as("order").isNotEqualTo(heard.stream().sorted().toList());
        assertThat(heard).as("nothing invented").allMatch(i -> i >= 0 && i < 1_000);
    }

    @Test
    void aSeedRepeatsIt() throws Exception {
        assertThat(heard(7, 200)).isEqualTo(heard(7, 200)).isNotEqualTo(heard(8, 200));
    }
}
