package dev.moitessier.store.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.moitessier.store.Appended;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoreProvider;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Servers and configurations that are set up in their own way. */
final class ServerSettingsTest {
    private Scratch scratch;

    @BeforeEach
    void database() throws Exception {
        scratch = new Scratch();
    }

    @AfterEach
    void drop() throws Exception {
        scratch.close();
    }

    @Test
    void aStatementTimeoutEndsOnlyWhatIsStuck() throws Exception {
        PostgresStore.migrate(scratch.dataSource());
        scratch.execute("alter database " + scratch.database() + " set statement_timeout = '500ms'");
        PostgresStore store = scratch.closing(PostgresStore.create(scratch.dataSource()));
        Scratch.hear(store, "stuck");
        Scratch.hear(store, "free");
        try (Connection holder = scratch.dataSource().getConnection()) {
            holder.setAutoCommit(false);
            holder.createStatement().execute("select from moitessier.scope where name = 'stuck' for update");
            List<Appended> answers = store.append(List.of(Scratch.say("stuck", "m"), Scratch.say("free", "m")));
            assertThat(answers.get(0)).isInstanceOfSatisfying(Appended.Failed.class, failed -> {
                assertThat(failed.cause().retryable()).isTrue();
                assertThat(failed.cause().outcomeUnknown())
                        .as("nothing was written, and it is known")
                        .isFalse();
            });
            assertThat(answers.get(1)).isInstanceOf(Appended.Stored.class);
            holder.rollback();
        }
        Scratch.stored(store, Scratch.say("stuck", "m"));
    }

    @Test
    void migrationsMayTakeLongerThanCalls() throws Exception {
        scratch.execute(
                "alter database " + scratch.database() + " set statement_timeout = '1ms'",
                "alter database " + scratch.database() + " set lock_timeout = '1ms'");
        PostgresStore.migrate(scratch.dataSource());
        scratch.execute("set statement_timeout = 0", "alter database " + scratch.database() + " reset all");
        assertThat(scratch.number("select count(*) from pg_tables where schemaname = 'moitessier'"))
                .isGreaterThan(5);
    }

    @Test
    void itIsFoundByNameAndReadsItsConfiguration() throws Exception {
        StoreProvider provider = ServiceLoader.load(StoreProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(each -> each.name().equals("postgres"))
                .findFirst()
                .orElseThrow();
        Map<String, Object> said = Map.of(
                "moitessier.postgres.url",
                scratch.url(),
                "moitessier.postgres.user",
                "postgres",
                "moitessier.postgres.schema",
                "elsewhere",
                "moitessier.postgres.schema-mode",
                "migrate",
                "moitessier.postgres.retention",
                "90d",
                "moitessier.postgres.pool-size",
                2);
        var config = ConfigFactory.parseMap(said)
                .withFallback(ConfigFactory.defaultReference())
                .resolve();
        try (MailboxStore store = provider.open(config.getConfig("moitessier.postgres"))) {
            Scratch.hear(store, "room");
            Scratch.stored(store, Scratch.say("room", "m"));
        }
        assertThat(scratch.number("select count(*) from elsewhere.message")).isEqualTo(1);
    }

    @Test
    void wrongConfigurationNamesTheKeyAndTheChoices() {
        assertThatThrownBy(() -> open(Map.of()))
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("moitessier.postgres.url")
                .hasMessageContaining("MOITESSIER_POSTGRES_URL");
        assertThatThrownBy(() -> open(
                        Map.of("moitessier.postgres.url", scratch.url(), "moitessier.postgres.schema-mode", "maybe")))
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("schema-mode")
                .hasMessageContaining("NONE, VALIDATE, MIGRATE");
        assertThatThrownBy(() ->
                        open(Map.of("moitessier.postgres.url", scratch.url(), "moitessier.postgres.retention", "0s")))
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("moitessier.postgres.retention");
        assertThatThrownBy(() -> open(Map.of("moitessier.postgres.url", "mysql://nowhere")))
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("moitessier.postgres.url");
        assertThatThrownBy(() ->
                        open(Map.of("moitessier.postgres.url", scratch.url().replace(scratch.database(), "nowhere"))))
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("\"nowhere\" does not exist")
                .hasMessageContaining("moitessier.postgres.url");
    }

    private static MailboxStore open(Map<String, String> said) {
        var config = ConfigFactory.parseMap(said)
                .withFallback(ConfigFactory.defaultReference())
                .resolve();
        return new PostgresProvider().open(config.getConfig("moitessier.postgres"));
    }

    @Test
    void everyKeyHasItsVariable() throws Exception {
        String reference = new String(
                PostgresProvider.class.getResourceAsStream("/reference.conf").readAllBytes());
        ConfigFactory.defaultReference()
                .getConfig("moitessier.postgres")
                .root()
                .keySet()
                .forEach(key -> assertThat(reference)
                        .contains(key + " = ${?MOITESSIER_POSTGRES_"
                                + key.toUpperCase(Locale.ROOT).replace('-', '_') + "}"));
    }

    @Test
    void tlsIsTheDrivers() {
        assertThatThrownBy(() -> PostgresStore.builder(scratch.url() + "&sslmode=require", "postgres", null)
                        .callLimit(Duration.ofSeconds(1))
                        .open())
                .as("a server without TLS, and a URL that requires it")
                .isInstanceOf(StoreException.Unavailable.class)
                .hasMessageContaining("SSL");
    }
}
