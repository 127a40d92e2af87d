package dev.moitessier.store.redis;

import dev.moitessier.store.StoreException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Connection;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.exceptions.JedisAskDataException;
import redis.clients.jedis.exceptions.JedisConnectionException;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.exceptions.JedisMovedDataException;
import redis.clients.jedis.exceptions.JedisNoScriptException;

/**
 * Runs calls on the servers of their shards, in one pipeline for each server. What may be tried again is (E2), each call ends in
 * time (E3), and all end when the store is closed (E4).
 */
final class Shards implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Shards.class);
    private static final long FIRST_PAUSE = TimeUnit.MILLISECONDS.toNanos(2);
    private static final long LONGEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(100);

    private final Topology topology;
    private final Duration callLimit;
    private final Set<Connection> lent = ConcurrentHashMap.newKeySet();
    private final Map<Thread, CompletableFuture<?>> waits = new ConcurrentHashMap<>();
    private final Set<Node> gates = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    Shards(Topology topology, Duration callLimit) {
        this.topology = topology;
        this.callLimit = callLimit;
    }

    Duration callLimit() {
        return callLimit;
    }

    boolean cluster() {
        return topology.cluster();
    }

    /** One call; throws what went wrong. It may be carried out twice, which all calls but an unremembered append can bear. */
    Outcome one(String doing, boolean writes, Call call) {
        Outcome outcome = all(doing, writes, true, List.of(call)).get(0);
        if (outcome.failure() != null) {
            throw outcome.failure();
        }
        return outcome;
    }

    /** Many calls, each with an outcome of its own. Those to one shard are carried out in order, save those that come {@code late}. */
    List<Outcome> all(String doing, boolean writes, List<Call> calls) {
        return all(doing, writes, true, calls);
    }

    /**
     * As {@link #all(String, boolean, List)}.
     *
     * @param repeatable whether a call whose connection broke may be sent again, although it may have been carried out
     */
    List<Outcome> all(String doing, boolean writes, boolean repeatable, List<Call> calls) {
        ensureOpen();
        if (Thread.currentThread().isInterrupted()) {
            throw new StoreException.Interrupted("interrupted before anything was sent", false);
        }
        return calls.isEmpty() ? List.of() : new Exchange(doing, writes, repeatable, calls).run();
    }

    void ensureOpen() {
        if (closed) {
            throw new StoreException.Closed(false);
        }
    }

    /** One call on its way. */
    private static final class Attempt {
        final int number;
        final Call call;
        boolean source;
        boolean sent;
        boolean broke;

        @Nullable
        HostAndPort asked;

        @Nullable
        RuntimeException last;

        Attempt(int number, Call call) {
            this.number = number;
            this.call = call;
        }
    }

    private final class Exchange {
        private final String doing;
        private final boolean writes;
        private final boolean repeatable;
        private final @Nullable Outcome[] outcomes;
        private final long deadline = System.nanoTime() + callLimit.toNanos();
        private List<Attempt> pending;
        private List<Attempt> again = new ArrayList<>();
        private boolean pause;

        Exchange(String doing, boolean writes, boolean repeatable, List<Call> calls) {
            this.doing = doing;
            this.writes = writes;
            this.repeatable = repeatable;
            outcomes = new @Nullable Outcome[calls.size()];
            pending = new ArrayList<>(calls.size());
            for (Call call : calls) {
                pending.add(new Attempt(pending.size(), call));
            }
        }

        List<Outcome> run() {
            long nextPause = FIRST_PAUSE;
            while (true) {
                pause = false;
                again = new ArrayList<>();
                byNode().forEach(this::exchange);
                if (again.isEmpty()) {
                    break;
                }
                pending = again;
                if (pause) {
                    if (System.nanoTime() + nextPause - deadline > 0) {
                        pending.forEach(attempt -> fail(attempt, lastOf(attempt)));
                        break;
                    }
                    LockSupport.parkNanos(ThreadLocalRandom.current().nextLong(nextPause / 2, nextPause));
                    nextPause = Math.min(LONGEST_PAUSE, nextPause * 2);
                    if (Thread.currentThread().isInterrupted()) {
                        pending.forEach(attempt -> fail(
                                attempt,
                                new StoreException.Interrupted("interrupted between two tries", attempt.sent)));
                        break;
                    }
                }
            }
            List<Outcome> all = new ArrayList<>(outcomes.length);
            for (Outcome outcome : outcomes) {
                if (outcome == null) {
                    throw new IllegalStateException("a call without an outcome");
                }
                all.add(outcome);
            }
            return all;
        }

        private Map<Node, List<Attempt>> byNode() {
            if (pending.size() == 1 || !topology.cluster()) {
                Node node = node(pending.get(0));
                return node == null ? failAll(pending) : Map.of(node, pending);
            }
            Map<Node, List<Attempt>> groups = new LinkedHashMap<>();
            for (Attempt attempt : pending) {
                Node node = node(attempt);
                if (node != null) {
                    groups.computeIfAbsent(node, each -> new ArrayList<>()).add(attempt);
                }
            }
            return groups;
        }

        /** The server to ask; null: this attempt is settled or comes again. */
        private @Nullable Node node(Attempt attempt) {
            try {
                HostAndPort asked = attempt.asked;
                Node node = asked == null ? topology.known(attempt.call.shard()) : topology.at(asked);
                return node != null ? node : bounded(deadline, () -> topology.locate(attempt.call.shard()));
            } catch (RuntimeException failure) {
                attempt.last = failure;
                if (pending.size() > 1 && topology.cluster()) {
                    settleUnsent(attempt, failure);
                }
                return null;
            }
        }

        private Map<Node, List<Attempt>> failAll(List<Attempt> attempts) {
            RuntimeException failure = lastOf(attempts.get(0));
            attempts.forEach(attempt -> settleUnsent(attempt, failure));
            return Map.of();
        }

        /** Nothing was sent in this round: a cluster may be found again, whatever else is final. */
        private void settleUnsent(Attempt attempt, RuntimeException failure) {
            if (topology.cluster() && Failures.connection(failure)) {
                topology.lookAgain();
                attempt.asked = null;
                again(attempt, failure);
            } else {
                fail(attempt, failure);
            }
        }

        private void exchange(Node node, List<Attempt> attempts) {
            Connection connection;
            try {
                connection = borrow(node, deadline);
            } catch (RuntimeException failure) {
                attempts.forEach(attempt -> settleUnsent(attempt, failure));
                return;
            }
            int answered = 0;
            int timeout = connection.getSoTimeout();
            try {
                connection.setSoTimeout(millisLeft(deadline));
                for (Attempt attempt : attempts) {
                    if (attempt.asked != null) {
                        connection.sendCommand(Protocol.Command.ASKING);
                    }
                    CommandArguments command = attempt.call.command(attempt.source);
                    attempt.sent |= writes;
                    connection.sendCommand(command);
                }
                for (Attempt attempt : attempts) {
                    if (attempt.asked != null) {
                        connection.getOne();
                    }
                    receive(connection, attempt);
                    answered++;
                }
                connection.setSoTimeout(timeout);
            } catch (RuntimeException broken) {
                connection.setBroken();
                broken(node, attempts.subList(answered, attempts.size()), broken);
            } finally {
                giveBack(node, connection);
            }
        }

        private void receive(Connection connection, Attempt attempt) {
            try {
                outcomes[attempt.number] = new Outcome(connection.getOne(), null, attempt.last != null);
            } catch (JedisNoScriptException unknown) {
                attempt.source = true;
                attempt.last = unknown;
                again.add(attempt);
            } catch (JedisMovedDataException moved) {
                attempt.asked = null;
                topology.moved(attempt.call.shard(), moved.getTargetNode());
                again(attempt, moved);
            } catch (JedisAskDataException ask) {
                attempt.asked = ask.getTargetNode();
                again(attempt, ask);
            } catch (JedisDataException said) {
                if (Failures.passing(said)) {
                    attempt.asked = null;
                    again(attempt, said);
                } else {
                    fail(attempt, said);
                }
            }
        }

        /** The connection broke before these were answered. */
        private void broken(Node node, List<Attempt> attempts, RuntimeException failure) {
            if (closed) {
                attempts.forEach(attempt -> fail(attempt, new StoreException.Closed(attempt.sent)));
                return;
            }
            if (!Failures.connection(failure)) {
                attempts.forEach(attempt -> fail(attempt, failure));
                return;
            }
            node.forgetIdle();
            topology.lookAgain();
            boolean inTime = System.nanoTime() - deadline < 0;
            for (Attempt attempt : attempts) {
                if (attempt.broke || !inTime || !(repeatable || !writes)) {
                    fail(attempt, failure);
                } else {
                    // A server that restarted leaves a pool of dead connections: one try with a new one.
                    attempt.broke = true;
                    attempt.last = failure;
                    again.add(attempt);
                }
            }
        }

        private void again(Attempt attempt, RuntimeException why) {
            attempt.last = why;
            again.add(attempt);
            pause = true;
        }

        private void fail(Attempt attempt, RuntimeException failure) {
            boolean unknown = attempt.sent && (attempt.broke || Failures.connection(failure));
            StoreException said =
                    closed ? new StoreException.Closed(unknown) : Failures.of(failure, doing, attempt.sent);
            if (unknown && !said.outcomeUnknown() && said instanceof StoreException.Unavailable) {
                said = new StoreException.Unavailable(String.valueOf(said.getMessage()), failure, true);
            }
            outcomes[attempt.number] = Outcome.failed(said);
        }

        private RuntimeException lastOf(Attempt attempt) {
            RuntimeException last = attempt.last;
            return last != null ? last : new JedisConnectionException("out of time");
        }
    }

    // Connections

    /** A connection until it is given back; waits in a way that ends in time, with the store, and when interrupted. */
    private Connection borrow(Node node, long deadline) {
        Connection connection = null;
        gates.add(node);
        acquire(node, deadline);
        try {
            ensureOpen();
            connection = node.idle();
            if (connection == null) {
                // Connecting blocks for as long as the driver was told; the caller does not.
                connection = bounded(
                        deadline,
                        () -> node.connect(Duration.ofNanos(Math.max(1, deadline - System.nanoTime()))),
                        node::giveBack);
            }
            lent.add(connection);
            if (closed) {
                disconnect(connection);
            }
            return connection;
        } finally {
            if (connection == null) {
                node.permits().release();
            }
        }
    }

    private void acquire(Node node, long deadline) {
        try {
            if (!node.permits().tryAcquire()
                    && !node.permits().tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                throw new StoreException.Unavailable("no connection was free within " + callLimit, null, false);
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new StoreException.Interrupted("interrupted while waiting for a connection", false);
        }
    }

    private void giveBack(Node node, Connection connection) {
        lent.remove(connection);
        node.giveBack(connection);
        node.permits().release();
    }

    private <T> T bounded(long deadline, Supplier<T> work) {
        return bounded(deadline, work, late -> {});
    }

    /** Runs what blocks as the driver likes, and waits for it no longer than until the deadline. */
    <T> T bounded(long deadline, Supplier<T> work, Consumer<T> late) {
        CompletableFuture<T> result = new CompletableFuture<>();
        waits.put(Thread.currentThread(), result);
        boolean taken = false;
        try {
            Threads.run(() -> {
                try {
                    T value = work.get();
                    if (!result.complete(value)) {
                        late.accept(value);
                    }
                } catch (RuntimeException failure) {
                    result.completeExceptionally(failure);
                }
            });
            ensureOpen();
            T value = result.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            taken = true;
            return value;
        } catch (TimeoutException out) {
            throw new StoreException.Unavailable("no connection within " + callLimit, out, false);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new StoreException.Interrupted("interrupted while waiting for a connection", false);
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(failed.getCause());
        } finally {
            waits.remove(Thread.currentThread());
            if (!taken && !result.cancel(false) && !result.isCompletedExceptionally()) {
                late.accept(result.join());
            }
        }
    }

    private static int millisLeft(long deadline) {
        return (int) Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()));
    }

    /** A connection of the pool for somebody who keeps it, and ends it himself. */
    Connection keep(Node node) {
        Connection connection =
                bounded(System.nanoTime() + callLimit.toNanos(), () -> node.connect(callLimit), node::giveBack);
        lent.add(connection);
        if (closed) {
            disconnect(connection);
        }
        return connection;
    }

    /** Ends a connection that was kept. */
    void end(Node node, Connection connection) {
        lent.remove(connection);
        connection.setBroken();
        node.giveBack(connection);
    }

    /** The server of a shard, located within the time of a call. */
    Node node(int shard) {
        Node known = topology.known(shard);
        return known != null ? known : bounded(System.nanoTime() + callLimit.toNanos(), () -> topology.locate(shard));
    }

    /** A server said that the shards of this slot are elsewhere. */
    void moved(Keys keys, JedisMovedDataException moved) {
        for (int shard = 0; shard < Keys.SHARDS; shard++) {
            if (keys.slot(shard) == moved.getSlot()) {
                topology.moved(shard, moved.getTargetNode());
            }
        }
    }

    static void disconnect(Connection connection) {
        try {
            connection.setBroken();
            connection.forceDisconnect();
        } catch (IOException broken) {
            LOG.debug("a connection broke while it was ended", broken);
        }
    }

    @Override
    public void close() {
        closed = true;
        waits.values().forEach(wait -> wait.completeExceptionally(new StoreException.Closed(false)));
        gates.forEach(node -> node.permits().release(1_000_000));
        lent.forEach(Shards::disconnect);
    }
}
