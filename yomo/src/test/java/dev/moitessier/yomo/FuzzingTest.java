package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Lets Jazzer try the corpus and then look for new inputs, each target in a JVM of its own: it fuzzes one target in a JVM
 * and writes pages to the standard error of the process, which no build should have to print. Its log, the inputs it
 * found worth keeping and those that broke a law are under {@code target/fuzz}.
 *
 * <p>{@code -Dyomo.fuzz.seconds=3600} for a night, {@code -Dyomo.fuzz.seed=…} with the seed of a log to repeat a run.
 */
class FuzzingTest {
    private static final Pattern DONE = Pattern.compile("Done (\\d+) runs in (\\d+) second");
    private static final Pattern COVERED = Pattern.compile("INITED cov: (\\d+)");

    @ParameterizedTest
    @ValueSource(classes = {FrameFuzzTest.class, MetadataFuzzTest.class})
    @Tag("long")
    void findsNothing(Class<?> target) throws Exception {
        fuzz(target, Integer.getInteger("yomo.fuzz.seconds", 120));
    }

    private static void fuzz(Class<?> target, int seconds) throws IOException, InterruptedException {
        Path directory = Files.createDirectories(
                Path.of("target", "fuzz", target.getSimpleName()).toAbsolutePath());
        Path corpus = Files.createDirectories(directory.resolve("corpus"));
        seed(corpus);
        Path log = directory.resolve("log.txt");
        Process jazzer = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-XX:+EnableDynamicAgentLoading",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        "com.code_intelligence.jazzer.Jazzer",
                        "--target_class=" + target.getName(),
                        "--instrumentation_includes=" + target.getPackageName() + ".**",
                        "--custom_hook_includes=" + target.getPackageName() + ".**",
                        "--trace=cov:cmp",
                        "--reproducer_path=" + directory,
                        "-artifact_prefix=" + directory + "/",
                        "-max_total_time=" + seconds,
                        "-seed=" + Integer.getInteger("yomo.fuzz.seed", 0),
                        corpus.toString())
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean ended = jazzer.waitFor(seconds + 120L, TimeUnit.SECONDS);
        if (!ended) {
            jazzer.destroyForcibly().waitFor();
            fail("Jazzer did not end in time, its log is %s", log);
        }

        String output = Files.readString(log);
        assertThat(jazzer.exitValue())
                .as("""
                        Jazzer found a broken law. The input is in %s: put it into
                        src/test/resources/dev/moitessier/yomo/%sInputs, so that it stays found. Log:
                        %s\
                        """, directory, target.getSimpleName(), output)
                .isZero();
        assertThat(number(COVERED, output))
                .as("edges that the corpus covers, in %s", log)
                .isGreaterThan(20);
        assertThat(number(DONE, output)).as("inputs tried, in %s", log).isGreaterThan(20);
    }

    /** What Go wrote and read. */
    private static void seed(Path corpus) throws IOException {
        int count = 0;
        for (Vectors.Vector vector : Vectors.of("decoded.tsv")) {
            Files.write(corpus.resolve("seed-" + count++), vector.bytes(0));
        }
        for (Vectors.Vector vector : Vectors.of("metadata.tsv")) {
            Files.write(corpus.resolve("seed-" + count++), vector.bytes(2));
        }
    }

    private static int number(Pattern pattern, String output) {
        Matcher matcher = pattern.matcher(output);
        return matcher.find() ? Integer.parseInt(matcher.group(1)) : 0;
    }
}
