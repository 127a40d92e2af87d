package dev.moitessier.store.datastore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.Conditions;
import dev.moitessier.ListenOptions;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.datastore.emulator.Emulator;
import dev.moitessier.store.datastore.emulator.OnEmulator;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@OnEmulator(Emulator.Kind.DATASTORE)
final class DatastoreProviderTest {
    private static Config config(String more) throws Exception {
        Emulator emulator = Emulator.shared(Emulator.Kind.DATASTORE);
        String ours = "moitessier.datastore { emulator-host = \"" + emulator.host() + ":" + emulator.port()
                + "\", project = provider, namespace = " + Scratch.namespace() + " }";
        return ConfigFactory.parseString(more)
                .withFallback(ConfigFactory.parseString(ours))
                .withFallback(ConfigFactory.load())
                .resolve();
    }

    @Test
    void twoLinesOfConfigurationAreEnough() throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        try (Moitessier moitessier =
                Moitessier.builder(config("moitessier.store = datastore")).build()) {
            Listener listener = moitessier.listen(Conditions.shared(Person.of("ada"), "room/42"));
            listener.subscribe(ListenOptions.defaults(), message -> heard.add(message.text()));
            moitessier.dispatch(Person.of("bob"), "room/42", "hello");
            Scratch.until("the message", Duration.ofSeconds(10), () -> heard.equals(List.of("hello")));
        }
    }

    @Test
    void namespacesAreApart() throws Exception {
        DatastoreProvider provider = new DatastoreProvider();
        try (MailboxStore one = provider.open(config("").getConfig("moitessier.datastore"));
                MailboxStore other = provider.open(config("").getConfig("moitessier.datastore"))) {
            Scratch.hear(one, "room");
            assertThat(one.scopes("", null, 10)).containsExactly("room");
            assertThat(other.scopes("", null, 10)).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({"call-limit, 1ms", "retention-pause, 8d", "time-to-live, 1s"})
    void aWrongValueIsOneErrorThatNamesTheKey(String key, String value) throws Exception {
        Config config = config("moitessier.datastore." + key + " = " + value).getConfig("moitessier.datastore");
        assertThatThrownBy(() -> new DatastoreProvider().open(config))
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("moitessier.datastore." + key);
    }

    @Test
    void whereNobodyAnswersItIsUnavailableAndSaysWhatItTried() throws Exception {
        Config config =
                config("moitessier.datastore.emulator-host = \"127.0.0.1:1\"").getConfig("moitessier.datastore");
        assertThatThrownBy(() -> new DatastoreProvider().open(config))
                .isInstanceOfSatisfying(StoreException.Unavailable.class, failure -> {
                    assertThat(failure.outcomeUnknown()).isFalse();
                    assertThat(failure).hasMessageContaining("open the store");
                });
    }
}
