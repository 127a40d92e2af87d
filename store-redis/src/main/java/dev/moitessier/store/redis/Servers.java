package dev.moitessier.store.redis;

import dev.moitessier.store.StoreException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.JedisClientConfig;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.RedisClusterClient;
import redis.clients.jedis.RedisSentinelClient;
import redis.clients.jedis.SslOptions;
import redis.clients.jedis.UnifiedJedis;

/** Makes the driver's client from a URL. A password is in no message. */
record Servers(boolean tls, Kind kind, Set<HostAndPort> addresses, String master, int database, Login login) {
    private static final int PORT = 6379;
    private static final int SENTINEL_PORT = 26379;
    private static final Pattern URL =
            Pattern.compile("(rediss?)(\\+sentinel|\\+cluster)?://(?:([^@/]*)@)?([^/@]+)(?:/([^/]*))?(?:/([0-9]+))?/?");
    private static final Pattern ADDRESS = Pattern.compile("(\\[[^]]+]|[^:\\[\\]]+)(?::([0-9]{1,5}))?");
    private static final String FORMS =
            "redis://host:6379, redis+sentinel://host1:26379,host2:26379/master or redis+cluster://host1:6379,host2:6379; with TLS"
                    + " rediss";

    enum Kind {
        STANDALONE,
        SENTINEL,
        CLUSTER
    }

    /** Who logs in; never printed. */
    static final class Login {
        final @Nullable String user;
        final @Nullable String password;

        Login(@Nullable String user, @Nullable String password) {
            this.user = user;
            this.password = password;
        }

        @Override
        public String toString() {
            return "***";
        }
    }

    /** @throws StoreException.Misconfigured if it is none of the forms; the message names the key and not the value */
    static Servers parse(String url, Login login) {
        Matcher matcher = URL.matcher(url);
        if (!matcher.matches()) {
            throw wrong("it must look like " + FORMS);
        }
        String scheme = matcher.group(2) == null ? "" : matcher.group(2);
        Kind kind = scheme.isEmpty() ? Kind.STANDALONE : scheme.equals("+cluster") ? Kind.CLUSTER : Kind.SENTINEL;
        Set<HostAndPort> addresses = new LinkedHashSet<>();
        for (String address : matcher.group(4).split(",", -1)) {
            addresses.add(address(address, kind));
        }
        if (kind == Kind.STANDALONE && addresses.size() > 1) {
            throw wrong("several hosts need redis+sentinel:// or redis+cluster://");
        }
        String path = matcher.group(5) == null ? "" : matcher.group(5);
        String database = matcher.group(6) == null ? "" : matcher.group(6);
        if (kind == Kind.SENTINEL && path.isEmpty()) {
            throw wrong("after the sentinels comes the name of the master: redis+sentinel://host:26379/mymaster");
        }
        if (kind != Kind.SENTINEL) {
            database = path;
        }
        if (kind == Kind.CLUSTER && !database.isEmpty()) {
            throw wrong("a cluster has no numbered databases");
        }
        return new Servers(
                matcher.group(1).equals("rediss"),
                kind,
                addresses,
                kind == Kind.SENTINEL ? path : "",
                database.isEmpty() ? 0 : number(database),
                login(matcher.group(3), login));
    }

    private static Login login(@Nullable String inUrl, Login given) {
        if (inUrl == null || given.password != null) {
            return given;
        }
        int colon = inUrl.indexOf(':');
        String user = colon < 0 ? inUrl : inUrl.substring(0, colon);
        String password = colon < 0 ? null : decode(inUrl.substring(colon + 1));
        return new Login(user.isEmpty() ? given.user : decode(user), password);
    }

    private static String decode(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    private static HostAndPort address(String text, Kind kind) {
        Matcher matcher = ADDRESS.matcher(text);
        if (!matcher.matches()) {
            throw wrong("'" + text + "' is no address; it must look like " + FORMS);
        }
        int port = matcher.group(2) == null
                ? kind == Kind.SENTINEL ? SENTINEL_PORT : PORT
                : Integer.parseInt(matcher.group(2));
        return new HostAndPort(matcher.group(1).replaceAll("[\\[\\]]", ""), port);
    }

    private static int number(String database) {
        try {
            return Integer.parseInt(database);
        } catch (NumberFormatException none) {
            throw wrong("'" + database + "' is no number of a database");
        }
    }

    private static StoreException.Misconfigured wrong(String why) {
        return new StoreException.Misconfigured("moitessier.redis.url: " + why, null);
    }

    /** A client of its own; {@code connections} to each server. */
    UnifiedJedis connect(int connections, Duration callLimit, Login sentinels) {
        ConnectionPoolConfig pool = new ConnectionPoolConfig();
        pool.setMaxTotal(connections);
        pool.setMaxIdle(connections);
        pool.setMaxWait(callLimit);
        pool.setJmxEnabled(false);
        return switch (kind) {
            case STANDALONE ->
                RedisClient.builder()
                        .hostAndPort(addresses.iterator().next())
                        .clientConfig(config(login, database, callLimit))
                        .poolConfig(pool)
                        .build();
            case SENTINEL ->
                RedisSentinelClient.builder()
                        .masterName(master)
                        .sentinels(addresses)
                        .clientConfig(config(login, database, callLimit))
                        .sentinelClientConfig(config(sentinels, 0, callLimit))
                        .poolConfig(pool)
                        .build();
            case CLUSTER ->
                RedisClusterClient.builder()
                        .nodes(addresses)
                        .clientConfig(config(login, 0, callLimit))
                        .poolConfig(pool)
                        .build();
        };
    }

    private JedisClientConfig config(Login who, int database, Duration callLimit) {
        int millis = (int) Math.min(Integer.MAX_VALUE, callLimit.toMillis());
        DefaultJedisClientConfig.Builder config = DefaultJedisClientConfig.builder()
                .user(who.user)
                .password(who.password)
                .database(database)
                .connectionTimeoutMillis(Math.min(millis, 2_000))
                .socketTimeoutMillis(millis)
                .clientName("moitessier");
        if (tls) {
            // The platform's trust store, and the name of the host is compared.
            config.sslOptions(SslOptions.defaults());
        }
        return config.build();
    }
}
