package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigSyntax;
import com.typesafe.config.ConfigValueFactory;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * Unmodified Presencejs clients in a process of their own: in Node over WebSocket, or in headless Chromium. The packages are
 * installed into prscd's {@code target/} on first use. Where Node or Chromium is missing the test is skipped with a sentence, and
 * under {@code CI=true} it fails.
 */
public final class Agent implements AutoCloseable {
    /** The same from every module's folder. */
    private static final Path PRSCD = Path.of("../prscd");

    private static final Path SOURCES = PRSCD.resolve("src/test/node");
    private static final Path INSTALLED = PRSCD.resolve("target/node");
    private static final List<Path> BESIDE = List.of(
            PRSCD.resolve("src/main/npm/presence.js"),
            PRSCD.resolve("src/main/npm/presence.d.ts"),
            Path.of("../docs/protocol.md"),
            Path.of("../docs/presence.md"));
    private static final List<String> CHROMIUM = List.of("chromium", "chromium-browser", "google-chrome");
    private static final long ANSWER_SECONDS = 60;

    private final Process process;
    private final BufferedWriter commands;
    private final AtomicInteger number = new AtomicInteger();
    private final Map<Integer, CompletableFuture<Config>> answers = new ConcurrentHashMap<>();
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private final List<Config> events = new CopyOnWriteArrayList<>();

