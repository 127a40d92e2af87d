package com.example.sqlite;

import com.typesafe.config.Config;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoreProvider;
import java.nio.file.Path;
import java.time.Duration;

/** {@code moitessier.store = sqlite}: a {@link SqliteStore} from {@code moitessier.sqlite}. */
// snippet: custom-store-provider
public final class SqliteProvider implements StoreProvider {
    /** For {@link java.util.ServiceLoader}. */
    public SqliteProvider() {}

    @Override
    public String name() {
        return SqliteStore.NAME;
    }

    @Override
    public MailboxStore open(Config config) {
        String file = config.getString("file");
        if (file.isBlank()) {
            throw new StoreException.Misconfigured(
                    "moitessier.sqlite.file is not set: the path of a file, or MOITESSIER_SQLITE_FILE", null);
        }
        Duration callLimit = config.getDuration("call-limit");
        if (callLimit.compareTo(Duration.ofMillis(100)) < 0 || callLimit.compareTo(Duration.ofHours(1)) > 0) {
            throw new StoreException.Misconfigured(
                    "moitessier.sqlite.call-limit is " + callLimit + ", it can be 100 ms to 1 h", null);
        }
        return new SqliteStore(Path.of(file), callLimit, Time.SYSTEM);
    }
}
// end
