package dev.moitessier.examples.room;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.prscd.NodePackages;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The presence room in windows of a real browser; what is tested stands in {@code src/test/node}. Screen shots are left in
 * {@code target/room}. Where Node.js or Chromium is missing the test is skipped with a sentence, and under {@code CI=true} it
 * fails.
 */
@Timeout(300)
final class PresenceRoomTest {
    private static final NodePackages PACKAGES = new NodePackages(
            Path.of("src/test/node"), Path.of("target/node"), List.of(), "the presence room is not tested");
    private static final Path PICTURES = Path.of("target/room");

    @Test
    @DisplayName("two windows, keyboard and screen reader, phones, rooms, a killed server, the original client")
    void room() throws Exception {
        run("room.test.mjs", Map.of());
    }

    @Test
    @Tag("long")
    @DisplayName("two nodes on PostgreSQL, one of them killed")
    void nodes() throws Exception {
        try (EmbeddedPostgres postgres = EmbeddedPostgres.start()) {
            run("room.nodes.test.mjs", Map.of("STORE_URL", postgres.getJdbcUrl("postgres", "postgres")));
        }
    }

    private static void run(String file, Map<String, String> more) throws IOException {
        Files.createDirectories(PICTURES);
        Map<String, String> environment = new HashMap<>(more);
        environment.put(
                "JAVA", Path.of(System.getProperty("java.home"), "bin", "java").toString());
        environment.put("CLASS_PATH", classPath());
        environment.put("CHROMIUM", PACKAGES.chromium());
        environment.put("OUT", PICTURES.toAbsolutePath().toString());
        String said = PACKAGES.test(file, environment);
        assertThat(said).contains("# fail 0", "# skipped 0").containsPattern("# pass [1-9]");
        said.lines()
                .filter(line -> line.matches("# .* ms\\b.*|# layout.*") && !line.startsWith("# duration"))
                .forEach(System.out::println);
    }

    private static String classPath() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .reduce((a, b) -> a + File.pathSeparator + b)
                .orElseThrow();
    }
}
