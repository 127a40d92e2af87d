package dev.moitessier.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.postgresql.ds.PGSimpleDataSource;

/** A server that takes connections and says nothing, and a driver that waits for it without limit. */
@Timeout(60)
final class ConnectingTest {
    private static long in(Duration time) {
        return System.nanoTime() + time.toNanos();
    }

    private static Connecting to(int port) {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setServerNames(new String[] {"127.0.0.1"});
        dataSource.setPortNumbers(new int[] {port});
        dataSource.setConnectTimeout(0);
        return new Connecting(dataSource);
    }

    @Test
    void aSilentServerIsWaitedForUntilTheDeadline() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 200, InetAddress.getLoopbackAddress())) {
            Connecting connecting = to(silent.getLocalPort());
            assertThatThrownBy(() -> connecting.connect(in(Duration.ofMillis(200))))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("did not answer");
        }
    }

    @Test
    void anInterruptEndsTheWait() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 200, InetAddress.getLoopbackAddress())) {
            Connecting connecting = to(silent.getLocalPort());
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> connecting.connect(in(Duration.ofSeconds(50))))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("interrupted");
            assertThat(Thread.interrupted()).isFalse();
        }
    }

    @Test
    void aServerThatStaysSilentCostsABoundedNumberOfThreads() throws Exception {
        ExecutorService callers = Executors.newFixedThreadPool(100);
        try (ServerSocket silent = new ServerSocket(0, 200, InetAddress.getLoopbackAddress())) {
            Connecting connecting = to(silent.getLocalPort());
            List<Callable<String>> all = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                all.add(() -> {
                    try (Connection none = connecting.connect(in(Duration.ofSeconds(2)))) {
                        return "connected to " + none;
                    } catch (SQLException said) {
                        return String.valueOf(said.getMessage());
                    }
                });
            }
            List<String> answers = new ArrayList<>();
            for (Future<String> each : callers.invokeAll(all, 50, TimeUnit.SECONDS)) {
                answers.add(each.get());
            }
            assertThat(answers)
                    .filteredOn(each -> each.contains("did not answer"))
                    .hasSize(64);
            assertThat(answers).filteredOn(each -> each.contains("none of 64")).hasSize(36);
        } finally {
            callers.shutdownNow();
        }
    }
}
