package dev.moitessier.prscd;

import dev.moitessier.psig.MalformedMessageException;
import dev.moitessier.psig.PrscdContext;
import dev.moitessier.psig.PrscdFunction;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.ServerlessContext;
import dev.moitessier.psig.Signalling;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Functions in process: they see what one observing tag 0x20 would see of this node, and write what 0x21 would carry.
 * Called on the given executor, one call at a time per channel, in order; never on the node's loop.
 */
final class Functions {
    private static final Logger LOG = LoggerFactory.getLogger(Functions.class);

    /** Calls that wait per channel; more are dropped and counted. */
    private static final int WAITING = 1_024;

    /** Their bytes over all channels. */
    private static final long WAITING_BYTES = 64L << 20;

    private final Node node;
    private final Executor executor;
    private final Map<String, PrscdFunction> functions = new ConcurrentHashMap<>();
    private final Map<String, Line> lines = new ConcurrentHashMap<>();
    private final AtomicLong waitingBytes = new AtomicLong();

    Functions(Node node, Executor executor) {
        this.node = node;
        this.executor = executor;
    }

    void register(String name, PrscdFunction function) {
        if (functions.putIfAbsent(name, function) != null) {
            throw new IllegalArgumentException("there is a function \"" + name + "\" already");
        }
    }

    boolean areAny() {
        return !functions.isEmpty();
    }

    /** Shows the message as Go publishes it: {@code t, op, c, sid, pl, p, app, mesh}. */
    void view(Room room, String sid, String clientId, Signalling message) {
        if (functions.isEmpty()) {
            return;
        }
        byte[] seen = message.withSid(sid)
                .withCid(clientId)
                .withAppId(node.settings().realm())
                .withMeshId(node.settings().mesh())
                .encode();
        Line[] idle = new Line[1];
        lines.compute(room.channel, (channel, line) -> {
            Line its = line == null ? new Line(channel) : line;
            idle[0] = its.add(seen) ? its : null;
            return its;
        });
        if (idle[0] != null) {
            executor.execute(idle[0]);
        }
    }

    /** The calls of one channel, in order; there as long as one waits or runs. */
    private final class Line implements Runnable {
        private final String channel;
        private final Deque<byte[]> waiting = new ArrayDeque<>();
        private boolean running;

        Line(String channel) {
            this.channel = channel;
        }

        /** Whether it has to be run. */
        synchronized boolean add(byte[] seen) {
            if (waiting.size() >= WAITING || waitingBytes.get() + seen.length > WAITING_BYTES) {
                node.counters().add(Count.FUNCTION_DROPPED);
                return false;
            }
            waiting.add(seen);
            waitingBytes.addAndGet(seen.length);
            boolean starts = !running;
            running = true;
            return starts;
        }

        private synchronized byte @Nullable [] next() {
            byte[] next = waiting.poll();
            running = next != null;
            waitingBytes.addAndGet(next == null ? 0 : -next.length);
            return next;
        }

        @Override
        public void run() {
            for (byte[] seen = next(); seen != null; seen = next()) {
                for (Map.Entry<String, PrscdFunction> each : functions.entrySet()) {
                    call(each.getKey(), each.getValue(), seen);
                }
            }
            // A channel has whatever name a client thinks of: nothing of it may stay.
            lines.computeIfPresent(channel, (name, line) -> line == this && isIdle() ? null : line);
        }

        private synchronized boolean isIdle() {
            return !running;
        }

        private void call(String name, PrscdFunction function, byte[] seen) {
            node.counters().add(Count.FUNCTION_CALLS);
            try {
                function.handle(PrscdContext.of(new Context(seen), name));
            } catch (Exception failure) {
                if (failure instanceof InterruptedException) {
                    Thread.currentThread().interrupt();
                }
                node.counters().add(Count.FUNCTION_FAILURES);
                LOG.warn("Function {} failed on a message of channel {}", name, channel, failure);
            }
        }
    }

    private final class Context implements ServerlessContext {
        private final byte[] seen;

        Context(byte[] seen) {
            this.seen = seen;
        }

        @Override
        public byte[] data() {
            return seen;
        }

        @Override
        public int tag() {
            return Psig.TAG_FROM_PRSCD;
        }

        /** Like a zipper with nobody else on it: what carries another tag reaches nobody. */
        @Override
        public void write(int tag, byte[] data) {
            if (tag == Psig.TAG_FROM_BACKEND) {
                written(data);
            }
        }

        @Override
        public Map<String, String> metadata() {
            return Map.of();
        }
    }

    /** A reply to a control signalling is a control signalling too: channels carry data only. */
    private void written(byte[] data) {
        Signalling written;
        try {
            written = Signalling.decode(data.clone());
        } catch (MalformedMessageException malformed) {
            node.counters().add(Count.MESSAGES_MALFORMED);
            return;
        }
        byte[] payload = Payloads.bytes(written.payload());
        if (written.isData() && written.appId().equals(node.settings().realm()) && Payloads.isMap(payload)) {
            node.broadcast(written.channel(), written.cid(), payload);
        } else {
            node.counters().add(Count.MESSAGES_REFUSED);
        }
    }

    /** Channels with calls that wait or run. */
    int busyChannels() {
        return lines.size();
    }
}
