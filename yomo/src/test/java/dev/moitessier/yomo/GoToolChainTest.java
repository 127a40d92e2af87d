package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The vectors in the repository are those that Go's codec writes today. */
class GoToolChainTest {
    @Test
    void theVectorsAreWhatGoWrites(@TempDir Path directory) throws Exception {
        GoProgram.requireBuilt();

        Process program = new ProcessBuilder(GoProgram.binary().toString(), "vectors", directory.toString())
                .inheritIO()
                .start();

        assertThat(program.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(program.exitValue()).isZero();
        for (String file : Vectors.FILES) {
            assertThat(Files.readString(directory.resolve(file))).as(file).isEqualTo(Vectors.read(file));
        }
    }
}
