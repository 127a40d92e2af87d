package dev.moitessier.store.postgres;

import com.typesafe.config.Config;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoreProvider;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** {@code moitessier.store = postgres}: a {@link PostgresStore} with a pool of its own, from {@code moitessier.postgres}. */
public final class PostgresProvider implements StoreProvider {
    /** For {@link java.util.ServiceLoader}. */
    public PostgresProvider() {}

    @Override
    public String name() {
        return PostgresStore.NAME;
    }

    @Override
    public MailboxStore open(Config config) {
        String url = text(config, "url");
        if (url == null) {
            throw new StoreException.Misconfigured(
                    "moitessier.postgres.url is not set: jdbc:postgresql://host/database, or MOITESSIER_POSTGRES_URL",
                    null);
        }
        String user = text(config, "user");
        String password = text(config, "password");
        PostgresStore.Builder builder = PostgresStore.builder(url, user, password)
                .schema(config.getString("schema"))
                .tablePrefix(config.getString("table-prefix"))
                .schemaMode(mode(config.getString("schema-mode")))
                .hints(config.getBoolean("hints"))
                .poolSize(poolSize(config))
                .callLimit(callLimit(config));
        String direct = text(config, "direct-url");
        if (direct != null) {
            builder.direct(direct, user, password);
        }
        if (text(config, "retention") != null) {
            builder.retention(retention(config));
        }
        return builder.open();
    }

    private static @Nullable String text(Config config, String key) {
        return config.hasPath(key) && !config.getString(key).isBlank() ? config.getString(key) : null;
    }

    private static SchemaMode mode(String name) {
        try {
            return SchemaMode.valueOf(name.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException unknown) {
            throw new StoreException.Misconfigured(
                    "moitessier.postgres.schema-mode is '" + name + "', it can be one of "
                            + Arrays.toString(SchemaMode.values()),
                    unknown);
        }
    }

    private static int poolSize(Config config) {
        int size = config.getInt("pool-size");
        if (size < 1) {
            throw new StoreException.Misconfigured(
                    "moitessier.postgres.pool-size is " + size + ", it is at least 1", null);
        }
        return size;
    }

    private static Duration retention(Config config) {
        Duration longest = config.getDuration("retention");
        if (longest.isZero() || longest.isNegative()) {
            throw new StoreException.Misconfigured(
                    "moitessier.postgres.retention is " + longest + ", it is positive, or empty", null);
        }
        return longest;
    }

    private static Duration callLimit(Config config) {
        Duration limit = config.getDuration("call-limit");
        if (limit.compareTo(Duration.ofMillis(100)) < 0 || limit.compareTo(Duration.ofHours(1)) > 0) {
            throw new StoreException.Misconfigured(
                    "moitessier.postgres.call-limit is " + limit + ", it can be 100 ms to 1 h", null);
        }
        return limit;
    }
}
