package dev.moitessier.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Entry;
import dev.moitessier.store.Page;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Eight writers that pause before they commit, and a reader that asks for what is after its cursor. An identity column gives its
 * number before the commit, so the reader passes numbers that become visible later; a position is given after it. The same
 * measure must see the loss of the one to be believed about the other.
 */
final class LateCommitTest {
    private static final int WRITERS = 8;
    private static final Duration TIME = Duration.ofSeconds(3);

    private Scratch scratch;

    @BeforeEach
    void database() throws Exception {
        scratch = new Scratch();
    }

    @AfterEach
    void drop() throws Exception {
        scratch.close();
    }

    /** A way of writing within a caller's transaction. */
    private interface Log {
        void write(Connection transaction, int writer) throws Exception;

        /** Reads what is after the cursor, and moves it; answers how many entries there were. */
        int read() throws Exception;
    }

    @Test
    void anIdentityColumnLosesWhatCommitsLate() throws Exception {
        scratch.execute("create table outbox (id bigint generated always as identity primary key, body text)");
        try (Connection connection = scratch.dataSource().getConnection()) {
            Log log = new Log() {
                private long cursor;

                @Override
                public void write(Connection transaction, int writer) throws Exception {
                    try (PreparedStatement insert = transaction.prepareStatement("insert into outbox (body) values ('m')")) {
                        insert.executeUpdate();
                    }
                }

                @Override
                public int read() throws Exception {
                    int seen = 0;
                    try (PreparedStatement select = connection.prepareStatement("select id from outbox where id > ? order by id")) {
                        select.setLong(1, cursor);
                        try (ResultSet rows = select.executeQuery()) {
                            while (rows.next()) {
                                cursor = rows.getLong(1);
                                seen++;
                            }
                        }
                    }
                    return seen;
                }
            };
            int[] writtenAndSeen = race(log);
            System.out.printf("LateCommitTest: identity column: %d written, %d seen%n", writtenAndSeen[0], writtenAndSeen[1]);
            assertThat(writtenAndSeen[1]).as("seen of %d: the race happens", writtenAndSeen[0]).isLessThan(writtenAndSeen[0]);
        }
    }

    @Test
    void positionsLoseNothing() throws Exception {
        PostgresStore store = scratch.store();
        long start = Scratch.hear(store, "room").start();
        Log log = new Log() {
            private long cursor = start;
            private final Set<Long> positions = new HashSet<>();

            @Override
            public void write(Connection transaction, int writer) {
                Scratch.one(store.enlist(transaction), Scratch.say("room", "m"));
            }

            @Override
            public int read() {
                Page page = Scratch.page(store, "room", cursor);
                for (Entry entry : page.entries()) {
                    assertThat(entry.position()).isGreaterThan(cursor);
                    assertThat(positions.add(entry.position())).as("once").isTrue();
                }
                cursor = page.next();
                return page.entries().size();
            }
        };
        int[] writtenAndSeen = race(log);
        System.out.printf("LateCommitTest: positions: %d written, %d seen%n", writtenAndSeen[0], writtenAndSeen[1]);
        assertThat(writtenAndSeen[1]).as("seen").isEqualTo(writtenAndSeen[0]);
    }

    private int[] race(Log log) throws Exception {
        AtomicInteger written = new AtomicInteger();
        AtomicBoolean running = new AtomicBoolean(true);
        CountDownLatch done = new CountDownLatch(WRITERS);
        long end = System.nanoTime() + TIME.toNanos();
        ExecutorService threads = Executors.newFixedThreadPool(WRITERS + 1);
        try {
            Future<Integer> reader = threads.submit(() -> {
                int seen = 0;
                while (running.get()) {
                    seen += log.read();
                }
                for (int more = log.read(); more > 0; more = log.read()) {
                    seen += more;
                }
                return seen;
            });
            var writers = threads.invokeAll(IntStream.range(0, WRITERS)
                    .<Callable<Integer>>mapToObj(writer -> () -> {
                        Random random = new Random(writer);
                        try (Connection connection = scratch.dataSource().getConnection()) {
                            connection.setAutoCommit(false);
                            while (System.nanoTime() < end) {
                                log.write(connection, writer);
                                LockSupport.parkNanos(TimeUnit.MICROSECONDS.toNanos(random.nextInt(4_000)));
                                connection.commit();
                                written.incrementAndGet();
                            }
                        }
                        done.countDown();
                        return writer;
                    })
                    .toList());
            for (Future<Integer> each : writers) {
                each.get();
            }
            assertThat(done.await(10, TimeUnit.SECONDS)).isTrue();
            running.set(false);
            return new int[] {written.get(), reader.get(30, TimeUnit.SECONDS)};
        } finally {
            running.set(false);
            threads.shutdownNow();
        }
    }
}
