package dev.moitessier.store.memory;

import static dev.moitessier.store.memory.Given.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Content;
import dev.moitessier.store.Entry;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RingTest {
    private static final Content TEXT = text("text");
    private static final UUID DISPATCH = UUID.randomUUID();

    @Test
    void behavesAsAListWhateverIsAddedAndDropped() throws Exception {
        Seed.run(random -> {
            Ring ring = new Ring();
            List<Entry> model = new ArrayList<>();
            long position = 0;
            for (int step = 0; step < 3_000; step++) {
                if (random.nextInt(3) > 0) {
                    position += 1 + random.nextInt(3);
                    Entry entry = new Entry(position, Instant.EPOCH, DISPATCH, TEXT);
                    ring.add(entry);
                    model.add(entry);
                } else {
                    int count = Math.min(model.size(), random.nextInt(1 << random.nextInt(9)));
                    ring.drop(count);
                    model.subList(0, count).clear();
                }
                long cursor = position - random.nextInt(200);
                int after = (int) model.stream()
                        .filter(entry -> entry.position() <= cursor)
                        .count();
                assertThat(ring.size()).isEqualTo(model.size());
                assertThat(ring.indexAfter(cursor)).isEqualTo(after);
                int count = random.nextInt(model.size() - after + 1);
                assertThat(ring.copy(after, count)).containsExactlyElementsOf(model.subList(after, after + count));
            }
        });
    }
}
