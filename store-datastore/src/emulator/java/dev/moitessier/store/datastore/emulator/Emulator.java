package dev.moitessier.store.datastore.emulator;

import java.io.File;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.opentest4j.TestAbortedException;

/**
 * Google's emulators. {@code DATASTORE_EMULATOR_HOST} if it is set; else one of an installed Google Cloud SDK, started by its own
 * {@code java} command (the SDK's {@code gcloud} would leave it behind when it is ended), with little memory, one of each kind for
 * the whole test JVM, and ended with it.
 */
public final class Emulator {
    /** Which of Google's two. */
    public enum Kind {
        /** The Datastore emulator, which is optimistic and sees a conflict wherever two transactions meet under one root. */
        DATASTORE(
                "cloud-datastore-emulator",
                "CloudDatastore.jar",
                "google-cloud-cli-datastore-emulator",
                "com.google.cloud.datastore.emulator.CloudDatastore"),
        /** The Firestore emulator in Datastore mode, which locks as production does by default. */
        FIRESTORE(
                "cloud-firestore-emulator",
                "cloud-firestore-emulator.jar",
                "google-cloud-cli-firestore-emulator",
                "com.google.cloud.datastore.emulator.firestore.CloudFirestore");

        private final String folder;
        private final String jar;
        private final String aptPackage;

        private final String mainClass;

        Kind(String folder, String jar, String aptPackage, String mainClass) {
            this.folder = folder;
            this.jar = jar;
            this.aptPackage = aptPackage;
            this.mainClass = mainClass;
        }

        /** The first kind under {@code CI=true}; the second is used where it is present. */
        boolean mustBeThere() {
            return this == DATASTORE && "true".equals(System.getenv("CI"));
        }
    }

    /** Of the packages for Debian, Red Hat, snap and Homebrew, and where archives are unpacked. */
    private static final List<String> USUAL = List.of(
            "/usr/lib/google-cloud-sdk",
            "/usr/lib64/google-cloud-sdk",
            "/snap/google-cloud-cli/current",
            "/snap/google-cloud-sdk/current",
            "/opt/homebrew/share/google-cloud-sdk",
            "/usr/local/share/google-cloud-sdk",
            "/opt/google-cloud-sdk",
            "/usr/local/google-cloud-sdk");

    private static final String GIVEN = "DATASTORE_EMULATOR_HOST";
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(90);
    private static final Map<Kind, Emulator> SHARED = new EnumMap<>(Kind.class);

    private final Kind kind;
    private final String host;
    private final int port;
    private final @Nullable Path jar;
    private final boolean indexes;
    private @Nullable Process process;

    private Emulator(Kind kind, String host, int port, @Nullable Path jar, boolean indexes) {
        this.kind = kind;
        this.host = host;
        this.port = port;
        this.jar = jar;
        this.indexes = indexes;
    }

    /** The one that all tests of this JVM share; without any, the test is skipped with a sentence that says how to install it. */
    public static synchronized Emulator shared(Kind kind) throws IOException {
        Emulator there = SHARED.get(kind);
        if (there == null) {
            there = any(kind);
            SHARED.put(kind, there);
        }
        return there;
    }

    /** The one that is given by the environment, which nobody can stop, or one of the caller's own. */
    public static Emulator any(Kind kind) throws IOException {
        String given = System.getenv(GIVEN);
        return given != null && kind == Kind.DATASTORE ? given(given) : own(kind);
    }

    private static Emulator given(String host) {
        URI uri = URI.create(host.contains("://") ? host : "http://" + host);
        return new Emulator(Kind.DATASTORE, uri.getHost(), uri.getPort(), null, false);
    }

    /** One that a test may stop; it must end it. It answers no query that needs an index. */
    public static Emulator own(Kind kind) throws IOException {
        return own(kind, false);
    }

    /** @param indexes whether it makes what index a query needs; the Firestore emulator always does */
    public static Emulator own(Kind kind, boolean indexes) throws IOException {
        Path jar = jar(kind)
                .orElseThrow(() -> kind.mustBeThere()
                        ? new IllegalStateException(howToInstall(kind))
                        : new TestAbortedException(howToInstall(kind)));
        Emulator emulator = new Emulator(kind, "127.0.0.1", freePort(), jar, indexes);
        Runtime.getRuntime().addShutdownHook(new Thread(emulator::stop));
        emulator.start();
        return emulator;
    }

