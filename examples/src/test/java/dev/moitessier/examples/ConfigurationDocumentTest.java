package dev.moitessier.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The tables of keys in {@code docs/configuration.md} are the {@code reference.conf} of the modules. */
class ConfigurationDocumentTest {
    @ParameterizedTest
    @ValueSource(strings = {"moitessier", "prscd"})
    void theTableHasEveryKeyWithItsDefault(String root) throws IOException {
        Map<String, String> documented = new TreeMap<>();
        Path document = Path.of("").toAbsolutePath().resolveSibling("docs").resolve("configuration.md");
        Matcher row = Pattern.compile("^\\| `(" + root + "\\.[\\w.-]+)` \\| `([^`]*)` \\|", Pattern.MULTILINE)
                .matcher(Files.readString(document));
        while (row.find()) {
            documented.put(row.group(1), row.group(2));
        }
        // What a store of somebody else and the kit bring is documented with them.
        Config reference = ConfigFactory.defaultReference()
                .withOnlyPath(root)
                .withoutPath("moitessier.sqlite")
                .withoutPath("moitessier.testkit");
        Map<String, String> keys = new TreeMap<>();
        reference.entrySet().forEach(entry -> keys.put(entry.getKey(), shown(entry.getValue())));
        assertThat(keys).isNotEmpty();
        assertThat(documented).isEqualTo(keys);
    }

    private static String shown(ConfigValue value) {
        boolean text = value.valueType() == ConfigValueType.STRING;
        String shown = text ? String.valueOf(value.unwrapped()) : value.render(ConfigRenderOptions.concise());
        return shown.isEmpty() ? "\"\"" : shown;
    }
}
