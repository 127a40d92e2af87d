package dev.moitessier.prscd;

import io.netty.channel.Channel;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One client's connection, as a node sees it and as an event loop serves it. The methods of {@link PeerConnection} may be
 * called from any thread; everything else happens on the channel's event loop.
 */
abstract class Link implements PeerConnection {
    /** Why reading may stand still; each reason has its bit. */
    static final int PAUSED_BY_NODE = 1;

    static final int PAUSED_BY_PACE = 2;

    private final Channel channel;
    private final WriteQueue writes;
    private final TransportLimits limits;

    /** Handed over, not yet written by the event loop. */
    private final AtomicInteger queued = new AtomicInteger();

    /** Set when a node has been told "not writable": then it waits to be told otherwise. */
    private volatile boolean awaited;

    private volatile boolean over;
    private @Nullable PeerEvents peer;
    private int paused;

    Link(Channel channel, WriteQueue writes, TransportLimits limits) {
        this.channel = channel;
        this.writes = writes;
        this.limits = limits;
    }

    Channel channel() {
        return channel;
    }

    TransportLimits limits() {
        return limits;
    }

    // What a node asks for, on its own thread.

    @Override
    public final boolean isWritable() {
        if (waiting() < limits.writableBytes()) {
            return true;
        }
        awaited = true;
        // What waited may have gone between the question and the note.
        return waiting() < limits.writableBytes();
    }

    @Override
    public final Sent send(Frame frame) {
        if (over) {
            return Sent.TAKEN;
        }
        if (frame.length() > maxFrame()) {
            return Sent.TOO_LARGE;
        }
        if (waiting() + frame.length() > limits.waitingBytes()) {
            return Sent.FULL;
        }
        queued.addAndGet(frame.length());
        writes.add(this, frame);
        return Sent.TAKEN;
    }

    @Override
    public final void reading(boolean on) {
        onLoop(() -> pause(PAUSED_BY_NODE, !on));
    }

    @Override
    public final void close(int code, String reason) {
        // Behind what the writes has been given before: it wakes the loop in the same order.
        onLoop(() -> end(Departure.LOST, code, reason));
    }

    private int waiting() {
        long unwritten = channel.isWritable()
                ? limits.writableBytes() - channel.bytesBeforeUnwritable()
                : channel.bytesBeforeWritable() + limits.writableBytes() / 2;
        return (int) Math.min(Integer.MAX_VALUE, queued.get() + Math.max(0, unwritten));
    }

    private void onLoop(Runnable task) {
        try {
            channel.eventLoop().execute(task);
        } catch (RejectedExecutionException stopped) {
            // The loop ends after its last connection; this one has been told that it is over.
            over = true;
        }
    }

    // What the event loop does.

    /** From now on the node hears what happens. */
    final void attach(PeerEvents events) {
        peer = events;
    }

    final boolean isOver() {
        return over;
    }

    final void received(byte[] message) {
        PeerEvents present = peer;
        if (present != null && !over) {
            present.received(message);
        }
    }

    /** False if nobody listens any more. */
    final boolean write(Frame frame, Encodings encodings) {
        queued.addAndGet(-frame.length());
        if (over) {
            return false;
        }
        write(channel, frame, encodings);
        return true;
    }

    final void flush() {
        channel.flush();
        tellWritable();
    }

    final void tellWritable() {
        PeerEvents present = peer;
        if (awaited && present != null && !over && waiting() < limits.writableBytes()) {
            awaited = false;
            present.writable();
        }
    }

    /** Tells the node once how it ended, and closes. */
    final void end(Departure departure, int code, String reason) {
        if (leave(departure)) {
            shut(code, reason);
        }
    }

    /** Tells the node once how it ended; the transport sees to the rest. */
    final boolean leave(Departure departure) {
        if (over) {
            return false;
        }
        over = true;
        PeerEvents present = peer;
        if (present != null) {
            present.closed(departure);
        }
        return true;
    }

    final void pause(int reason, boolean on) {
        int before = paused;
        paused = on ? paused | reason : paused & ~reason;
        if (before == 0 != (paused == 0)) {
            stopReading(paused != 0);
        }
    }

    /** Largest message that the transport carries. */
    abstract int maxFrame();

    abstract void write(Channel channel, Frame frame, Encodings encodings);

    abstract void stopReading(boolean stop);

    abstract void shut(int code, String reason);
}
