package dev.moitessier.store.redis;

import dev.moitessier.testkit.Eventually;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import redis.clients.jedis.Jedis;

/** A master, a replica and three sentinels. */
final class SentinelServers implements AutoCloseable {
    private final RedisServer master;
    private final RedisServer replica;
    private final List<RedisServer> sentinels = new ArrayList<>();

    SentinelServers(Path executable) throws Exception {
        master = RedisServer.started(executable, RedisServer.freePort());
        replica = RedisServer.started(
                executable, RedisServer.freePort(), "--replicaof", "127.0.0.1", Integer.toString(master.port()));
        Eventually.within(Duration.ofSeconds(30))
                .until("the replica follows", () -> replication().contains("state=online"));
        for (int i = 0; i < 3; i++) {
            sentinels.add(RedisServer.sentinel(executable, master.port()));
        }
        Eventually.within(Duration.ofSeconds(30))
                .until("the sentinels know the replica and each other", () -> sentinels.stream()
                        .allMatch(sentinel -> {
                            try (Jedis jedis = sentinel.jedis()) {
                                String info = jedis.info("sentinel");
                                return info.contains("slaves=1") && info.contains("sentinels=3");
                            }
                        }));
    }

    private String replication() {
        try (Jedis jedis = master.jedis()) {
            return jedis.info("replication");
        }
    }

    String url() {
        return sentinels.stream()
                .map(sentinel -> "localhost:" + sentinel.port())
                .collect(Collectors.joining(",", "redis+sentinel://", "/main"));
    }

    RedisServer master() {
        return master;
    }

    /** Everything that the master has acknowledged is with its replica. */
    void awaitReplication() {
        Eventually.within(Duration.ofSeconds(30)).until("the replica has all", () -> {
            String info = replication();
            String offset = info.lines()
                    .filter(line -> line.startsWith("master_repl_offset:"))
                    .map(line -> line.substring(line.indexOf(':') + 1).trim())
                    .findFirst()
                    .orElseThrow();
            return info.contains("offset=" + offset + ",");
        });
    }

    @Override
    public void close() throws IOException {
        for (RedisServer sentinel : sentinels) {
            sentinel.close();
        }
        replica.close();
        master.close();
    }
}