    private Agent(List<String> command) throws IOException {
        Path complaints = Files.createTempFile(INSTALLED, "agent", ".err");
        process = new ProcessBuilder(command)
                .directory(INSTALLED.toFile())
                .redirectError(complaints.toFile())
                .start();
        commands = new BufferedWriter(process.outputWriter(StandardCharsets.UTF_8));
        Thread reader = new Thread(this::read, "agent-reader");
        reader.setDaemon(true);
        reader.start();
        try {
            ready.get(ANSWER_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException | InterruptedException e) {
            close();
            throw new IOException("the clients do not start: " + Files.readString(complaints), e);
        }
    }

    /** Clients in Node, over WebSocket. */
    public static Agent node() throws IOException {
        return new Agent(List.of(installed(), "agent.mjs", "node"));
    }

    /** Clients in Chromium, for servers on these ports with this public key. */
    public static Agent browser(String publicKeyHash, Integer... ports) throws IOException {
        String node = installed();
        String chromium = CHROMIUM.stream()
                .map(Agent::onPath)
                .filter(found -> found != null)
                .findFirst()
                .orElse(null);
        if (chromium == null) {
            missing("no Chromium on the PATH: clients in a browser are not tested");
        }
        Path profile = Files.createTempDirectory(INSTALLED.toAbsolutePath(), "profile");
        return new Agent(List.of(
                node,
                "agent.mjs",
                "browser",
                String.valueOf(chromium),
                profile.toString(),
                publicKeyHash,
                List.of(ports).stream().map(String::valueOf).collect(Collectors.joining(","))));
    }

    private static synchronized String installed() throws IOException {
        String node = onPath("node");
        String npm = onPath("npm");
        if (node == null || npm == null) {
            missing("no Node.js on the PATH: real clients are not tested");
        }
        Files.createDirectories(INSTALLED);
        // Another JVM may be about it.
        try (FileChannel lock = FileChannel.open(
                        INSTALLED.resolve("installed.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = lock.lock()) {
            assertThat(held.isValid()).isTrue();
            String wanted = Files.readString(SOURCES.resolve("package.json"));
            copy(SOURCES);
            for (Path file : BESIDE) {
                copy(file);
            }
            Path done = INSTALLED.resolve("installed.json");
            if (!Files.exists(done) || !Files.readString(done).equals(wanted)) {
                Process install = new ProcessBuilder(
                                npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts")
                        .directory(INSTALLED.toFile())
                        .redirectErrorStream(true)
                        .start();
                String said = new String(install.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                if (install.onExit().join().exitValue() != 0) {
                    missing("the packages of the real clients cannot be installed: " + said);
                }
                Files.writeString(done, wanted);
            }
        }
        return String.valueOf(node);
    }

    /** The file, or the files of the folder. */
    private static void copy(Path from) throws IOException {
        try (var files = Files.walk(from, 1)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = INSTALLED.resolve(file.getFileName());
                if (!Files.exists(copy) || Files.mismatch(file, copy) >= 0) {
                    Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
    }

    /** Runs a file of tests with Node's own runner; what it printed if they passed. */
    public static String nodeTest(String file) throws IOException {
        Process tests = new ProcessBuilder(installed(), "--test", "--test-reporter=tap", file)
                .directory(INSTALLED.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(tests.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (tests.onExit().join().exitValue() != 0) {
            fail(said);
        }
        return said;
    }

    private static @Nullable String onPath(String program) {
        for (String folder : System.getenv("PATH").split(":", -1)) {
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

    private void read() {
        try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Config said = ConfigFactory.parseString(
                        line, ConfigParseOptions.defaults().setSyntax(ConfigSyntax.JSON));
                if (said.hasPath("ready")) {
                    ready.complete(null);
                } else if (said.hasPath("n")) {
                    CompletableFuture<Config> answer = answers.remove(said.getInt("n"));
                    if (answer != null) {
                        answer.complete(said);
                    }
                } else {
                    events.add(said);
                }
            }
        } catch (IOException ended) {
            ready.completeExceptionally(ended);
        }
        ready.completeExceptionally(new IOException("the process has ended"));
    }

    /** Says a command and waits for its answer. */
    public Config run(String what, Object... pairs) throws IOException {
        try {
            return begin(what, pairs).get(ANSWER_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("no answer to " + what + " " + List.of(pairs), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    /** Says a command; the answer comes when it comes. */
    public CompletableFuture<Config> begin(String what, Object... pairs) throws IOException {
        int n = number.incrementAndGet();
        Map<String, Object> command = new HashMap<>();
        command.put("n", n);
        command.put("do", what);
        for (int i = 0; i < pairs.length; i += 2) {
            command.put(String.valueOf(pairs[i]), pairs[i + 1]);
        }
        var answer = new CompletableFuture<Config>();
        answers.put(n, answer);
        ConfigObject json = ConfigValueFactory.fromMap(command);
        synchronized (commands) {
            commands.write(json.render(ConfigRenderOptions.concise()));
            commands.newLine();
            commands.flush();
        }
        return answer.thenApply(said -> {
            if (said.hasPath("error")) {
                throw new UncheckedIOException(new IOException(said.getString("error")));
            }
            return said;
        });
    }

    /** A client with this id, connected. */
    public void open(String client, String id, int port) throws IOException {
        run("open", "client", client, "id", id, "url", "https://localhost:" + port + "/v1", "key", "demo");
    }

    /** In a channel, acknowledged, with an ear for these events. */
    public void join(String client, String channel, Map<String, Object> state, String... names) throws IOException {
        run("join", "client", client, "channel", channel, "state", state, "events", List.of(names));
    }

    public void say(String client, String channel, String name, Object data) throws IOException {
        run("say", "client", client, "channel", channel, "name", name, "data", data);
    }

    /** Sends 0 to {@code times - 1}. */
    public void count(String client, String channel, String name, int times) throws IOException {
        run("say", "client", client, "channel", channel, "name", name, "times", times);
    }

    /** What has happened so far. */
    public List<Config> events(Predicate<Config> which) {
        return events.stream().filter(which).toList();
    }

    public List<Config> data(String client) {
        return events(event -> event.getString("event").equals("data")
                && event.getString("client").equals(client));
    }

    /** The ids in the newest roster that a client's callback got, in their order; empty before the first. */
    public List<String> peers(String client) {
        List<Config> rosters = events(event -> event.getString("event").equals("peers")
                && event.getString("client").equals(client));
        if (rosters.isEmpty()) {
            return List.of();
        }
        List<String> ids = new ArrayList<>();
        rosters.get(rosters.size() - 1).getConfigList("peers").forEach(peer -> ids.add(peer.getString("id")));
        return ids;
    }

    /** Their own words, when a test has failed. */
    @Override
    public String toString() {
        return events.stream()
                .map(event -> event.root().render(ConfigRenderOptions.concise()))
                .collect(Collectors.joining("\n"));
    }

    @Override
    public void close() {
        try {
            commands.close();
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            process.destroyForcibly();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
        }
    }
}
