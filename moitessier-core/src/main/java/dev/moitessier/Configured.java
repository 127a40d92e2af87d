package dev.moitessier;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigUtil;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoreProvider;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * From configuration to a builder. What may be written is what the {@code reference.conf} files on the class path write; all
 * else is an error that names the key and the choices.
 */
final class Configured {
    static final String ROOT = "moitessier";

    private static final String INSTANCES = "instances";
    private static final String RETENTION = "retention";
    private static final String DEFAULT = "default";

    private static final Logger LOG = LoggerFactory.getLogger(Configured.class);

    private final Config root;
    private final Map<String, StoreProvider> stores = new TreeMap<>();
    private final List<String> brokenStores = new ArrayList<>();

    private Configured(Config root) {
        this.root = root;
        findStores();
    }

    static Moitessier open() {
        return builder(ofTheProcess()).build();
    }

    static Moitessier open(Config config) {
        return builder(config).build();
    }

    /**
     * Everything that can be checked without the store is checked here.
     *
     * @throws StoreException.Misconfigured naming every unknown key, or the first wrong value
     */
    static Moitessier.Builder builder(Config config) {
        try {
            Config all = config.withFallback(ConfigFactory.defaultReference()).resolve();
            Configured configured = new Configured(all.getConfig(ROOT));
            configured.checkKeys();
            return configured.builder();
        } catch (ConfigException wrong) {
            throw new StoreException.Misconfigured("wrong configuration: " + wrong.getMessage(), wrong);
        }
    }

    /** System properties before the environment before {@code application.conf} before {@code reference.conf}. */
    static Config ofTheProcess() {
        return ConfigFactory.systemProperties()
                .withFallback(environment(ConfigFactory.defaultReference(), System.getenv()))
                .withFallback(ConfigFactory.load());
    }

    /**
     * What the environment says about keys of the reference. There each key takes its variable if it is set, so the value is
     * there already; this lifts it above {@code application.conf}.
     */
    static Config environment(Config reference, Map<String, String> variables) {
        Map<String, String> keys = new HashMap<>();
        reference.entrySet().forEach(entry -> keys.put(variable(entry.getKey()), entry.getKey()));
        Config layer = ConfigFactory.empty();
        for (Map.Entry<String, String> variable : variables.entrySet()) {
            if (!variable.getKey().startsWith("MOITESSIER_")) {
                continue;
            }
            String key = keys.get(variable.getKey());
            if (key == null) {
                LOG.warn("the environment variable {} is none of Moitessier's: no key has it", variable.getKey());
            } else {
                layer = layer.withValue(
                        key,
                        ConfigValueFactory.fromAnyRef(
                                variable.getValue(), "environment variable " + variable.getKey()));
            }
        }
        return layer;
    }

