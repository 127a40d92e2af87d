package dev.moitessier.store.memory;

import com.typesafe.config.Config;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoreProvider;
import java.time.InstantSource;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Opens memory stores from configuration, section {@code moitessier.memory}:
 *
 * <ul>
 *   <li>{@code max-entries}: the bound of the space;
 *   <li>{@code space}: a name under which stores of this JVM meet; it lasts until the last of them is closed. Empty: a space of
 *       its own.
 * </ul>
 */
public final class MemoryProvider implements StoreProvider {
    private static final String MAX_ENTRIES = "max-entries";
    private static final String SPACE = "space";

    private static final ConcurrentHashMap<String, Shared> SPACES = new ConcurrentHashMap<>();

    /** For {@link java.util.ServiceLoader}. */
    public MemoryProvider() {}

    @Override
    public String name() {
        return MemoryStore.NAME;
    }

    @Override
    public MailboxStore open(Config config) {
        long maxEntries = config.getLong(MAX_ENTRIES);
        if (maxEntries < 1) {
            throw wrong(MAX_ENTRIES, "must be at least 1: " + maxEntries);
        }
        String name = config.getString(SPACE);
        if (name.isEmpty()) {
            return new MemoryStore(new MemorySpace(InstantSource.system(), maxEntries));
        }
        Shared shared = SPACES.compute(name, (key, found) -> {
            if (found == null) {
                return new Shared(new MemorySpace(InstantSource.system(), maxEntries), maxEntries, 1);
            }
            if (found.maxEntries != maxEntries) {
                throw wrong(
                        MAX_ENTRIES,
                        "is " + maxEntries + ", but the space \"" + name + "\" was opened with " + found.maxEntries);
            }
            return new Shared(found.space, maxEntries, found.stores + 1);
        });
        return new MemoryStore(shared.space, () -> release(name));
    }

    private static void release(String name) {
        SPACES.computeIfPresent(
                name,
                (key, found) -> found.stores == 1 ? null : new Shared(found.space, found.maxEntries, found.stores - 1));
    }

    private static StoreException.Misconfigured wrong(String key, String what) {
        return new StoreException.Misconfigured("moitessier.memory." + key + " " + what, null);
    }

    private record Shared(MemorySpace space, long maxEntries, int stores) {}
}
