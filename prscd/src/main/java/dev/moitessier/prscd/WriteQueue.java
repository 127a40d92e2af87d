package dev.moitessier.prscd;

import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What nodes send to the clients of one event loop. However many frames for however many clients come in a row, the loop is
 * woken once, encodes a frame once for all its clients in a row, and flushes each client once. Order is the order of
 * {@link #add}. Bounded by {@link Link#send}, which stops before a client has too much waiting.
 */
final class WriteQueue {
    /** Then others that wait for the loop (reads, timers) get their turn. */
    private static final int WRITES_PER_TURN = 4096;

    private final EventLoop loop;
    private final Queue<Waiting> queue = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean woken = new AtomicBoolean();
    private final List<Link> written = new ArrayList<>();

    private record Waiting(Link link, Frame frame) {}

    WriteQueue(EventLoop loop) {
        this.loop = loop;
    }

    /** From any thread. */
    void add(Link link, Frame frame) {
        queue.add(new Waiting(link, frame));
        wake();
    }

    private void wake() {
        if (woken.compareAndSet(false, true)) {
            try {
                loop.execute(this::write);
            } catch (RejectedExecutionException stopped) {
                // The loop ends after its last connection: nobody is left to hear this.
                queue.clear();
            }
        }
    }

    private void write() {
        // Before the first poll: what is added behind the last one must wake again.
        woken.set(false);
        try (Encodings encodings = new Encodings()) {
            for (int i = 0; i < WRITES_PER_TURN; i++) {
                Waiting next = queue.poll();
                if (next == null) {
                    break;
                }
                if (next.link().write(next.frame(), encodings)) {
                    written.add(next.link());
                }
            }
        }
        for (Link link : written) {
            link.flush();
        }
        written.clear();
        if (!queue.isEmpty()) {
            wake();
        }
    }
}
