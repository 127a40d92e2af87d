package dev.moitessier.benchmarks.redis;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.exceptions.JedisException;
import redis.embedded.core.ExecutableProvider;

/** A server from Maven artifacts, with an append-only file that is synced each second, which is what most have. */
final class Server implements AutoCloseable {
    private final Process process;
    private final int port;
    private final RedisClient client;

    Server() throws IOException, InterruptedException {
        File executable = ExecutableProvider.newJarResourceProvider().get();
        Path directory = Files.createTempDirectory("moitessier-redis-benchmark");
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        process = new ProcessBuilder(
                        executable.toString(),
                        "--port",
                        Integer.toString(port),
                        "--bind",
                        "127.0.0.1",
                        "--dir",
                        directory.toString(),
                        "--save",
                        "",
                        "--appendonly",
                        "yes",
                        "--appendfsync",
                        "everysec",
                        "--auto-aof-rewrite-percentage",
                        "0")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        client = client(4);
        for (int tries = 0; !answers(); tries++) {
            if (tries == 100) {
                throw new IOException("the server does not answer");
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private boolean answers() {
        try {
            return client.ping().equals("PONG");
        } catch (JedisException notYet) {
            return false;
        }
    }

    int port() {
        return port;
    }

    String url() {
        return "redis://localhost:" + port;
    }

    RedisClient client(int connections) {
        return client(port, connections);
    }

    static RedisClient client(int port, int connections) {
        ConnectionPoolConfig pool = new ConnectionPoolConfig();
        pool.setMaxTotal(connections);
        pool.setMaxIdle(connections);
        return RedisClient.builder()
                .hostAndPort("localhost", port)
                .poolConfig(pool)
                .build();
    }

    /** What the server says of itself under this name, in this section. */
    double info(String section, String name) {
        return Double.parseDouble(text(section, name));
    }

    String text(String section, String name) {
        return client.info(section)
                .lines()
                .filter(line -> line.startsWith(name + ":"))
                .map(line -> line.substring(name.length() + 1).trim())
                .findFirst()
                .orElseThrow();
    }

    /** Seconds of processor time that the server's threads have used. */
    double cpuSeconds() {
        return info("cpu", "used_cpu_sys") + info("cpu", "used_cpu_user");
    }

    /** Bytes of all keys that match, as the server counts them. */
    double bytesOfKeys(String pattern) {
        double bytes = 0;
        for (String key : client.keys(pattern)) {
            bytes += client.memoryUsage(key, 0);
        }
        return bytes;
    }

    /** Mean bytes of a field of the hashes that match. */
    double bytesOfField(String pattern) {
        double fields = 0;
        for (String key : client.keys(pattern)) {
            fields += client.hlen(key);
        }
        return bytesOfKeys(pattern) / fields;
    }

    @Override
    public void close() {
        client.close();
        process.destroyForcibly();
    }
}
