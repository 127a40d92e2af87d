package dev.moitessier.store.postgres;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/** A real server from Maven artifacts, on loopback, which ends with this JVM. */
final class PostgresServer implements AutoCloseable {
    private static @Nullable PostgresServer shared;

    /** The major version that the profile asks for; null: any. */
    private static final @Nullable Integer ASKED_FOR = Integer.getInteger("moitessier.test.postgres");

    private final Path data;
    private final Map<String, String> settings;
    private EmbeddedPostgres running;

    private PostgresServer(Path data, Map<String, String> settings) throws IOException {
        this.data = data;
        this.settings = settings;
        running = start(freePort());
        String version = Files.readString(data.resolve("PG_VERSION")).trim();
        if (ASKED_FOR != null && !version.equals(ASKED_FOR.toString())) {
            running.close();
            throw new IllegalStateException("the tests are to run on PostgreSQL " + ASKED_FOR + ", not on " + version);
        }
        System.out.println("PostgreSQL " + version + " at port " + port());
    }

    /** One for all tests that do not stop it. */
    static synchronized PostgresServer shared() throws IOException {
        if (shared == null) {
            shared = own();
        }
        return shared;
    }

    /** One that the caller may stop, and closes. */
    static PostgresServer own() throws IOException {
        return own(Map.of());
    }

    /** One with settings beside those that all have. */
    static PostgresServer own(Map<String, String> settings) throws IOException {
        return new PostgresServer(Files.createTempDirectory("moitessier-postgres"), settings);
    }

    /** One over data that are there; it deletes them when closed. */
    static PostgresServer over(Path data) throws IOException {
        return new PostgresServer(data, Map.of());
    }

    /** A copy of what a server that is not running has. */
    Path copyData() throws IOException {
        Path copy = Files.createTempDirectory("moitessier-postgres-copy");
        try (Stream<Path> files = Files.walk(data)) {
            for (Path file : (Iterable<Path>) files::iterator) {
                String name = data.relativize(file).toString();
                if (!name.isEmpty() && !name.equals("postmaster.pid") && !name.equals("epg-lock")) {
                    Files.copy(file, copy.resolve(name), StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
        Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rwx------"));
        return copy;
    }

    private EmbeddedPostgres start(int port) throws IOException {
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder()
                .setDataDirectory(data)
                .setCleanDataDirectory(false)
                .setPort(port)
                // What people run: an acknowledged commit is on the disk.
                .setServerConfig("fsync", "on")
                .setServerConfig("synchronous_commit", "on")
                .setServerConfig("max_connections", "500")
                .setServerConfig("listen_addresses", "localhost")
                .setPGStartupWait(Duration.ofSeconds(60));
        settings.forEach(builder::setServerConfig);
        return builder.start();
    }

    /** Whether it must be left running. */
    boolean isShared() {
        return this == shared;
    }

    int port() {
        return running.getPort();
    }

    PGSimpleDataSource dataSource(String database) {
        return dataSource(database, port());
    }

    /** The same server, by another port: a proxy's. */
    static PGSimpleDataSource dataSource(String database, int port) {
        PGSimpleDataSource dataSource = new PGSimpleDataSource();
        dataSource.setUrl(url(database, port));
        return dataSource;
    }

    String url(String database) {
        return url(database, port());
    }

    static String url(String database, int port) {
        return "jdbc:postgresql://localhost:" + port + "/" + database + "?user=postgres";
    }

    void createDatabase(String name) throws SQLException {
        execute("postgres", "create database \"" + name + "\"");
    }

    void dropDatabase(String name) throws SQLException {
        execute("postgres", "drop database \"" + name + "\" with (force)");
    }

    void execute(String database, String... statements) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url(database));
                Statement statement = connection.createStatement()) {
            for (String each : statements) {
                statement.execute(each);
            }
        }
    }

    /** {@code kill -9} of the server and all its processes; returns when they are gone. */
    void kill() throws Exception {
        long pid = Long.parseLong(
                Files.readAllLines(data.resolve("postmaster.pid")).get(0).trim());
        ProcessHandle postmaster = ProcessHandle.of(pid).orElseThrow();
        List<ProcessHandle> all = new ArrayList<>(postmaster.descendants().toList());
        all.add(0, postmaster);
        all.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle each : all) {
            each.onExit().get(10, TimeUnit.SECONDS);
        }
    }

    /** Starts it again over the data that {@link #kill} left. */
    void restart() throws IOException {
        int port = port();
        running.close();
        running = start(port);
    }

    @Override
    public void close() throws IOException {
        running.close();
        try (var files = Files.walk(data)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
    }

    /** A port that was free a moment ago. */
    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}
