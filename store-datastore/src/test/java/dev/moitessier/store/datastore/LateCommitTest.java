package dev.moitessier.store.datastore;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.cloud.datastore.Datastore;
import com.google.cloud.datastore.DatastoreException;
import com.google.cloud.datastore.Entity;
import com.google.cloud.datastore.Key;
import com.google.cloud.datastore.PathElement;
import com.google.cloud.datastore.Query;
import com.google.cloud.datastore.StructuredQuery.OrderBy;
import com.google.cloud.datastore.StructuredQuery.PropertyFilter;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Entry;
import dev.moitessier.store.Page;
import dev.moitessier.store.datastore.emulator.Emulator;
import dev.moitessier.store.datastore.emulator.OnEmulator;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * Four writers and a reader that asks for what is after its cursor. A number that is taken before the commit, as from an allocator or
 * a clock, becomes visible out of order, and the reader passes it; a position that is read and written within the transaction does
 * not. The same measure must see the loss of the one to be believed about the other.
 */
@Isolated("it wants all that the emulator has, and it is about what meets within milliseconds")
final class LateCommitTest {
    private static final int WRITERS = 4;
    private static final Duration TIME = Duration.ofSeconds(3);

    @Test
    @OnEmulator(Emulator.Kind.DATASTORE)
    void onTheDatastoreEmulatorANumberTakenBeforeTheCommitLosesAndAPositionDoesNot() throws Exception {
        compare(Emulator.shared(Emulator.Kind.DATASTORE));
    }

    @Test
    @Tag("long")
    @OnEmulator(Emulator.Kind.FIRESTORE)
    void onTheFirestoreEmulatorANumberTakenBeforeTheCommitLosesAndAPositionDoesNot() throws Exception {
        compare(Emulator.shared(Emulator.Kind.FIRESTORE));
    }

    /** A way of writing and of reading on. */
    private interface Log {
        /** False: it was not written. */
        boolean write(int writer, Random random);

        /** Reads what is after the cursor, and moves it; answers how many entries there were. */
        int read();
    }

    private static void compare(Emulator emulator) throws Exception {
        int[] before = {0, 0};
        // Rarely all meet in order; the loss must be seen once.
        for (int round = 0; round < 5 && before[0] == before[1]; round++) {
            before = race(new NumberedBefore(Clients.of(emulator, Scratch.namespace())));
            System.out.printf(
                    "LateCommitTest: %s, number before the commit: %d written, %d seen%n",
                    emulator.kind(), before[0], before[1]);
        }
        assertThat(before[1]).as("seen of %d: the race happens", before[0]).isLessThan(before[0]);
        String namespace = Scratch.namespace();
        try (DatastoreStore one = DatastoreStore.create(Clients.of(emulator, namespace));
                DatastoreStore other = DatastoreStore.create(Clients.of(emulator, namespace))) {
            Positions positions = new Positions(one, other);
            int[] within = race(positions);
            System.out.printf(
                    "LateCommitTest: %s, positions, two processes: %d written, %d seen%n",
                    emulator.kind(), within[0], within[1]);
            assertThat(within[0]).isPositive();
            assertThat(within[1]).as("seen").isEqualTo(within[0]);
        }
    }

    private static final class NumberedBefore implements Log {
        private final Datastore datastore;
        private final Key room;
        private final AtomicLong numbers = new AtomicLong();
        private long cursor;

        NumberedBefore(Datastore datastore) {
            this.datastore = datastore;
            room = datastore.newKeyFactory().setKind("Room").newKey("room");
        }

        @Override
        public boolean write(int writer, Random random) {
            Key key = datastore
                    .newKeyFactory()
                    .addAncestor(PathElement.of("Room", "room"))
                    .setKind("Numbered")
                    .newKey(numbers.incrementAndGet());
            LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(8_000)));
            try {
                datastore.put(Entity.newBuilder(key).build());
                return true;
            } catch (DatastoreException contention) {
                return false;
            }
        }

        @Override
        public int read() {
            // Without an ancestor: for that the emulator would open a transaction, and leave it open.
            var query = Query.newKeyQueryBuilder().setKind("Numbered").setOrderBy(OrderBy.asc("__key__"));
            if (cursor > 0) {
                query.setFilter(PropertyFilter.gt(
                        "__key__", Key.newBuilder(room, "Numbered", cursor).build()));
            }
            List<Long> found = new ArrayList<>();
            datastore.run(query.build()).forEachRemaining(key -> found.add(key.getId()));
            cursor = found.isEmpty() ? cursor : found.get(found.size() - 1);
            return found.size();
        }
    }

    private static final class Positions implements Log {
        private final DatastoreStore one;
        private final DatastoreStore other;
        private final Set<Long> positions = new HashSet<>();
        private long cursor;

        Positions(DatastoreStore one, DatastoreStore other) {
            this.one = one;
            this.other = other;
            cursor = Scratch.hear(one, "room").start();
        }

        @Override
        public boolean write(int writer, Random random) {
            return Scratch.one(writer % 2 == 0 ? one : other, Scratch.say("room", "m")) instanceof Appended.Stored;
        }

        @Override
        public int read() {
            Page page = Scratch.page(other, "room", cursor);
            for (Entry entry : page.entries()) {
                assertThat(entry.position()).isGreaterThan(cursor);
                assertThat(positions.add(entry.position())).as("once").isTrue();
            }
            cursor = page.next();
            return page.entries().size();
        }
    }

    private static int[] race(Log log) throws Exception {
        AtomicInteger written = new AtomicInteger();
        AtomicBoolean running = new AtomicBoolean(true);
        long end = System.nanoTime() + TIME.toNanos();
        ExecutorService threads = Executors.newFixedThreadPool(WRITERS + 1);
        try {
            Future<Integer> reader = threads.submit(() -> {
                int seen = 0;
                while (running.get()) {
                    seen += log.read();
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
                }
                for (int more = log.read(); more > 0; more = log.read()) {
                    seen += more;
                }
                return seen;
            });
            var writers = threads.invokeAll(IntStream.range(0, WRITERS)
                    .<Callable<Integer>>mapToObj(writer -> () -> {
                        Random random = new Random(writer);
                        while (System.nanoTime() < end) {
                            written.addAndGet(log.write(writer, random) ? 1 : 0);
                        }
                        return writer;
                    })
                    .toList());
            for (Future<Integer> each : writers) {
                each.get();
            }
            running.set(false);
            return new int[] {written.get(), reader.get(30, TimeUnit.SECONDS)};
        } finally {
            running.set(false);
            threads.shutdownNow();
        }
    }
}
