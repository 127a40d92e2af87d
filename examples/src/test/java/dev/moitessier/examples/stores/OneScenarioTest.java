package dev.moitessier.examples.stores;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Durability;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * One program of two processes on every store: nothing changes but configuration. It prints the table of stores, and the README's
 * is that table, but for the times.
 */
@Timeout(300)
class OneScenarioTest {
    private static final Map<Store, String> ROWS = new TreeMap<>();

    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource
    void theScenarioRunsOn(Store store) throws Exception {
        try (Store.Started started = store.start(directory)) {
            String configuration = started.configuration();
            try (Ada ada = new Ada(ConfigFactory.parseString(configuration))) {
                Ada.Other bob = store.meets() ? new OtherProcess(configuration) : new SameProcess(configuration);
                try {
                    Ada.Outcome outcome = ada.run(bob);
                    assertThat(outcome.store().multiProcess()).isEqualTo(store.meets());
                    ROWS.put(store, row(store, outcome));
                } finally {
                    bob.crash();
                }
            }
        }
    }

    private static String row(Store store, Ada.Outcome outcome) {
        Capabilities can = outcome.store();
        return String.format(
                Locale.ROOT,
                "| %s | `%s` | %s | %s | %s | one per scope: %d of two writers, heard alike in both | %.1f / %.1f ms | %s |",
                store.title(),
                can.store(),
                can.push().isPresent() ? "push" : "polls",
                survives(can.durability()),
                can.enlists() ? "joins yours" : "its own",
                outcome.ordered(),
                outcome.halfRoundTripP50(),
                outcome.halfRoundTripP99(),
                store.notes());
    }

    private static String survives(Durability durability) {
        return switch (durability) {
            case VOLATILE -> "gone with the process";
            case RELAXED -> "a crash may lose the newest";
            case DURABLE -> "what was acknowledged stays";
        };
    }

    /** Prints it; what the README says must be the same, but for figures of time. */
    @AfterAll
    static void theTableOfTheReadmeIsThisOutput() throws IOException {
        System.out.println(
                "| store | `moitessier.store` | wakes others by | durability | transaction | order | p50 / p99 | notes |\n|---|---|---|---|---|---|---|---|");
        ROWS.values().forEach(System.out::println);
        String readme = withoutTimes(Files.readString(Path.of("..", "README.md")));
        assertThat(ROWS.values()).allSatisfy(row -> assertThat(readme).contains(withoutTimes(row)));
    }

    private static String withoutTimes(String text) {
        return text.replaceAll("[0-9.]+ / [0-9.]+ ms", "… ms");
    }

    /** A JVM of its own, ended by {@code kill -9}. */
    private static final class OtherProcess implements Ada.Other {
        private final String configuration;
        private @Nullable Process process;

        OtherProcess(String configuration) {
            this.configuration = configuration;
        }

        @Override
        public void start() throws IOException {
            process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx192m",
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Bob.class.getName(),
                            configuration)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        }

        /** {@code kill -9} */
        @Override
        public void crash() throws InterruptedException {
            Process running = process;
            if (running != null) {
                running.destroyForcibly();
                assertThat(running.waitFor(20, TimeUnit.SECONDS)).isTrue();
            }
        }
    }

    /** Where a store is within one process there is no other to kill: the other node is closed. */
    private static final class SameProcess implements Ada.Other {
        private final String configuration;
        private @Nullable Bob bob;

        SameProcess(String configuration) {
            this.configuration = configuration;
        }

        @Override
        public void start() throws IOException {
            bob = new Bob(ConfigFactory.parseString(configuration));
        }

        @Override
        public void crash() {
            Bob running = bob;
            if (running != null) {
                running.close();
            }
        }
    }
}
