package dev.moitessier.store.redis;

import dev.moitessier.store.Durability;
import dev.moitessier.store.StoreException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.util.KeyValue;

/** One look at the servers before anything relies on them: each thing that is wrong is said by name. */
final class Inspection {
    private static final Logger LOG = LoggerFactory.getLogger(Inspection.class);
    private static final String FORMAT = "2/" + Keys.SHARDS;

    private final Shards shards;
    private final Keys keys;

    /** What one server says of itself, by key. */
    private final List<Map<String, String>> servers = new ArrayList<>();

    Inspection(Shards shards, Keys keys) {
        this.shards = shards;
        this.keys = keys;
    }

    /** @throws StoreException.Misconfigured if the servers cannot be used as they are set up */
    void check() {
        Set<String> seen = new LinkedHashSet<>();
        for (int shard = 0; shard < (shards.cluster() ? Keys.SHARDS : 1); shard++) {
            Map<String, String> server = info(shard);
            if (seen.add(server.getOrDefault("run_id", "") + server.getOrDefault("tcp_port", ""))) {
                servers.add(server);
                check(server);
            }
        }
    }

    static void check(Map<String, String> server) {
        String version = server.getOrDefault("redis_version", "0");
        if (!atLeast(version, 6, 2)) {
            throw new StoreException.Misconfigured(
                    "Redis 6.2 or newer is needed, this server is of version " + version, null);
        }
        if (!"master".equals(server.getOrDefault("role", "master"))) {
            throw new StoreException.Misconfigured(
                    "this server is a replica, which takes no writes: connect to the master, or to the sentinels",
                    null);
        }
        String policy = server.getOrDefault("maxmemory_policy", "noeviction");
        if (!policy.equals("noeviction")) {
            throw new StoreException.Misconfigured(
                    "maxmemory-policy is " + policy
                            + ", by which the server silently forgets messages when its memory is full: set it to noeviction",
                    null);
        }
    }

    /** Whether messages can be published within their shard (7.0), which costs the others of a cluster nothing. */
    boolean shardedPubSub() {
        return shards.cluster()
                && servers.stream().allMatch(server -> atLeast(server.getOrDefault("redis_version", "0"), 7, 0));
    }

    boolean inClusterMode() {
        return servers.stream().anyMatch(server -> "1".equals(server.get("cluster_enabled")));
    }

    /** Tries every command and right that the store needs. */
    void tryRights(Hints hints) {
        byte[] channel = keys.of(Scope.of("probe"), "s:");
        int shard = Scope.of("probe").shard();
        Call probe = Call.of(shard, Script.PROBE);
        for (String each : List.of("probe1", "probe2", "probe3", "probe4", "probe5")) {
            probe.key(keys.of(shard, each));
        }
        hints.tellCommand(probe).arg(channel);
        List<String> denied = new ArrayList<>();
        for (Object each : shards.one("try what the user may do", true, probe).list()) {
            denied.add(Replies.text(each));
        }
        if (!denied.isEmpty()) {
            throw new StoreException.Misconfigured(
                    "the user may not run all that the store needs; docs/store-redis.md has the rule for the ACL. The server said: "
                            + String.join("; ", denied),
                    null);
        }
    }

    /** Keys are found by the number of shards: data of another number would seem to be lost. */
    void checkFormat() {
        byte[] key = keys.of(0, "format");
        shards.one(
                "note the format",
                true,
                Call.of(0, Protocol.Command.SET).key(key).arg(FORMAT).arg("NX"));
        Object found = shards.one(
                        "read the format",
                        false,
                        Call.of(0, Protocol.Command.GET).key(key))
                .value();
        String format = found == null ? "" : Replies.text(found);
        if (!format.equals(FORMAT)) {
            throw new StoreException.Misconfigured(
                    "the keys with prefix '" + keys.prefix() + "' are of format " + format + ", this library writes "
                            + FORMAT + ": use another prefix",
                    null);
        }
    }

    /** What an acknowledged append survives, as far as the settings tell. */
    Durability durability(boolean sentinels) {
        if (shards.cluster() || sentinels || servers.stream().anyMatch(Inspection::isReplicated)) {
            return Durability.RELAXED;
        }
        boolean aof = servers.stream().allMatch(server -> "1".equals(server.get("aof_enabled")));
        if (aof) {
            return "always".equals(setting("appendfsync")) ? Durability.DURABLE : Durability.RELAXED;
        }
        if ("".equals(setting("save"))) {
            LOG.warn("this Redis writes neither an append-only file nor snapshots: everything is lost when it stops");
            return Durability.VOLATILE;
        }
        return Durability.RELAXED;
    }

    private static boolean isReplicated(Map<String, String> server) {
        return !"0".equals(server.getOrDefault("connected_slaves", "0"));
    }

    /** Null: the user may not ask, or the service has no such command. */
    private @Nullable String setting(String name) {
        try {
            List<?> reply = shards.one(
                            "read a setting",
                            false,
                            Call.of(0, Protocol.Command.CONFIG).arg("GET").arg(name))
                    .list();
            if (reply.isEmpty()) {
                return null;
            }
            // A pair with RESP3, and with RESP2 a list of two.
            return Replies.text(reply.get(0) instanceof KeyValue<?, ?> pair ? pair.getValue() : reply.get(1));
        } catch (StoreException | IllegalStateException refused) {
            LOG.debug("{} could not be asked for", name, refused);
            return null;
        }
    }

    private Map<String, String> info(int shard) {
        Map<String, String> info = new HashMap<>();
        Object reply = shards.one("open the store", false, Call.of(shard, Protocol.Command.INFO))
                .value();
        Replies.text(Objects.requireNonNull(reply)).lines().forEach(line -> {
            int colon = line.indexOf(':');
            if (colon > 0) {
                info.put(line.substring(0, colon), line.substring(colon + 1).trim());
            }
        });
        return info;
    }

    private static boolean atLeast(String version, int major, int minor) {
        String[] parts = version.split("[^0-9]+", -1);
        int first = Integer.parseInt(parts[0]);
        int second = parts.length > 1 && !parts[1].isEmpty() ? Integer.parseInt(parts[1]) : 0;
        return first > major || (first == major && second >= minor);
    }
}