    private static String variable(String key) {
        return key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    // ------------------------------------------------------------ values

    private Moitessier.Builder builder() {
        String name = root.getString("store");
        StoreProvider provider = stores.get(name);
        if (provider == null) {
            throw wrong(
                    "store",
                    '"' + name + "\" is no store on the class path; there are " + stores.keySet()
                            + ". A store is a module: add moitessier-store-" + name + " if that is what you mean"
                            + (brokenStores.isEmpty() ? "" : ". These could not be loaded: " + brokenStores));
        }
        Config section = root.hasPath(name) ? root.getConfig(name) : ConfigFactory.empty();
        Moitessier.Builder builder = new Moitessier.Builder(() -> opened(provider, section));
        set("lease", Config::getDuration, builder::lease);
        set("keep", Config::getDuration, builder::keep);
        set("call-timeout", Config::getDuration, builder::callTimeout);
        set("in-flight", Config::getInt, builder::inFlight);
        set("overflow", oneOf(Moitessier.Overflow.class), builder::overflow);
        set("listen", (config, key) -> listenOptions(), builder::listenOptions);
        setRetention(builder);
        return builder;
    }

    private ListenOptions listenOptions() {
        ListenOptions options = ListenOptions.defaults();
        options = made("listen.interval", Config::getDuration, options::interval);
        options = made("listen.batch", Config::getInt, options::batch);
        return made("listen.on-failure", oneOf(OnFailure.class), options::onFailure);
    }

    private void setRetention(Moitessier.Builder builder) {
        Config retention = root.getConfig(RETENTION);
        for (String prefix : retention.root().keySet()) {
            String key = RETENTION + '.' + ConfigUtil.joinPath(prefix);
            Duration age = read(
                    (retention.hasPath(ConfigUtil.joinPath(prefix, "age")) ? key : RETENTION + '.' + DEFAULT) + ".age",
                    Config::getDuration);
            long count = read(
                    (retention.hasPath(ConfigUtil.joinPath(prefix, "count")) ? key : RETENTION + '.' + DEFAULT)
                            + ".count",
                    Config::getLong);
            try {
                if (prefix.equals(DEFAULT)) {
                    builder.retention(age, count);
                } else {
                    builder.retention(prefix, age, count);
                }
            } catch (IllegalArgumentException refused) {
                throw wrong(key, String.valueOf(refused.getMessage()));
            }
        }
    }

    private static MailboxStore opened(StoreProvider provider, Config section) {
        try {
            return provider.open(section);
        } catch (ConfigException wrong) {
            throw new StoreException.Misconfigured(
                    "wrong configuration of " + ROOT + '.' + provider.name() + ": " + wrong.getMessage(), wrong);
        }
    }

    /** Reads one value of one key. */
    @FunctionalInterface
    private interface Reader<T> {
        T read(Config config, String key);
    }

    private <T> void set(String key, Reader<T> reader, Function<T, Moitessier.Builder> setter) {
        made(key, reader, setter);
    }

    private <T, R> R made(String key, Reader<T> reader, Function<T, R> setter) {
        T value = read(key, reader);
        try {
            return setter.apply(value);
        } catch (IllegalArgumentException refused) {
            throw wrong(key, String.valueOf(refused.getMessage()));
        }
    }

    private <T> T read(String key, Reader<T> reader) {
        try {
            return reader.read(root, key);
        } catch (ConfigException unreadable) {
            String value = root.hasPath(key) ? root.getValue(key).render(ConfigRenderOptions.concise()) + ": " : "";
            throw wrong(key, value + unreadable.getMessage());
        }
    }

    private <E extends Enum<E>> Reader<E> oneOf(Class<E> type) {
        return (config, key) -> {
            String value = config.getString(key);
            List<String> choices = new ArrayList<>();
            for (E constant : type.getEnumConstants()) {
                String choice = constant.name().toLowerCase(Locale.ROOT);
                if (choice.equals(value)) {
                    return constant;
                }
                choices.add(choice);
            }
            throw wrong(key, '"' + value + "\" is none of " + choices);
        };
    }

    private static StoreException.Misconfigured wrong(String key, String why) {
        return new StoreException.Misconfigured(ROOT + '.' + key + ": " + why, null);
    }

    // ------------------------------------------------------------ keys

    private void checkKeys() {
        ConfigObject known = reference();
        List<String> unknown = new ArrayList<>();
        checkNode(root.root(), known, ROOT + '.', unknown);
        String instances = ROOT + '.' + INSTANCES;
        if (root.root().get(INSTANCES) instanceof ConfigObject byName) {
            byName.forEach((name, instance) -> {
                String path = instances + '.' + ConfigUtil.joinPath(name);
                if (instance instanceof ConfigObject keys) {
                    checkNode(keys, known, path + '.', unknown);
                } else {
                    unknown.add(path + " is a section: { store = … }");
                }
            });
        } else {
            unknown.add(instances + " is a section: { name { store = … } }");
        }
        if (!unknown.isEmpty()) {
            throw new StoreException.Misconfigured("unknown configuration: " + String.join("; ", unknown), null);
        }
    }

    /** The keys of one node: those of the reference, its prefixes with retention, and sections of stores without reference. */
    @SuppressWarnings("ReferenceEquality") // the root itself, not one like it
    private void checkNode(ConfigObject keys, ConfigObject known, String path, List<String> unknown) {
        keys.forEach((key, value) -> {
            String name = path + ConfigUtil.joinPath(key);
            ConfigValue reference = known.get(key);
            if (key.equals(INSTANCES)) {
                if (keys != root.root()) {
                    unknown.add(name + ": an instance has no instances");
                }
            } else if (key.equals(RETENTION) && value instanceof ConfigObject prefixes) {
                ConfigObject shape = section(section(known, RETENTION), DEFAULT);
                prefixes.forEach(
                        (prefix, limits) -> check(limits, shape, name + '.' + ConfigUtil.joinPath(prefix), unknown));
            } else if (reference != null) {
                check(value, reference, name, unknown);
            } else if (!stores.containsKey(key)) {
                unknown.add(describe(name, key, known));
            }
        });
    }

    private void check(ConfigValue value, ConfigValue reference, String path, List<String> unknown) {
        if (reference instanceof ConfigObject known) {
            if (value instanceof ConfigObject keys) {
                keys.forEach((key, below) -> {
                    String name = path + '.' + ConfigUtil.joinPath(key);
                    ConfigValue knownBelow = known.get(key);
                    if (knownBelow == null) {
                        unknown.add(describe(name, key, known));
                    } else {
                        check(below, knownBelow, name, unknown);
                    }
                });
            } else {
                unknown.add(path + " is a section, with the keys " + new TreeSet<>(known.keySet()));
            }
        } else if (value instanceof ConfigObject) {
            unknown.add(path + " is a value, not a section");
        }
    }

    private static String describe(String path, String key, ConfigObject known) {
        String near = nearest(key, known);
        return path + (near == null ? "" : " (did you mean " + near + "?)") + ", the keys here are "
                + new TreeSet<>(known.keySet());
    }

    private static @Nullable String nearest(String key, ConfigObject known) {
        String nearest = null;
        int least = 3; // more typing errors are another word
        for (String candidate : known.keySet()) {
            int distance = distance(key, candidate);
            if (distance < least) {
                least = distance;
                nearest = candidate;
            }
        }
        return nearest;
    }

    /** Letters to insert, delete or replace (Levenshtein). */
    private static int distance(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
            }
        }
        return row[b.length()];
    }

    /** Unresolved, so that keys without a default ({@code url = ${?…}}) are there too. */
    private static ConfigObject reference() {
        return section(ConfigFactory.parseResources(loader(), "reference.conf").root(), ROOT);
    }

    /** A section that {@code reference.conf} has. */
    private static ConfigObject section(ConfigObject parent, String key) {
        return (ConfigObject) Objects.requireNonNull(parent.get(key), key);
    }

    // ------------------------------------------------------------ stores

    private void findStores() {
        Iterator<StoreProvider> providers =
                ServiceLoader.load(StoreProvider.class, loader()).iterator();
        while (true) {
            try {
                if (!providers.hasNext()) {
                    return;
                }
                StoreProvider provider = providers.next();
                StoreProvider other = stores.put(provider.name(), provider);
                if (other != null && other.getClass() != provider.getClass()) {
                    throw new StoreException.Misconfigured(
                            "two stores are named " + provider.name() + ": "
                                    + other.getClass().getName() + " and "
                                    + provider.getClass().getName(),
                            null);
                }
            } catch (ServiceConfigurationError broken) {
                brokenStores.add(String.valueOf(broken.getMessage()));
            }
        }
    }

    private static ClassLoader loader() {
        ClassLoader ofThread = Thread.currentThread().getContextClassLoader();
        return ofThread != null ? ofThread : Configured.class.getClassLoader();
    }
}
