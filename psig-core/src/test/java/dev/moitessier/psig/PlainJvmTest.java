package dev.moitessier.psig;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Direct buffers need no JVM flags, and nothing is printed about {@code sun.misc.Unsafe}. */
class PlainJvmTest {
    @Test
    void runsWithoutFlagsAndWithoutAWarning(@TempDir Path directory) throws Exception {
        Path output = directory.resolve("out.txt");
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        PlainJvm.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment()
                .keySet()
                .removeIf(name -> name.equals("JAVA_TOOL_OPTIONS") || name.equals("JDK_JAVA_OPTIONS"));
        Process process = builder.start();
        if (!process.waitFor(1, TimeUnit.MINUTES)) {
            process.destroyForcibly().waitFor();
        }

        assertThat(Files.readString(output)).isEqualToNormalizingNewlines("ok\n");
        assertThat(process.exitValue()).isZero();
    }
}
