package dev.moitessier.store.redis;

import dev.moitessier.testkit.Eventually;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Protocol;

/** A cluster of three masters, each with a replica. */
final class ClusterServers implements AutoCloseable {
    private static final int SLOTS = 16_384;
    private static final int MASTERS = 3;

    private final List<RedisServer> servers = new ArrayList<>();

    ClusterServers(Path executable) throws Exception {
        for (int i = 0; i < 2 * MASTERS; i++) {
            servers.add(RedisServer.started(
                    executable,
                    RedisServer.freePort(),
                    "--cluster-enabled",
                    "yes",
                    "--cluster-node-timeout",
                    "1000",
                    "--cluster-announce-ip",
                    "127.0.0.1",
                    "--repl-diskless-sync-delay",
                    "0"));
        }
        for (int master = 0; master < MASTERS; master++) {
            List<String> slots = new ArrayList<>(List.of("ADDSLOTS"));
            IntStream.range(master * SLOTS / MASTERS, (master + 1) * SLOTS / MASTERS)
                    .mapToObj(Integer::toString)
                    .forEach(slots::add);
            cluster(servers.get(master), slots.toArray(String[]::new));
            cluster(servers.get(master), "SET-CONFIG-EPOCH", Integer.toString(master + 1));
        }
        for (RedisServer server : servers.subList(1, servers.size())) {
            cluster(servers.get(0), "MEET", "127.0.0.1", Integer.toString(server.port()));
        }
        eventually("all know each other", () -> servers.stream()
                .allMatch(server -> nodes(server).lines().count() == 2L * MASTERS));
        for (int i = 0; i < MASTERS; i++) {
            cluster(servers.get(MASTERS + i), "REPLICATE", id(servers.get(i)));
        }
        eventually("the cluster is up, with a replica for each master", this::isWhole);
    }

    private boolean isWhole() {
        return servers.stream().allMatch(server -> cluster(server, "INFO").contains("cluster_state:ok"))
                && servers.subList(0, MASTERS).stream()
                        .allMatch(server -> info(server).contains("state=online"));
    }

    String url() {
        return servers.subList(0, MASTERS).stream()
                .map(server -> "localhost:" + server.port())
                .collect(Collectors.joining(",", "redis+cluster://", ""));
    }

    /** The master that has the slot. */
    RedisServer ownerOf(int slot) {
        for (String line : nodes(servers.get(0)).lines().toList()) {
            String[] parts = line.split(" ");
            for (int i = 8; i < parts.length; i++) {
                String[] range = parts[i].split("-");
                if (!parts[i].startsWith("[")
                        && Integer.parseInt(range[0]) <= slot
                        && slot <= Integer.parseInt(range[range.length - 1])) {
                    return at(parts[1]);
                }
            }
        }
        throw new IllegalStateException("nobody has slot " + slot);
    }

    private RedisServer at(String address) {
        int port = Integer.parseInt(address.split("@")[0].split(":")[1]);
        return servers.stream()
                .filter(server -> server.port() == port)
                .findFirst()
                .orElseThrow();
    }

    RedisServer masterOtherThan(RedisServer one) {
        return servers.subList(0, MASTERS).stream()
                .filter(server -> server != one)
                .findFirst()
                .orElseThrow();
    }

    /** Moves a slot key by key, as {@code redis-cli --cluster reshard} does. */
    void move(int slot, RedisServer from, RedisServer to) {
        String number = Integer.toString(slot);
        cluster(to, "SETSLOT", number, "IMPORTING", id(from));
        cluster(from, "SETSLOT", number, "MIGRATING", id(to));
        try (Jedis jedis = from.jedis()) {
            while (true) {
                List<?> keys = (List<?>) jedis.sendCommand(Protocol.Command.CLUSTER, "GETKEYSINSLOT", number, "10");
                if (keys.isEmpty()) {
                    break;
                }
                List<byte[]> migrate = new ArrayList<>(List.of(
                        bytes("127.0.0.1"),
                        bytes(Integer.toString(to.port())),
                        bytes(""),
                        bytes("0"),
                        bytes("5000"),
                        bytes("KEYS")));
                keys.forEach(key -> migrate.add((byte[]) key));
                jedis.sendCommand(Protocol.Command.MIGRATE, migrate.toArray(byte[][]::new));
            }
        }
        for (RedisServer each : List.of(to, from)) {
            cluster(each, "SETSLOT", number, "NODE", id(to));
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Everything that the master has acknowledged is with its replica. */
    void awaitReplication(RedisServer master) {
        eventually("the replica has all", () -> {
            String info = info(master);
            String offset = info.lines()
                    .filter(line -> line.startsWith("master_repl_offset:"))
                    .map(line -> line.substring(line.indexOf(':') + 1).trim())
                    .findFirst()
                    .orElseThrow();
            return info.contains("offset=" + offset + ",");
        });
    }

    private static String info(RedisServer server) {
        try (Jedis jedis = server.jedis()) {
            return jedis.info("replication");
        }
    }

    private static String id(RedisServer server) {
        return cluster(server, "MYID");
    }

    private static String nodes(RedisServer server) {
        return cluster(server, "NODES");
    }

    private static String cluster(RedisServer server, String... arguments) {
        try (Jedis jedis = server.jedis()) {
            Object reply = jedis.sendCommand(Protocol.Command.CLUSTER, arguments);
            return reply instanceof byte[] text ? new String(text, StandardCharsets.UTF_8) : String.valueOf(reply);
        }
    }

    private static void eventually(String what, Callable<Boolean> condition) {
        Eventually.within(Duration.ofSeconds(30)).until(what, condition);
    }

    @Override
    public void close() throws IOException {
        for (RedisServer server : servers) {
            server.close();
        }
    }
}
