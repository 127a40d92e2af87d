package dev.moitessier.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.store.Appended;
import dev.moitessier.store.HintSink;
import dev.moitessier.testkit.Eventually;
import java.sql.Connection;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the contract's T rules cannot ask for: isolation levels, Jdbi, and who wakes readers up. */
final class EnlistTest {
    private Scratch scratch;
    private PostgresStore store;

    @BeforeEach
    void store() throws Exception {
        scratch = new Scratch();
        store = scratch.store();
    }

    @AfterEach
    void drop() throws Exception {
        scratch.close();
    }

    @ParameterizedTest
    @ValueSource(
            ints = {
                Connection.TRANSACTION_READ_COMMITTED,
                Connection.TRANSACTION_REPEATABLE_READ,
                Connection.TRANSACTION_SERIALIZABLE
            })
    void callersOfEveryIsolationShareAScope(int isolation) throws Exception {
        Scratch.hear(store, "orders");
        int callers = 6;
        CyclicBarrier allOpen = new CyclicBarrier(callers);
        ExecutorService threads = Executors.newFixedThreadPool(callers);
        try {
            Callable<Appended> caller = () -> {
                try (Connection connection = scratch.dataSource().getConnection()) {
                    connection.setAutoCommit(false);
                    connection.setTransactionIsolation(isolation);
                    connection.createStatement().execute("select count(*) from moitessier.version");
                    allOpen.await(20, TimeUnit.SECONDS);
                    Appended answer = Scratch.one(store.enlist(connection), Scratch.say("orders", "paid"));
                    // All are in the middle of their transactions with something enlisted: nobody waits for anybody.
                    allOpen.await(20, TimeUnit.SECONDS);
                    connection.commit();
                    return answer;
                }
            };
            for (Future<Appended> each : threads.invokeAll(Collections.nCopies(callers, caller))) {
                assertThat(each.get()).isEqualTo(new Appended.Enlisted());
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(Scratch.texts(store, "orders", 0)).hasSize(callers);
    }

    @Test
    void twoCallersWithTwoScopesInOppositeOrderDoNotMeet() throws Exception {
        Scratch.hear(store, "a");
        Scratch.hear(store, "b");
        CyclicBarrier halfway = new CyclicBarrier(2);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            List<Callable<Boolean>> callers = List.of(crossing("a", "b", halfway), crossing("b", "a", halfway));
            for (Future<Boolean> each : threads.invokeAll(callers)) {
                assertThat(each.get()).isTrue();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(Scratch.texts(store, "a", 0)).hasSize(2);
        assertThat(Scratch.texts(store, "b", 0)).hasSize(2);
    }

    private Callable<Boolean> crossing(String first, String second, CyclicBarrier halfway) {
        return () -> {
            try (Connection connection = scratch.dataSource().getConnection()) {
                connection.setAutoCommit(false);
                Scratch.one(store.enlist(connection), Scratch.say(first, "m"));
                halfway.await(20, TimeUnit.SECONDS);
                Scratch.one(store.enlist(connection), Scratch.say(second, "m"));
                halfway.await(20, TimeUnit.SECONDS);
                connection.commit();
                return true;
            }
        };
    }

    @Test
    void aHandleOfJdbiIsATransactionToo() {
        Scratch.hear(store, "orders");
        Jdbi jdbi = Jdbi.create(scratch.dataSource());
        jdbi.useTransaction(handle -> Scratch.one(store.enlist(handle), Scratch.say("orders", "kept")));
        assertThatThrownBy(() -> jdbi.useTransaction(handle -> {
                    Scratch.one(store.enlist(handle), Scratch.say("orders", "undone"));
                    throw new IllegalStateException("the caller changes its mind");
                }))
                .isInstanceOf(IllegalStateException.class);
        assertThat(Scratch.texts(store, "orders", 0)).containsExactly("kept");
    }

    @Test
    void withoutATransactionThereIsNothingToEnlistIn() throws Exception {
        try (Connection connection = scratch.dataSource().getConnection()) {
            assertThatThrownBy(() -> store.enlist(connection))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("auto-commit");
        }
    }

    @Test
    void readersElsewhereAreWokenAfterTheCommitAndNotBefore() throws Exception {
        Scratch.hear(store, "orders");
        PostgresStore elsewhere = scratch.store();
        Set<String> dirty = ConcurrentHashMap.newKeySet();
        try (var watch = elsewhere.watch(new HintSink() {
                    @Override
                    public void dirty(String scope) {
                        dirty.add(scope);
                    }

                    @Override
                    public void allDirty() {
                        // Of the connection, not of this scope: it may come before or after the scope's own.
                    }
                });
                Connection connection = scratch.dataSource().getConnection()) {
            watch.add("orders");
            Eventually.within(Duration.ofSeconds(10)).until("the watch is in force", () -> dirty.contains("orders"));
            dirty.clear();
            connection.setAutoCommit(false);
            Scratch.one(store.enlist(connection), Scratch.say("orders", "paid"));
            assertThat(Scratch.texts(elsewhere, "orders", 0)).isEmpty();
            assertThat(dirty).as("before the commit").isEmpty();
            connection.commit();
            // Nobody reads or appends: the store that enlisted it finds out by itself.
            Eventually.within(Duration.ofSeconds(10)).until("a hint after the commit", () -> dirty.contains("orders"));
            assertThat(Scratch.texts(elsewhere, "orders", 0)).containsExactly("paid");
        }
    }
}
