package dev.moitessier.store.redis;

import dev.moitessier.store.StoreException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.commands.ProtocolCommand;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisMovedDataException;

/**
 * The channels that this process has subscribed to, over one connection, or with sharded pub/sub over one to each server. One
 * thread subscribes, in batches; one for each connection receives. When a connection breaks, its channels are placed anew.
 */
final class Channels implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Channels.class);
    private static final int BATCH = 1_000;
    private static final long TICK = TimeUnit.SECONDS.toNanos(1);
    private static final Duration FIRST_BACKOFF = Duration.ofMillis(50);
    private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(1);

    /** What a channel is for, and what its name begins with after the shard's tag. */
    enum Kind {
        HINT("s:"),
        LANE("b:");

        private final String key;

        Kind(String key) {
            this.key = key;
        }
    }

    /** Whom a kind of channels is for. Called on threads that receive; must return at once. */
    interface Receiver {
        /** What is published from now on arrives. */
        void effective(String name);

        void received(String name, byte[] payload);

        /** A connection is there, after whatever was lost before it. */
        void connected();
    }

    /** A channel that somebody wants. */
    private static final class Interest {
        int count;
        boolean effective;

        @Nullable
        Ear ear;
    }

    private record Name(Kind kind, String name) {}

    private final Shards shards;
    private final Keys keys;
    private final boolean sharded;
    private final byte[] origin = new byte[8];
    private final Map<Kind, Receiver> receivers = new EnumMap<>(Kind.class);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition work = lock.newCondition();
    private final Map<Kind, Map<String, Interest>> interests = new EnumMap<>(Kind.class);
    private Set<Name> unplaced = new LinkedHashSet<>();
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final Map<Node, Ear> ears = new HashMap<>();
    private volatile Duration backoff = FIRST_BACKOFF;
    private volatile boolean told;
    private @Nullable Thread writer;
    private volatile boolean closed;

    Channels(Shards shards, Keys keys, boolean sharded) {
        this.shards = shards;
        this.keys = keys;
        this.sharded = sharded;
        ThreadLocalRandom.current().nextBytes(origin);
        for (Kind kind : Kind.values()) {
            interests.put(kind, new HashMap<>());
        }
    }

    /** Before first use. */
    void receiver(Kind kind, Receiver receiver) {
        receivers.put(kind, receiver);
    }

    /** The command that publishes. */
    String publish() {
        return sharded ? "SPUBLISH" : "PUBLISH";
    }

    ProtocolCommand publishCommand() {
        return sharded ? Protocol.Command.SPUBLISH : Protocol.Command.PUBLISH;
    }

    /** Eight bytes by which this process knows its own. */
    byte[] origin() {
        return origin;
    }

    byte[] channel(Kind kind, Scope name) {
        return keys.of(name, kind.key);
    }

    /** Subscribes, unless it has; then {@code already} runs soon. Returns at once. */
    void want(Kind kind, String name, Runnable already) {
        lock.lock();
        try {
            Interest interest = of(kind).computeIfAbsent(name, each -> new Interest());
            interest.count++;
            if (interest.count == 1) {
                unplaced.add(new Name(kind, name));
            } else if (interest.effective) {
                tasks.add(already);
            }
            wake();
        } finally {
            lock.unlock();
        }
    }

    void release(Kind kind, String name) {
        lock.lock();
        try {
            Interest interest = of(kind).get(name);
            if (interest == null || --interest.count > 0) {
                return;
            }
            of(kind).remove(name);
            unplaced.remove(new Name(kind, name));
            Ear ear = interest.ear;
            if (ear != null) {
                tasks.add(() -> ear.unsubscribe(channel(kind, Scope.of(name))));
                wake();
            }
        } finally {
            lock.unlock();
        }
    }

    private Map<String, Interest> of(Kind kind) {
        return Objects.requireNonNull(interests.get(kind));
    }

    private void wake() {
        if (writer == null && !closed) {
            writer = Threads.daemon("moitessier-redis-subscribe", this::writeLoop);
        }
        work.signal();
    }

    // Subscribing

    private void writeLoop() {
        while (!closed) {
            try {
                List<Runnable> now = new ArrayList<>();
                Set<Name> place;
                lock.lockInterruptibly();
                try {
                    if (tasks.isEmpty() && unplaced.isEmpty()) {
                        work.awaitNanos(TICK);
                    }
                    now.addAll(tasks);
                    tasks.clear();
                    place = unplaced;
                    unplaced = new LinkedHashSet<>();
                } finally {
                    lock.unlock();
                }
                // What is unsubscribed comes before what is subscribed again.
                now.forEach(Runnable::run);
                if (!place.isEmpty()) {
                    place(place);
                }
                List.copyOf(present()).forEach(Ear::checkAlive);
            } catch (InterruptedException ended) {
                return;
            } catch (RuntimeException failure) {
                if (!closed && !told) {
                    LOG.warn(
                            "no hints from other processes until the server is back; entries are found by polling",
                            failure);
                    told = true;
                }
                if (!closed && !Threads.sleep(backoff)) {
                    return;
                }
                backoff = backoff.compareTo(LONGEST_BACKOFF) < 0 ? backoff.multipliedBy(2) : LONGEST_BACKOFF;
            }
        }
    }

    private List<Ear> present() {
        lock.lock();
        try {
            return List.copyOf(ears.values());
        } finally {
            lock.unlock();
        }
    }

    /** Channels that go in one command: with sharded pub/sub they must be of one slot. */
    private record Batch(Ear ear, int shard) {}

    /** Subscribes on the servers' connections; what could not be stays unplaced. */
    private void place(Set<Name> names) {
        Map<Batch, List<byte[]>> batches = new HashMap<>();
        Set<Name> left = new LinkedHashSet<>(names);
        try {
            for (Name name : names) {
                Scope scope = Scope.of(name.name);
                int shard = sharded ? scope.shard() : 0;
                Ear ear = ear(shard);
                if (assign(name, ear)) {
                    List<byte[]> batch = batches.computeIfAbsent(new Batch(ear, shard), each -> new ArrayList<>());
                    batch.add(channel(name.kind, scope));
                    if (batch.size() == BATCH) {
                        ear.subscribe(batch.toArray(byte[][]::new));
                        batch.clear();
                    }
                }
                left.remove(name);
            }
            batches.forEach((batch, channels) -> {
                if (!channels.isEmpty()) {
                    batch.ear.subscribe(channels.toArray(byte[][]::new));
                }
            });
        } finally {
            lock.lock();
            try {
                unplaced.addAll(left);
            } finally {
                lock.unlock();
            }
        }
    }

    /** False: nobody wants it any more. From now on it is placed anew when the connection ends. */
    private boolean assign(Name name, Ear ear) {
        lock.lock();
        try {
            if (!ear.equals(ears.get(ear.node()))) {
                throw new JedisConnectionException("the connection ended while it was begun");
            }
            Interest interest = of(name.kind).get(name.name);
            if (interest == null) {
                return false;
            }
            interest.ear = ear;
            interest.effective = false;
            return true;
        } finally {
            lock.unlock();
        }
    }

    private Ear ear(int shard) {
        Node node = shards.node(shard);
        lock.lock();
        try {
            Ear ear = ears.get(node);
            if (ear != null) {
                return ear;
            }
        } finally {
            lock.unlock();
        }
        Ear ear = new Ear(this, node, shards.keep(node), keys.of(shard, "ear"), sharded);
        lock.lock();
        try {
            ears.put(node, ear);
        } finally {
            lock.unlock();
        }
        ear.start();
        return ear;
    }

    // Receiving

    void heardControl(boolean first) {
        if (first) {
            lock.lock();
            try {
                if (told) {
                    LOG.info("hints from other processes arrive again");
                }
                told = false;
                backoff = FIRST_BACKOFF;
            } finally {
                lock.unlock();
            }
            receivers.values().forEach(Receiver::connected);
        }
    }

    void subscribed(Ear ear, byte[] channel) {
        Name name = parse(channel);
        lock.lock();
        try {
            Interest interest = of(name.kind).get(name.name);
            if (interest == null || interest.ear != ear) {
                return;
            }
            interest.effective = true;
        } finally {
            lock.unlock();
        }
        receiver(name.kind).effective(name.name);
    }

    /** Asked for, or because the slot went to another server: then the channel is placed anew. */
    void unsubscribed(Ear ear, byte[] channel) {
        Name name = parse(channel);
        lock.lock();
        try {
            Interest interest = of(name.kind).get(name.name);
            if (interest != null && interest.ear == ear && interest.effective) {
                interest.effective = false;
                interest.ear = null;
                unplaced.add(name);
                wake();
            }
        } finally {
            lock.unlock();
        }
    }

    void received(byte[] channel, byte[] payload) {
        Name name = parse(channel);
        receiver(name.kind).received(name.name, payload);
    }

    /** The connection is gone; what it brought is placed anew. */
    void ended(Ear ear, @Nullable RuntimeException why) {
        lock.lock();
        try {
            ears.remove(ear.node(), ear);
            interests.forEach((kind, all) -> all.forEach((name, interest) -> {
                if (interest.ear == ear) {
                    interest.ear = null;
                    interest.effective = false;
                    unplaced.add(new Name(kind, name));
                }
            }));
            work.signal();
        } finally {
            lock.unlock();
        }
        if (why instanceof JedisMovedDataException moved) {
            shards.moved(keys, moved);
        } else if (!closed && why != null) {
            LOG.debug("a connection for hints ended", why);
        }
        shards.end(ear.node(), ear.connection());
    }

    private Receiver receiver(Kind kind) {
        return Objects.requireNonNull(receivers.get(kind));
    }

    /** The kind and name after the tag, which ends with the first "}:". */
    private static Name parse(byte[] channel) {
        String text = new String(channel, StandardCharsets.UTF_8);
        int tag = text.indexOf("}:") + 2;
        for (Kind kind : Kind.values()) {
            if (text.startsWith(kind.key, tag)) {
                return new Name(kind, text.substring(tag + kind.key.length()));
            }
        }
        throw new StoreException.Misconfigured("a message on a channel that this store does not use: " + text, null);
    }

    @Override
    public void close() {
        closed = true;
        Thread waiting;
        List<Ear> all = present();
        lock.lock();
        try {
            waiting = writer;
        } finally {
            lock.unlock();
        }
        all.forEach(Ear::close);
        Threads.end(waiting);
        present().forEach(Ear::close);
    }
}
