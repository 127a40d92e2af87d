package dev.moitessier.psig;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The vectors in the repository are those that the Go program writes today. */
class GoToolChainTest {
    @Test
    void theVectorsAreWhatGoWrites(@TempDir Path directory) throws Exception {
        requireGo(directory);
        Path fresh = Files.createDirectory(directory.resolve("vectors"));

        Result written = run(directory, List.of("go", "run", ".", fresh.toString()));

        assertThat(written.status()).as(written.output()).isZero();

        for (String file : Vectors.FILES) {
            assertThat(Files.readString(fresh.resolve(file))).as(file).isEqualTo(Vectors.read(file));
        }
        try (Stream<Path> files = Files.list(fresh)) {
            assertThat(files.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(Vectors.FILES);
        }
    }

    /** Present, and able to load the modules that the program needs. */
    private static void requireGo(Path directory) throws IOException, InterruptedException {
        boolean found = Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(
                        folder -> Files.isExecutable(Path.of(folder, "go")) || Files.exists(Path.of(folder, "go.exe")));
        if (!found) {
            skip("There is no Go tool chain on the PATH: the golden vectors are not compared with a fresh run.");
        }
        Result modules = run(directory, List.of("go", "mod", "download"));
        if (modules.status() != 0) {
            skip("Go cannot load its modules here, so the golden vectors are not compared with a fresh run: "
                    + modules.output().strip());
        }
    }

    private static void skip(String reason) {
        if ("true".equals(System.getenv("CI"))) {
            fail(reason);
        }
        System.err.println("SKIPPED: " + reason);
        abort(reason);
    }

    private record Result(int status, String output) {}

    private static Result run(Path directory, List<String> command) throws IOException, InterruptedException {
        Path output = directory.resolve("output.txt");
        Process process = new ProcessBuilder(command)
                .directory(Vectors.PROGRAM.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            process.destroyForcibly().waitFor();
            fail("%s did not end within 5 minutes: %s", command, Files.readString(output));
        }
        return new Result(process.exitValue(), Files.readString(output));
    }
}
