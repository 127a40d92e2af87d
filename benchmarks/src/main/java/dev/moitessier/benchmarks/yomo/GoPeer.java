package dev.moitessier.benchmarks.yomo;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process that says {@code @READY}, and later perhaps a result; ends with its standard input. */
final class GoPeer implements AutoCloseable {
    private static final Path SOURCES = Path.of("..", "yomo", "src", "test", "go");
    private static final Path BINARY = Path.of("target", "yomo-peer").toAbsolutePath();

    private final Process process;
    private final BufferedReader said;

    private GoPeer(Process process) {
        this.process = process;
        this.said = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    static void build() throws IOException, InterruptedException {
        Files.createDirectories(BINARY.getParent());
        Path modules = BINARY.resolveSibling("yomo-peer.mod");
        Files.copy(SOURCES.resolve("go.mod"), modules, StandardCopyOption.REPLACE_EXISTING);
        Files.copy(
                SOURCES.resolve("go.sum"), BINARY.resolveSibling("yomo-peer.sum"), StandardCopyOption.REPLACE_EXISTING);
        var builder =
                new ProcessBuilder("go", "build", "-mod=mod", "-modfile=" + modules, "-o", BINARY.toString(), ".");
        int exit = builder.directory(SOURCES.toFile()).inheritIO().start().waitFor();
        if (exit != 0) {
            throw new IOException("go build ended with " + exit);
        }
    }

    /** The Go program in one of its roles. */
    static List<String> command(String... arguments) {
        List<String> command = new ArrayList<>(List.of(BINARY.toString()));
        command.addAll(List.of(arguments));
        return command;
    }

    interface Work {
        void run() throws IOException;
    }

    /** Does the work while such a process runs. */
    static void with(List<String> command, Work work) throws IOException {
        GoPeer peer = start(command);
        try {
            work.run();
        } finally {
            peer.close();
        }
    }

    static GoPeer start(List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("YOMO_LOG_LEVEL", "error");
        GoPeer peer = new GoPeer(builder.start());
        String first = peer.next();
        if (!first.equals("READY")) {
            peer.close();
            throw new IOException(command + " said " + first);
        }
        return peer;
    }

    String next() throws IOException {
        for (String line = said.readLine(); line != null; line = said.readLine()) {
            if (line.startsWith("@")) {
                return line.substring(1);
            }
        }
        throw new IOException("it is gone");
    }

    /** By the end of its standard input: a zipper goes on writing for seconds to who vanishes without a word. */
    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
