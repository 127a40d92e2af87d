package dev.moitessier.examples.stores;

import dev.moitessier.store.datastore.emulator.Emulator;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import redis.embedded.RedisServer;

/** A store in the scenario: how its server is started, and the lines of configuration that choose it. */
enum Store {
    MEMORY(
            "memory",
            false,
            "built into `moitessier-core`; the reference model of the [contract](docs/store-contract.md); several nodes in one"
                    + " JVM may share a space; holds a million entries, then refuses") {
        @Override
        Started start(Path directory) {
            return new Started("moitessier { store = memory, memory.space = scenario }", () -> {});
        }
    },
    POSTGRES(
            "PostgreSQL 13 to 18",
            true,
            "`moitessier-store-postgres`: [set-up, grants, sizing](docs/store-postgres.md); a dispatch can join a transaction of"
                    + " yours; behind PgBouncer it polls") {
        @Override
        Started start(Path directory) throws IOException {
            EmbeddedPostgres server = EmbeddedPostgres.start();
            return new Started(
                    "moitessier { store = postgres, postgres { url = \"" + server.getJdbcUrl("postgres", "postgres")
                            + "\", schema-mode = MIGRATE } }",
                    server);
        }
    },
    REDIS(
            "Redis 6.2 and newer",
            true,
            "`moitessier-store-redis`: [set-up, ACL, durability](docs/store-redis.md); one server, sentinels or a cluster; what"
                    + " survives is what its settings say, and the store says which") {
        @Override
        Started start(Path directory) throws IOException {
            int port = freePort();
            RedisServer server = RedisServer.newRedisServer()
                    .port(port)
                    .bind("127.0.0.1")
                    .setting("dir " + directory)
                    .setting("appendonly yes")
                    .setting("save \"\"")
                    .build();
            server.start();
            return new Started(
                    "moitessier { store = redis, redis.url = \"redis://localhost:" + port + "\" }", server::stop);
        }
    },
    DATASTORE(
            "Google Cloud Datastore (Firestore in Datastore mode)",
            true,
            "`moitessier-store-datastore`: [set-up, cost, limits](docs/store-datastore.md); no server, no index, paid by the"
                    + " operation; between processes hints by a transport of yours; this run on Google's emulator") {
        @Override
        Started start(Path directory) throws IOException {
            Emulator server = Emulator.any(Emulator.Kind.DATASTORE);
            return new Started(
                    "moitessier { store = datastore, datastore { emulator-host = \"" + server.host() + ":"
                            + server.port() + "\", project = scenario, namespace = t" + System.nanoTime() + " } }",
                    server::stop);
        }
    },
    SQLITE(
            "SQLite",
            true,
            "[an example of a store of your own](docs/write-a-store.md), in less than 900 lines; a file on the local disk of one"
                    + " machine") {
        @Override
        Started start(Path directory) {
            return new Started(
                    "moitessier { store = sqlite, sqlite.file = \"" + directory.resolve("store.db") + "\" }", () -> {});
        }
    };

    private final String title;
    private final boolean meets;
    private final String notes;

    Store(String title, boolean meets, String notes) {
        this.title = title;
        this.meets = meets;
        this.notes = notes;
    }

    /** A server, if one is needed, and the configuration of every process on it. */
    record Started(String configuration, AutoCloseable server) implements AutoCloseable {
        @Override
        public void close() throws Exception {
            server.close();
        }
    }

    abstract Started start(Path directory) throws Exception;

    String title() {
        return title;
    }

    /** Whether processes can meet on it. */
    boolean meets() {
        return meets;
    }

    String notes() {
        return notes;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
