package dev.moitessier.examples.room;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
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
    private static final Path SOURCES = Path.of("src/test/node");
    private static final Path INSTALLED = Path.of("target/node");
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
        String chromium = Stream.of("chromium", "chromium-browser", "google-chrome")
                .map(PresenceRoomTest::onPath)
                .filter(found -> found != null)
                .findFirst()
                .orElse(null);
        if (chromium == null) {
            missing("no Chromium on the PATH: the presence room is not tested");
        }
        String node = installed();
        Files.createDirectories(PICTURES);
        var tests = new ProcessBuilder(node, "--test", "--test-reporter=tap", file)
                .directory(INSTALLED.toFile())
                .redirectErrorStream(true);
        tests.environment()
                .putAll(Map.of(
                        "JAVA",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "CLASS_PATH",
                        classPath(),
                        "CHROMIUM",
                        String.valueOf(chromium),
                        "OUT",
                        PICTURES.toAbsolutePath().toString()));
        tests.environment().putAll(more);
        Process process = tests.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.onExit().join().exitValue() != 0) {
            fail(said);
        }
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

    private static synchronized String installed() throws IOException {
        String node = onPath("node");
        String npm = onPath("npm");
        if (node == null || npm == null) {
            missing("no Node.js on the PATH: the presence room is not tested");
        }
        Files.createDirectories(INSTALLED);
        try (var files = Files.list(SOURCES)) {
            for (Path file : files.toList()) {
                Files.copy(file, INSTALLED.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
        }
        Path done = INSTALLED.resolve("installed.json");
        String wanted = Files.readString(SOURCES.resolve("package.json"));
        if (!Files.exists(done) || !Files.readString(done).equals(wanted)) {
            List<String> install = List.of(
                    String.valueOf(npm), "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts");
            Process npmInstall = new ProcessBuilder(install)
                    .directory(INSTALLED.toFile())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(npmInstall.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (npmInstall.onExit().join().exitValue() != 0) {
                missing("the browser driver cannot be installed: " + said);
            }
            Files.writeString(done, wanted);
        }
        return String.valueOf(node);
    }

    private static @Nullable String onPath(String program) {
        for (String folder : System.getenv("PATH").split(File.pathSeparator, -1)) {
            Path file = Path.of(folder, program);
            if (Files.isExecutable(file)) {
                return file.toString();
            }
        }
        return null;
    }

    private static void missing(String what) {
        if ("true".equals(System.getenv("CI"))) {
            fail(what + "; CI=true makes this a failure");
        }
        Assumptions.abort(what);
    }
}
