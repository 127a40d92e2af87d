package dev.moitessier;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Guice and Micrometer are optional: a node must work in a JVM that has neither. */
class WithoutOptionalDependenciesTest {
    public static final class Program {
        public static void main(String[] args) throws InterruptedException {
            for (String absent : List.of("com.google.inject.Guice", "io.micrometer.core.instrument.Metrics")) {
                try {
                    Class.forName(absent);
                    System.out.println(absent + " is there");
                } catch (ClassNotFoundException asItShouldBe) {
                    System.out.println("no " + absent);
                }
            }
            try (Moitessier node = Moitessier.open();
                    Listener room = node.listen(Conditions.shared(Person.of("ada"), "room"))) {
                node.dispatch(Person.of("bob"), "room", "hello");
                room.messages(Since.leftOff(), 10).forEach(message -> System.out.println(message.text()));
            }
        }
    }

    @Test
    void aNodeWorksWithoutGuiceAndMicrometer() throws Exception {
        List<String> classPath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> Stream.of("guice", "inject-api", "micrometer", "guava", "aopalliance")
                        .noneMatch(new File(entry).getName()::contains))
                .toList();
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-cp",
                        String.join(File.pathSeparator, classPath),
                        Program.class.getName())
                .redirectErrorStream(true)
                .start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(printed.lines())
                .contains("no com.google.inject.Guice", "no io.micrometer.core.instrument.Metrics", "hello");
    }
}
