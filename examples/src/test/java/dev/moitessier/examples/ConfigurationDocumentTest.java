package dev.moitessier.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The table of keys in {@code docs/configuration.md} is the {@code reference.conf} of core. */
class ConfigurationDocumentTest {
    @Test
    void theTableHasEveryKeyWithItsDefault() throws IOException {
        Map<String, String> documented = new TreeMap<>();
        Path document = Path.of("").toAbsolutePath().resolveSibling("docs").resolve("configuration.md");
        Matcher row = Pattern.compile("^\\| `(moitessier\\.[\\w.-]+)` \\| `([^`]*)` \\|", Pattern.MULTILINE)
                .matcher(Files.readString(document));
        while (row.find()) {
            documented.put(row.group(1), row.group(2));
        }
        Config reference = ConfigFactory.defaultReference().withOnlyPath("moitessier");
        Map<String, String> keys = new TreeMap<>();
        reference.entrySet().forEach(entry -> {
            String value = reference.getString(entry.getKey());
            keys.put(entry.getKey(), value.isEmpty() ? "\"\"" : value);
        });
        assertThat(documented).isEqualTo(keys);
    }
}
