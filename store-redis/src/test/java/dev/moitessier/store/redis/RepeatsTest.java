package dev.moitessier.store.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Appended;
import dev.moitessier.store.HintSink;
import dev.moitessier.store.Watch;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class RepeatsTest {
    /** The second call comes right after the hint of the first, so that mostly its own is put off; it must not be left out. */
    @Test
    void whatComesRightAfterAHintIsHintedAsWell() throws Exception {
        try (RedisServer server = RedisServer.embedded();
                RedisStore store = RedisStore.builder(server.url(), null, null).open();
                RedisStore other = RedisStore.builder(server.url(), null, null).open()) {
            Scratch.hear(store, "again");
            Semaphore hints = new Semaphore(0);
            Watch watch = other.watch(new HintSink() {
                @Override
                public void dirty(String scope) {
                    hints.release();
                }

                @Override
                public void allDirty() {
                    hints.release();
                }
            });
            watch.add("again");
            awaitHint(hints, "the watch is in effect");
            for (int i = 0; i < 30; i++) {
                Scratch.stored(store, Scratch.say("again", "first " + i));
                awaitHint(hints, "first " + i);
                // More than one in a call: one alone is never put off.
                assertThat(store.append(
                                List.of(Scratch.say("again", "second " + i), Scratch.say("again", "third " + i))))
                        .allMatch(Appended.Stored.class::isInstance);
                awaitHint(hints, "second and third " + i);
            }
            watch.close();
        }
    }

    private static void awaitHint(Semaphore hints, String what) throws InterruptedException {
        assertThat(hints.tryAcquire(20, TimeUnit.SECONDS)).as("a hint: " + what).isTrue();
    }
}
