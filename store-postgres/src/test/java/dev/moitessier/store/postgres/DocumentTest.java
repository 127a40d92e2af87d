package dev.moitessier.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** {@code docs/store-postgres.md} says what the server takes, and what the code says. */
final class DocumentTest {
    private static String section(String title) throws IOException {
        String text = Files.readString(Path.of("..", "docs", "store-postgres.md"));
        Matcher section =
                Pattern.compile("(?ms)^##+ " + title + "$(.*?)(?=^##|\\z)").matcher(text);
        assertThat(section.find()).as("section " + title).isTrue();
        return section.group(1);
    }

    private static String sql(String title) throws IOException {
        Matcher block = Pattern.compile("(?s)```sql\n(.*?)```").matcher(section(title));
        assertThat(block.find()).as("SQL in " + title).isTrue();
        return block.group(1);
    }

    private static List<String> statements(String sql) {
        return Pattern.compile(";\\s*")
                .splitAsStream(sql.replaceAll("(?m)--.*$", ""))
                .map(each -> each.replaceAll("\\s+", " ").strip())
                .filter(each -> !each.isEmpty())
                .toList();
    }

    @Test
    void everyQueryForMonitoringRuns() throws Exception {
        List<String> queries = statements(sql("Monitoring"));
        assertThat(queries).hasSizeGreaterThan(6);
        try (Scratch scratch = new Scratch()) {
            PostgresStore store = scratch.store();
            store.open(UUID.randomUUID(), Duration.ofMinutes(1));
            Scratch.hear(store, "room");
            Scratch.stored(store, Scratch.say("room", "m"));
            for (String query : queries) {
                scratch.text("select count(*) from (" + query + ") q");
            }
            assertThat(scratch.text(queries.get(0))).isEqualTo("room");
            assertThat(scratch.number("select behind from (" + queries.get(1) + ") q"))
                    .isEqualTo(1);
        }
    }

    @Test
    void theGrantsAreThoseThatArePrinted() throws Exception {
        assertThat(Set.copyOf(statements(sql("Grants"))))
                .isEqualTo(Set.copyOf(statements(PostgresStore.grantsSql("app").replace("\"", ""))));
    }

    @Test
    void everySettingIsInTheTable() throws Exception {
        String table = section("Set-up");
        ConfigFactory.defaultReference()
                .getConfig("moitessier.postgres")
                .root()
                .keySet()
                .forEach(key -> assertThat(table).contains("`" + key + "`"));
    }
}
