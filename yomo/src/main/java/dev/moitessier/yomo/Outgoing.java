package dev.moitessier.yomo;

import java.util.ArrayDeque;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Encoded frames on their way to the zipper, in order, no more than so many and so many bytes. For several threads. */
final class Outgoing {
    private final int mostFrames;
    private final long mostBytes;
    private final Overflow overflow;
    private final LongAdder dropped = new LongAdder();
    private final LongAdder taken = new LongAdder();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition room = lock.newCondition();
    private final ArrayDeque<byte[]> frames = new ArrayDeque<>();
    private long bytes;
    private @Nullable String closed;

    Outgoing(int mostFrames, long mostBytes, Overflow overflow) {
        this.mostFrames = mostFrames;
        this.mostBytes = mostBytes;
        this.overflow = overflow;
    }

    void add(byte[] frame) {
        if (frame.length > mostBytes) {
            throw new IllegalArgumentException(
                    "a frame of " + frame.length + " bytes does not fit into a queue of " + mostBytes);
        }
        lock.lock();
        try {
            requireOpen();
            while (isFull(frame)) {
                switch (overflow) {
                    case DROP_OLDEST -> {
                        bytes -= frames.remove().length;
                        dropped.increment();
                    }
                    case FAIL ->
                        throw new ZipperException.NotWritten(
                                "the outgoing queue is full: " + frames.size() + " frames, " + bytes + " bytes");
                    case WAIT -> awaitRoomFor(frame);
                }
            }
            frames.add(frame);
            bytes += frame.length;
        } finally {
            lock.unlock();
        }
    }

    private boolean isFull(byte[] next) {
        return frames.size() >= mostFrames || bytes + next.length > mostBytes;
    }

    private void awaitRoomFor(byte[] next) {
        try {
            while (isFull(next) && closed == null) {
                room.await();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new ZipperException.Interrupted("interrupted while the outgoing queue was full; nothing was written");
        }
        requireOpen();
    }

    private void requireOpen() {
        if (closed != null) {
            throw new ZipperException.NotWritten(closed);
        }
    }

    /** Null if there is none. */
    byte @Nullable [] poll() {
        lock.lock();
        try {
            byte[] frame = frames.poll();
            if (frame != null) {
                bytes -= frame.length;
                taken.increment();
                if (overflow == Overflow.WAIT) {
                    room.signalAll();
                }
            }
            return frame;
        } finally {
            lock.unlock();
        }
    }

    boolean isEmpty() {
        lock.lock();
        try {
            return frames.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Takes no more; what is in it stays. */
    void close(String why) {
        lock.lock();
        try {
            if (closed == null) {
                closed = why;
            }
            room.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What nobody will send any more. */
    void abandon() {
        lock.lock();
        try {
            dropped.add(frames.size());
            frames.clear();
            bytes = 0;
        } finally {
            lock.unlock();
        }
    }

    long taken() {
        return taken.sum();
    }

    long dropped() {
        return dropped.sum();
    }
}
