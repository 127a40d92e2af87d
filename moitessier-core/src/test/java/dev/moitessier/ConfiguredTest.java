package dev.moitessier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.memory.MemoryStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfiguredTest {
    private static Config config(String hocon) {
        return ConfigFactory.parseString(hocon);
    }

    @Test
    void nothingConfiguredIsANodeInMemory() {
        try (Moitessier node = Moitessier.open(ConfigFactory.empty())) {
            assertThat(node.store(MemoryStore.class)).isNotNull();
        }
    }

    @Test
    void theReferenceSaysTheDefaultsOfTheBuilder() {
        try (Moitessier configured = Moitessier.open(ConfigFactory.empty());
                Moitessier plain = Moitessier.on(new MemoryStore())) {
            assertThat(configured).hasToString(plain.toString());
        }
    }

    @Test
    void everyKeyReachesTheNode() {
        Config all = config("""
                moitessier {
                  lease = 7s, keep = 2d, call-timeout = 4s, in-flight = 5, overflow = fail
                  listen { interval = 300ms, batch = 9, on-failure = retry }
                  retention { default { age = 1d, count = 77 }, "room/" { count = 5 } }
                  memory.max-entries = 3
                }""");
        try (Moitessier node = Moitessier.open(all)) {
            assertThat(node.toString())
                    .contains("PT7S", "PT48H", "PT4S", "inFlight=5", "FAIL", "PT0.3S", "9", "RETRY")
                    .contains("room/", "77", "count=5");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            moitessier.store = redsi                        | moitessier.store | "redsi" | memory
            moitessier.stroe = memory                       | moitessier.stroe | did you mean store | call-timeout
            moitessier.memory.max-entires = 3               | moitessier.memory.max-entires | max-entries | space
            moitessier.lease = soon                         | moitessier.lease | soon | duration
            moitessier.lease = 0s                           | moitessier.lease | longer than zero | PT0S
            moitessier.in-flight = many                     | moitessier.in-flight | many | NUMBER
            moitessier.in-flight = 0                        | moitessier.in-flight | at least 1 | 0
            moitessier.overflow = drop                      | moitessier.overflow | "drop" | [wait, fail]
            moitessier.listen.on-failure = panic            | moitessier.listen.on-failure | "panic" | [stop, retry, skip]
            moitessier.listen.intervall = 3s                | moitessier.listen.intervall | did you mean interval | batch
            moitessier.listen = 3                           | moitessier.listen | section | interval
            moitessier.lease.seconds = 3                    | moitessier.lease | value | section
            moitessier.retention.default.count = 0          | moitessier.retention.default | at least 1 | 0
            moitessier.retention."room/".days = 3           | moitessier.retention."room/".days | age | count
            moitessier.instances.orders.stroe = memory      | moitessier.instances.orders.stroe | did you mean store | lease
            moitessier.instances = 3                        | instances | section | {
            moitessier.memory.max-entries = 0               | moitessier.memory.max-entries | at least 1 | 0
            """)
    void aMistakeIsOneErrorThatNamesTheKeyAndTheChoices(String mistake, String key, String what, String choices) {
        assertThatExceptionOfType(StoreException.Misconfigured.class)
                .isThrownBy(() -> Moitessier.open(config(mistake)).close())
                .withMessageContaining(key)
                .withMessageContaining(what)
                .withMessageContaining(choices);
    }

    @Test
    void allUnknownKeysAreNamedAtOnce() {
        assertThatExceptionOfType(StoreException.Misconfigured.class)
                .isThrownBy(() -> Moitessier.builder(config("moitessier { a = 1, b { c = 2 }, instances.x.d = 3 }")))
                .withMessageContaining("moitessier.a")
                .withMessageContaining("moitessier.b")
                .withMessageContaining("moitessier.instances.x.d");
    }

    /** The comment above a key is its documentation, and {@code ${?…}} names its variable. */
    @Test
    void everyKeyOfTheReferenceIsDocumentedAndNamesItsVariable() throws IOException {
        String reference;
        try (InputStream file = Moitessier.class.getResourceAsStream("/reference.conf")) {
            reference = new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
        List<String> path = new ArrayList<>();
        List<String> keys = new ArrayList<>();
        String before = "";
        Pattern open = Pattern.compile("([\\w-]+) \\{");
        Pattern variable = Pattern.compile("([\\w-]+) = \\$\\{\\?(\\w+)}");
        Pattern value = Pattern.compile("([\\w-]+) = [^$].*");
        for (String each : reference.lines().map(String::strip).toList()) {
            Matcher section = open.matcher(each);
            Matcher fromEnvironment = variable.matcher(each);
            Matcher byDefault = value.matcher(each);
            if (section.matches()) {
                path.add(section.group(1));
            } else if (each.equals("}")) {
                path.remove(path.size() - 1);
            } else if (fromEnvironment.matches()) {
                String key = String.join(".", path) + '.' + fromEnvironment.group(1);
                assertThat(fromEnvironment.group(2))
                        .isEqualTo(
                                key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_'));
                assertThat(before).as("default of " + key).startsWith(fromEnvironment.group(1) + " =");
                keys.add(key);
            } else if (byDefault.matches()) {
                boolean documented = before.startsWith("#") || path.contains("retention");
                assertThat(documented).as("a comment above " + each).isTrue();
            }
            before = each;
        }
        assertThat(keys).hasSize(13).contains("moitessier.store", "moitessier.memory.max-entries");
    }

    @Test
    void anEnvironmentVariableWinsOverEachKeyItNames() {
        Config layer = Configured.environment(
                ConfigFactory.defaultReference(),
                Map.of(
                        "MOITESSIER_LISTEN_ON_FAILURE", "skip",
                        "MOITESSIER_MEMORY_MAX_ENTRIES", "7",
                        "MOITESSIER_SPELT_WRONG", "x",
                        "PATH", "/bin"));
        assertThat(layer).isEqualTo(config("moitessier { listen.on-failure = skip, memory.max-entries = \"7\" }"));
    }

    /** Says which store space it got and what it knows. */
    public static final class Program {
        public static void main(String[] args) {
            try (Moitessier node = Moitessier.open()) {
                System.out.println(node);
            } catch (StoreException.Misconfigured wrong) {
                System.out.println("wrong: " + wrong.getMessage());
            }
        }
    }

    @Test
    void propertiesWinOverTheEnvironmentAndThatOverTheApplicationsFile(@TempDir Path classes) throws Exception {
        Files.writeString(
                classes.resolve("application.conf"), "moitessier { lease = 5s, keep = 5d, call-timeout = 5s }");
        String printed = run(
                classes,
                List.of("-Dmoitessier.lease=6s"),
                Map.of("MOITESSIER_LEASE", "7s", "MOITESSIER_KEEP", "7d", "MOITESSIER_IN_FLIGHT", "77"));
        assertThat(printed)
                .contains("lease=PT6S")
                .contains("keep=PT168H")
                .contains("callTimeout=PT5S")
                .contains("inFlight=77");
        assertThat(run(classes, List.of(), Map.of("MOITESSIER_STORE", "postgers")))
                .contains("wrong: moitessier.store: \"postgers\"");
    }

    private static String run(Path classes, List<String> options, Map<String, String> environment) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(List.of(
                "-Xmx64m",
                "-cp",
                classes + java.io.File.pathSeparator + System.getProperty("java.class.path"),
                Program.class.getName()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).as(printed).isTrue();
        return printed;
    }
}