    /** How to install it, if it is not there. */
    static Optional<String> missing(Kind kind) {
        boolean there = (kind == Kind.DATASTORE && System.getenv(GIVEN) != null)
                || jar(kind).isPresent();
        return there ? Optional.empty() : Optional.of(howToInstall(kind));
    }

    private static String howToInstall(Kind kind) {
        return "Google's emulator of " + kind.name().toLowerCase(Locale.ROOT) + " was not found: "
                + (kind == Kind.DATASTORE ? "set " + GIVEN + "=host:port, or " : "")
                + "install it with \"apt-get install " + kind.aptPackage + "\" or \"gcloud components install "
                + kind.folder + "\"";
    }

    private static Optional<Path> jar(Kind kind) {
        return roots(System.getenv()).stream()
                .map(each -> each.resolve("platform").resolve(kind.folder).resolve(kind.jar))
                .filter(Files::isReadable)
                .findFirst();
    }

    /** Where an SDK may be: only where {@code CLOUDSDK_ROOT_DIR} says, else that of {@code gcloud}, else in the usual folders. */
    static List<Path> roots(Map<String, String> environment) {
        String root = environment.get("CLOUDSDK_ROOT_DIR");
        if (root != null) {
            return List.of(Path.of(root));
        }
        List<Path> roots = new ArrayList<>();
        for (String entry : environment.getOrDefault("PATH", "").split(File.pathSeparator)) {
            Path gcloud = Path.of(entry, "gcloud");
            if (Files.isExecutable(gcloud)) {
                try {
                    roots.add(gcloud.toRealPath().resolve("../..").normalize());
                } catch (IOException unreadable) {
                    throw new IllegalStateException(gcloud + " cannot be followed", unreadable);
                }
            }
        }
        USUAL.forEach(each -> roots.add(Path.of(each)));
        String home = environment.get("HOME");
        if (home != null) {
            roots.add(Path.of(home, "google-cloud-sdk"));
        }
        return roots;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    public String host() {
        return host;
    }

    public int port() {
        return port;
    }

    public Kind kind() {
        return kind;
    }

    public void start() throws IOException {
        Path folder = Files.createTempDirectory("moitessier-emulator");
        Path output = folder.resolve("emulator.log");
        ProcessBuilder builder = new ProcessBuilder(command(folder));
        builder.redirectErrorStream(true).redirectOutput(output.toFile());
        Process started = builder.start();
        process = started;
        long end = System.nanoTime() + PATIENCE;
        while (!answers()) {
            if (!started.isAlive() || System.nanoTime() > end) {
                started.destroyForcibly();
                throw new IllegalStateException("the emulator did not start:\n" + Files.readString(output));
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
        }
    }

    private List<String> command(Path folder) throws IOException {
        String jar = String.valueOf(this.jar);
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx1536m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                jar + File.pathSeparator + ownClasses(),
                EmulatorProcess.class.getName(),
                kind.mainClass));
        if (kind == Kind.DATASTORE) {
            Files.createDirectories(folder.resolve("WEB-INF"));
            command.addAll(
                    List.of("start", "--host=" + host, "--port=" + port, "--testing", "--firestore_in_datastore_mode"));
            if (!indexes) {
                Path index = folder.resolve("index.yaml");
                Files.writeString(index, "indexes: []\n");
                command.addAll(List.of("--require_indexes", "--index_file=" + index));
            }
            command.add(folder.toString());
        } else {
            command.addAll(List.of("--host=" + host, "--port=" + port, "--database-mode=datastore-mode"));
        }
        return command;
    }

    private static String ownClasses() {
        return Path.of(URI.create(Emulator.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toString()))
                .toString();
    }

    private boolean answers() {
        try {
            HttpURLConnection connection = (HttpURLConnection)
                    URI.create("http://" + host + ":" + port + "/").toURL().openConnection();
            connection.setConnectTimeout(1_000);
            connection.setReadTimeout(5_000);
            return connection.getResponseCode() == HttpURLConnection.HTTP_OK;
        } catch (IOException notYet) {
            return false;
        }
    }

    /** Ends it hard; what it held is lost, as it keeps nothing on disk. */
    public void stop() {
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
            running.onExit().join();
        }
    }
}
