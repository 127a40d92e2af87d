package dev.moitessier.benchmarks.core;

import dev.moitessier.Conditions;
import dev.moitessier.Dispatched;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.store.memory.MemoryStore;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A dispatch on the memory store, and the bare steps that any such dispatch takes: a lock, a random id, the id in a map, the
 * message at the end of an array. Both keep the newest 10,000 messages.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(value = 3, jvmArgs = "-Xmx1g")
@SuppressWarnings("NullAway.Init") // JMH calls open() first
public class DispatchBenchmark {
    private static final int KEPT = 10_000;
    private static final int IDS = 1 << 20;
    private static final Person BOB = Person.of("bob");

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<UUID, Long> positions = new HashMap<>();
    private final Object[] log = new Object[KEPT];
    private long head;

    private Moitessier moitessier;
    private Listener listener;

    @Setup(Level.Iteration)
    public void open() {
        moitessier = Moitessier.on(new MemoryStore());
        listener = moitessier.listen(Conditions.shared(Person.of("ada"), "room/42"));
    }

    @TearDown(Level.Iteration)
    public void close() {
        listener.close();
        moitessier.close();
    }

    @Benchmark
    public Dispatched dispatch() {
        return moitessier.dispatch(BOB, "room/42", "hello");
    }

    @Benchmark
    public long bareSteps() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        UUID id = new UUID(random.nextLong(), random.nextLong());
        lock.lock();
        try {
            long position = ++head;
            if (positions.size() == IDS) {
                positions.clear();
            }
            positions.put(id, position);
            log[(int) (position % KEPT)] = "hello";
            return position;
        } finally {
            lock.unlock();
        }
    }
}
