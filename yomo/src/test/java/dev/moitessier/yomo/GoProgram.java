package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A process of the program in src/test/go, built once. Ends with its standard input, so never later than the tests. */
final class GoProgram implements AutoCloseable {
    private static final Path SOURCES = Path.of("src", "test", "go");
    private static final Path BINARY = Path.of("target", "go", "peer").toAbsolutePath();
    private static boolean built;

    private final Process process;
    private final BufferedWriter in;
    private final LinkedBlockingQueue<String> said = new LinkedBlockingQueue<>();
    private final StringBuffer errors = new StringBuffer();

    private GoProgram(Process process) {
        this.process = process;
        this.in = new BufferedWriter(new java.io.OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
        read(process.getInputStream(), line -> {
            if (line.startsWith("@")) {
                said.add(line.substring(1));
            }
        });
        read(process.getErrorStream(), line -> errors.append(line).append('\n'));
    }

    private static void read(java.io.InputStream stream, java.util.function.Consumer<String> each) {
        Thread reader = new Thread(() -> {
            try (var lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    each.accept(line);
                }
            } catch (IOException ended) {
                // The process has been ended while it spoke.
                each.accept("");
            }
        });
        reader.setDaemon(true);
        reader.start();
    }

    /** Aborts the test with a sentence where there is no Go; fails it under CI=true. */
    static synchronized void requireBuilt() {
        if (built) {
            return;
        }
        boolean found = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(
                        folder -> Files.isExecutable(Path.of(folder, "go")) || Files.exists(Path.of(folder, "go.exe")));
        if (!found) {
            skip("There is no Go tool chain on the PATH: nothing is tested against a real zipper.");
        }
        try {
            Files.createDirectories(BINARY.getParent());
            for (String file : List.of("go.mod", "go.sum")) {
                Files.copy(SOURCES.resolve(file), BINARY.resolveSibling(file), StandardCopyOption.REPLACE_EXISTING);
            }
            String downloaded = run(List.of("go", "mod", "download"));
            if (!downloaded.isEmpty()) {
                skip("Go cannot load its modules here, so nothing is tested against a real zipper: " + downloaded);
            }
            String output = run(List.of("go", "build", "-o", BINARY.toString(), "."));
            if (!output.isEmpty()) {
                fail("The Go program does not build: %s", output);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        built = true;
    }

    /** What it wrote, if it failed. */
    private static String run(List<String> command) throws IOException {
        Path output = Files.createTempFile(BINARY.getParent(), "go", ".txt");
        var builder = new ProcessBuilder(command)
                .directory(SOURCES.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        // Go completes its list of modules: in a copy.
        builder.environment().put("GOFLAGS", "-mod=mod -modfile=" + BINARY.resolveSibling("go.mod"));
        Process process = builder.start();
        try {
            if (!process.waitFor(10, TimeUnit.MINUTES)) {
                process.destroyForcibly();
                return command + " did not end within ten minutes";
            }
            String text = Files.readString(output).strip();
            return process.exitValue() == 0 ? "" : text + " (exit " + process.exitValue() + ")";
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return "interrupted";
        } finally {
            process.destroyForcibly();
            Files.deleteIfExists(output);
        }
    }

    private static void skip(String reason) {
        if ("true".equals(System.getenv("CI"))) {
            fail(reason);
        }
        System.err.println("SKIPPED: " + reason);
        abort(reason);
    }

    /** Another build of the same program, such as one over another version of YoMo, by -Dyomo.peer=. */
    static Path binary() {
        return Path.of(System.getProperty("yomo.peer", BINARY.toString()));
    }

    static GoProgram start(String... arguments) {
        return start(Map.of(), arguments);
    }

    static GoProgram start(Map<String, String> environment, String... arguments) {
        requireBuilt();
        List<String> command = new ArrayList<>(List.of(binary().toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("YOMO_LOG_LEVEL", "error");
        builder.environment().putAll(environment);
        try {
            return new GoProgram(builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    GoProgram ready() {
        String line = next();
        if (!line.equals("READY")) {
            throw new AssertionError("not ready but: " + line);
        }
        return this;
    }

    /** The next line it says, within 20 s. */
    String next() {
        String line = poll(20_000);
        if (line == null) {
            throw new AssertionError("said nothing in 20 s, exit "
                    + (process.isAlive() ? "not yet" : process.exitValue()) + ", standard error: " + errors);
        }
        return line;
    }

    @Nullable
    String poll(long millis) {
        try {
            return said.poll(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    void tell(String line) {
        try {
            in.write(line);
            in.newLine();
            in.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("it is gone: " + errors, e);
        }
    }

    /** As kill -9. */
    void kill() {
        process.destroyForcibly();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                throw new AssertionError("does not die");
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** It closes its connections, which a zipper would else write to for another five seconds: with large frames all wait then. */
    @Override
    public void close() {
        try {
            in.close();
            if (process.waitFor(5, TimeUnit.SECONDS)) {
                return;
            }
        } catch (IOException gone) {
            errors.append(gone).append('\n');
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        kill();
    }
}
