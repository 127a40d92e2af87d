package dev.moitessier.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Core and the kit know stores by their contract: none is named there but memory, be it in code, in a comment or in a dependency. */
class NoStoreIsNamedTest {
    private static final Path ROOT = Path.of("").toAbsolutePath().getParent();

    /** As a word, or as a part of a name in camel case. */
    private static final Pattern STORE = Pattern.compile(
            "(?<![a-zA-Z])(?i:postgres|redis|valkey|jedis|datastore|firestore|sqlite|jdbc|jdbi)|(?<=[a-z])(?:Postgres|Redis|Valkey|Datastore|Firestore|Sqlite|SQLite|Jdbc)");

    @ParameterizedTest
    @ValueSource(strings = {"moitessier-core", "store-testkit"})
    void noStoreButMemoryIsNamed(String module) throws IOException {
        List<Path> files = new ArrayList<>(List.of(ROOT.resolve(module).resolve("pom.xml")));
        try (Stream<Path> sources = Files.walk(ROOT.resolve(module).resolve("src/main"))) {
            sources.filter(Files::isRegularFile).forEach(files::add);
        }
        List<String> named = new ArrayList<>();
        for (Path file : files) {
            Files.readAllLines(file).stream()
                    .filter(line -> STORE.matcher(line).find())
                    .forEach(line -> named.add(ROOT.relativize(file) + ": " + line.strip()));
        }
        assertThat(files).hasSizeGreaterThan(20);
        assertThat(named).isEmpty();
    }
}
