package dev.moitessier.prscd;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import com.typesafe.config.ConfigValueType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The {@code prscd} section. What may stand in it is what {@code reference.conf} has; a key that it lacks is an error. */
final class PrscdConfig {
    static final String ROOT = "prscd";

    /** Their keys are names that the application chooses; {@link RealmSettings} knows what may stand below. */
    private static final Set<String> NAMED = Set.of("realms", "channels");

    private PrscdConfig() {}

    /** System properties before the environment before {@code application.conf}; {@link #section} puts the reference below. */
    static Config ofTheProcess() {
        return ofTheProcess(System.getenv());
    }

    static Config ofTheProcess(Map<String, String> environment) {
        Config lifted = ConfigFactory.empty();
        for (Map.Entry<String, ConfigValue> entry : reference().entrySet()) {
            String key = ROOT + "." + entry.getKey();
            String variable = key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
            String value = environment.get(variable);
            if (value != null) {
                lifted =
                        lifted.withValue(key, ConfigValueFactory.fromAnyRef(value, "environment variable " + variable));
            }
        }
        return ConfigFactory.systemProperties().withFallback(lifted).withFallback(ConfigFactory.defaultApplication());
    }

    /** {@link IllegalArgumentException} that names the unknown keys if there are any. */
    static Config section(Config config) {
        try {
            Config section = config.withFallback(ConfigFactory.defaultReference())
                    .resolve()
                    .getConfig(ROOT);
            var unknown = new ArrayList<String>();
            collectUnknown(section.root(), reference().root(), "", unknown);
            if (!unknown.isEmpty()) {
                throw new IllegalArgumentException("unknown in the configuration: " + String.join(", ", unknown));
            }
            return section;
        } catch (ConfigException e) {
            throw new IllegalArgumentException("the configuration of prscd: " + e.getMessage(), e);
        }
    }

    private static Config reference() {
        return ConfigFactory.defaultReference().getConfig(ROOT);
    }

    private static void collectUnknown(ConfigObject present, ConfigObject known, String path, List<String> unknown) {
        for (String key : new TreeSet<>(present.keySet())) {
            ConfigValue reference = known.get(key);
            String full = path + key;
            if (reference == null) {
                unknown.add(ROOT + "." + full);
            } else if (!NAMED.contains(full)
                    && reference instanceof ConfigObject below
                    && present.get(key) instanceof ConfigObject presentBelow) {
                collectUnknown(presentBelow, below, full + ".", unknown);
            }
        }
    }

    /** A list, or a text with commas, as an environment variable has it. */
    static List<String> strings(Config section, String key) {
        if (section.getValue(key).valueType() != ConfigValueType.STRING) {
            return section.getStringList(key);
        }
        return List.of(section.getString(key).split("\\s*,\\s*", -1)).stream()
                .filter(each -> !each.isBlank())
                .toList();
    }
}
