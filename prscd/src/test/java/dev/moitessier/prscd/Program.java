package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** {@link PrscdMain} in a JVM of its own, with the class path of this test, less what a test takes away. */
public final class Program implements AutoCloseable {
    final Process process;
    private final Path said;

    public Program(Path folder, List<String> arguments, Predicate<String> onClassPath, Map<String, String> variables)
            throws IOException {
        this(folder, arguments, onClassPath, variables, 0);
    }

    /** With so many file descriptors at most, if that is not 0. */
    Program(
            Path folder,
            List<String> arguments,
            Predicate<String> onClassPath,
            Map<String, String> variables,
            int descriptors)
            throws IOException {
        String classPath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .filter(entry -> onClassPath.test(Path.of(entry).getFileName().toString()))
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-Dlogback.configurationFile="
                        + Path.of("../prscd/src/test/resources/logback-program.xml")
                                .toAbsolutePath(),
                "-cp",
                classPath,
                PrscdMain.class.getName()));
        command.addAll(arguments);
        if (descriptors > 0) {
            command.addAll(0, List.of("/bin/bash", "-c", "ulimit -n " + descriptors + " && exec \"$@\"", "bash"));
        }
        said = Files.createTempFile(folder, "said", ".txt");
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("PRSCD_") || name.startsWith("MOITESSIER_"));
        builder.environment().putAll(variables);
        process = builder.start();
    }

    /** A port that was free a moment ago. */
    public static int freePort() throws IOException {
        try (var socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }

    public String output() {
        try {
            return Files.readString(said, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public void awaitOutput(String text) {
        Await.until("\"" + text + "\"", () -> output().contains(text) || !process.isAlive());
        assertThat(output()).contains(text);
    }

    /** {@code kill -9}; returns when it is gone. */
    public void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
