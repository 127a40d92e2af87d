package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class OutgoingTest {
    @Test
    void theOldestMakeRoomAndAreCounted() {
        var outgoing = new Outgoing(3, 1 << 20, Overflow.DROP_OLDEST);
        for (int i = 0; i < 5; i++) {
            outgoing.add(new byte[] {(byte) i});
        }

        assertThat(outgoing.dropped()).isEqualTo(2);
        assertThat(outgoing.poll()).containsExactly(2);
        assertThat(outgoing.poll()).containsExactly(3);
        assertThat(outgoing.poll()).containsExactly(4);
        assertThat(outgoing.poll()).isNull();
    }

    @Test
    void bytesAreBoundedToo() {
        var outgoing = new Outgoing(1000, 100, Overflow.DROP_OLDEST);
        outgoing.add(new byte[60]);
        outgoing.add(new byte[30]);
        outgoing.add(new byte[70]);

        assertThat(outgoing.dropped()).isEqualTo(1);
        assertThat(outgoing.poll()).hasSize(30);
        assertThatThrownBy(() -> outgoing.add(new byte[101]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("101");
    }

    @Test
    void failingSaysSoAndKeepsWhatIsThere() {
        var outgoing = new Outgoing(1, 100, Overflow.FAIL);
        outgoing.add(new byte[1]);

        assertThatThrownBy(() -> outgoing.add(new byte[2]))
                .isInstanceOf(ZipperException.NotWritten.class)
                .hasMessageContaining("full");
        assertThat(outgoing.poll()).hasSize(1);
        assertThat(outgoing.dropped()).isZero();
    }

    @Test
    void waitingEndsWithRoomWithTheClientAndWithAnInterruption() throws Exception {
        var outgoing = new Outgoing(1, 100, Overflow.WAIT);
        outgoing.add(new byte[1]);

        CompletableFuture<Void> waiting = CompletableFuture.runAsync(() -> outgoing.add(new byte[2]));
        assertThat(waiting).isNotDone();
        assertThat(outgoing.poll()).hasSize(1);
        waiting.get(10, TimeUnit.SECONDS);

        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                outgoing.add(new byte[3]);
            } catch (ZipperException.Interrupted e) {
                interrupted.complete(Thread.currentThread().isInterrupted());
            }
        });
        thread.start();
        thread.interrupt();
        assertThat(interrupted.get(10, TimeUnit.SECONDS)).isTrue();

        CompletableFuture<Void> closed = CompletableFuture.runAsync(() -> outgoing.add(new byte[4]));
        outgoing.close("the client is closed");
        assertThatThrownBy(() -> closed.get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(ZipperException.NotWritten.class);
        assertThat(outgoing.poll()).as("what was accepted stays").hasSize(2);
    }
}
