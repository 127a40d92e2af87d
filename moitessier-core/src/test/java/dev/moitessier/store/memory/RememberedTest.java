package dev.moitessier.store.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RememberedTest {
    private record Known(long position, long until) {}

    @Test
    void knowsEachIdUntilItsTimeIsOver() throws Exception {
        Seed.run(random -> {
            Remembered remembered = new Remembered();
            Map<UUID, Known> model = new HashMap<>();
            long now = 1_000;
            for (int step = 1; step < 20_000; step++) {
                now += random.nextInt(10);
                UUID id = new UUID(0, random.nextInt(2_000)); // ids that count up collide where bits are not mixed
                Known known = model.get(id);
                long expected = known != null && known.until >= now ? known.position : 0;
                assertThat(remembered.find(id, now)).isEqualTo(expected);
                if (expected == 0) {
                    if (remembered.isFull()) {
                        remembered.rebuild(remembered.capacityFor(now), now);
                    }
                    long until = now + random.nextInt(1 << random.nextInt(14));
                    remembered.put(id, step, until);
                    model.put(id, new Known(step, until));
                }
                long time = now;
                assertThat(remembered.isDead(now))
                        .isEqualTo(model.values().stream().allMatch(each -> each.until < time));
            }
            assertThat(remembered.capacity()).isLessThanOrEqualTo(8_192);
        });
    }

    @Test
    void shrinksWhenMostAreDead() {
        Remembered remembered = new Remembered();
        for (int i = 0; i < 10_000; i++) {
            if (remembered.isFull()) {
                remembered.rebuild(remembered.capacityFor(0), 0);
            }
            remembered.put(new UUID(i, i), i + 1, i < 10 ? 100 : 1);
        }
        assertThat(remembered.capacity()).isGreaterThan(10_000);
        remembered.rebuild(remembered.capacityFor(50), 50);
        assertThat(remembered.capacity()).isLessThanOrEqualTo(64);
        assertThat(remembered.find(new UUID(9, 9), 50)).isEqualTo(10);
        assertThat(remembered.find(new UUID(10, 10), 50)).isZero();
    }
}
