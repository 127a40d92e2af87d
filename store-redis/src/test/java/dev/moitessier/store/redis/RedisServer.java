package dev.moitessier.store.redis;

import dev.moitessier.testkit.Eventually;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.exceptions.JedisException;
import redis.embedded.core.ExecutableProvider;

/** A real server in a process of its own, over a directory of its own; it can be killed and started again. */
final class RedisServer implements AutoCloseable {
    private static final Path EMBEDDED = extract();

    private final Path executable;
    private final Path directory;
    private final int port;
    private final List<String> options;
    private @Nullable Process process;

    private RedisServer(Path executable, int port, List<String> options) throws IOException {
        this.executable = executable;
        this.port = port;
        directory = Files.createTempDirectory("moitessier-redis");
        this.options = options;
    }

    /** The 6.2 that comes as a Maven artifact, with an append-only file. */
    static RedisServer embedded(String... options) throws IOException {
        return started(EMBEDDED, freePort(), options);
    }

    /** Whatever is on the PATH, usually newer. */
    static Optional<RedisServer> onPath(String... options) throws IOException {
        Optional<Path> found = executableOnPath();
        return found.isEmpty() ? Optional.empty() : Optional.of(started(found.get(), freePort(), options));
    }

    static Optional<Path> executableOnPath() {
        return Stream.of("valkey-server", "redis-server")
                .flatMap(name -> Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                        .map(directory -> Path.of(directory, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    static Path embeddedExecutable() {
        return EMBEDDED;
    }

    static RedisServer started(Path executable, int port, String... options) throws IOException {
        List<String> all = new ArrayList<>(List.of("--appendonly", "yes", "--save", ""));
        all.addAll(List.of(options));
        RedisServer server = new RedisServer(executable, port, all);
        server.start();
        return server;
    }

    /** A sentinel that watches a master and decides with one other. */
    static RedisServer sentinel(Path executable, int master) throws IOException {
        int port = freePort();
        RedisServer sentinel = new RedisServer(executable, port, new ArrayList<>());
        Path file = sentinel.directory.resolve("sentinel.conf");
        Files.writeString(
                file,
                String.join(
                        "\n",
                        "sentinel monitor main 127.0.0.1 " + master + " 2",
                        "sentinel down-after-milliseconds main 1000",
                        "sentinel failover-timeout main 3000",
                        ""));
        sentinel.options.addAll(List.of(file.toString(), "--sentinel"));
        sentinel.start();
        return sentinel;
    }

    static int freePort() throws IOException {
        // A cluster's bus listens 10,000 above.
        while (true) {
            try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                if (socket.getLocalPort() < 50_000) {
                    return socket.getLocalPort();
                }
            }
        }
    }

    private static Path extract() {
        try {
            File file = ExecutableProvider.newJarResourceProvider().get();
            file.deleteOnExit();
            return file.toPath();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    int port() {
        return port;
    }

    String url() {
        return "redis://localhost:" + port;
    }

    /** Starts it over what it left, and waits until it answers. */
    void start() throws IOException {
        List<String> command = new ArrayList<>(List.of(executable.toString()));
        command.addAll(options);
        command.addAll(List.of("--port", Integer.toString(port), "--bind", "127.0.0.1", "--dir", directory.toString()));
        Process started = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("log").toFile())
                .start();
        process = started;
        Runtime.getRuntime().addShutdownHook(new Thread(started::destroyForcibly));
        Eventually.within(Duration.ofSeconds(10)).until("the server answers", () -> {
            if (!started.isAlive()) {
                throw new AssertionError("the server ended:\n" + Files.readString(directory.resolve("log")));
            }
            return answers();
        });
    }

    private boolean answers() {
        try (Jedis jedis = jedis()) {
            return jedis.ping().equals("PONG");
        } catch (JedisException notYet) {
            return notYet.getMessage() != null && notYet.getMessage().contains("NOAUTH");
        }
    }

    /** A plain connection, for what a test does to the server. */
    Jedis jedis() {
        return new Jedis("localhost", port, 5_000);
    }

    /** {@code kill -9}; returns when it is gone. */
    void kill() {
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
            running.onExit().orTimeout(10, TimeUnit.SECONDS).join();
        }
    }

    @Override
    public void close() throws IOException {
        kill();
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
    }
}
