package dev.moitessier.store.redis;

import com.typesafe.config.Config;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoreProvider;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** {@code moitessier.store = redis}: a {@link RedisStore} with a client of its own, from {@code moitessier.redis}. */
public final class RedisProvider implements StoreProvider {
    /** For {@link java.util.ServiceLoader}. */
    public RedisProvider() {}

    @Override
    public String name() {
        return RedisStore.NAME;
    }

    @Override
    public MailboxStore open(Config config) {
        String url = text(config, "url");
        if (url == null) {
            throw new StoreException.Misconfigured(
                    "moitessier.redis.url is not set: redis://host:6379, or MOITESSIER_REDIS_URL", null);
        }
        return RedisStore.builder(url, text(config, "user"), text(config, "password"))
                .sentinelLogin(text(config, "sentinel-user"), text(config, "sentinel-password"))
                .prefix(prefix(config))
                .poolSize(poolSize(config))
                .hints(config.getBoolean("hints"))
                .callLimit(callLimit(config))
                .open();
    }

    private static @Nullable String text(Config config, String key) {
        return config.hasPath(key) && !config.getString(key).isBlank() ? config.getString(key) : null;
    }

    private static String prefix(Config config) {
        String prefix = config.getString("prefix");
        if (!RedisStore.Builder.isPrefix(prefix)) {
            throw new StoreException.Misconfigured(
                    "moitessier.redis.prefix is '" + prefix + "', it can be " + RedisStore.Builder.PREFIXES, null);
        }
        return prefix;
    }

    private static int poolSize(Config config) {
        int size = config.getInt("pool-size");
        if (size < 1) {
            throw new StoreException.Misconfigured(
                    "moitessier.redis.pool-size is " + size + ", it is at least 1", null);
        }
        return size;
    }

    private static Duration callLimit(Config config) {
        Duration limit = config.getDuration("call-limit");
        if (limit.compareTo(Duration.ofMillis(100)) < 0 || limit.compareTo(Duration.ofHours(1)) > 0) {
            throw new StoreException.Misconfigured(
                    "moitessier.redis.call-limit is " + limit + ", it can be 100 ms to 1 h", null);
        }
        return limit;
    }
}
