package dev.moitessier.store.datastore;

import com.google.cloud.NoCredentials;
import com.google.cloud.datastore.DatastoreOptions;
import com.typesafe.config.Config;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoreProvider;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** {@code moitessier.store = datastore}: a {@link DatastoreStore} with a client of its own, from {@code moitessier.datastore}. */
public final class DatastoreProvider implements StoreProvider {
    /** For {@link java.util.ServiceLoader}. */
    public DatastoreProvider() {}

    @Override
    public String name() {
        return DatastoreStore.NAME;
    }

    @Override
    public MailboxStore open(Config config) {
        DatastoreOptions.Builder options = DatastoreOptions.newBuilder();
        String emulator = text(config, "emulator-host");
        if (emulator != null) {
            options.setHost(emulator.contains("://") ? emulator : "http://" + emulator)
                    .setCredentials(NoCredentials.getInstance());
        }
        String project = text(config, "project");
        if (project != null) {
            options.setProjectId(project);
        }
        String database = text(config, "database");
        if (database != null) {
            options.setDatabaseId(database);
        }
        String namespace = text(config, "namespace");
        if (namespace != null) {
            options.setNamespace(namespace);
        }
        DatastoreStore.Builder builder = DatastoreStore.builder(built(options).getService())
                .callLimit(duration(config, "call-limit", Duration.ofMillis(100), Duration.ofHours(1)))
                .retentionPause(duration(config, "retention-pause", Duration.ZERO, Duration.ofDays(7)));
        Duration timeToLive = duration(config, "time-to-live", Duration.ZERO, Duration.ofDays(36_500));
        if (!timeToLive.isZero()) {
            builder.timeToLive(duration(config, "time-to-live", Duration.ofMinutes(1), Duration.ofDays(36_500)));
        }
        return builder.open();
    }

    private static DatastoreOptions built(DatastoreOptions.Builder options) {
        try {
            return options.build();
        } catch (IllegalArgumentException missing) {
            throw new StoreException.Misconfigured(
                    "moitessier.datastore.project is not set, and the environment names no project either: set it, or "
                            + "MOITESSIER_DATASTORE_PROJECT",
                    missing);
        }
    }

    private static @Nullable String text(Config config, String key) {
        return config.hasPath(key) && !config.getString(key).isBlank() ? config.getString(key) : null;
    }

    private static Duration duration(Config config, String key, Duration least, Duration most) {
        Duration value = config.getDuration(key);
        if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
            throw new StoreException.Misconfigured(
                    "moitessier.datastore." + key + " is " + value + ", it can be " + least + " to " + most, null);
        }
        return value;
    }
}
