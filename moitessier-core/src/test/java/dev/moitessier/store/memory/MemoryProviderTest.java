package dev.moitessier.store.memory;

import static dev.moitessier.store.memory.Given.append;
import static dev.moitessier.store.memory.Given.join;
import static dev.moitessier.store.memory.Given.read;
import static dev.moitessier.store.memory.Given.session;
import static dev.moitessier.store.memory.Given.shared;
import static dev.moitessier.store.memory.Given.stored;
import static dev.moitessier.store.memory.Given.texts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.StoreProvider;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

class MemoryProviderTest {
    private final StoreProvider provider = ServiceLoader.load(StoreProvider.class).stream()
            .map(ServiceLoader.Provider::get)
            .filter(each -> each.name().equals("memory"))
            .findFirst()
            .orElseThrow();

    @Test
    void opensAStoreFromItsDefaults() {
        try (MailboxStore one = provider.open(config(""));
                MailboxStore two = provider.open(config(""))) {
            join(one, shared("room"), "s1", session(one));
            assertThat(one.scopes("", null, 10)).containsExactly("room");
            assertThat(two.scopes("", null, 10)).isEmpty();
        }
    }

    @Test
    void storesWithOneSpaceNameMeetUntilTheLastIsClosed() {
        Config config = config("space = meeting-point");
        MailboxStore one = provider.open(config);
        try (MailboxStore two = provider.open(config)) {
            join(one, shared("room"), "s1", session(one));
            one.close();
            one.close();
            try (MailboxStore three = provider.open(config)) {
                stored(three, append("room", "still here"));
            }
            assertThat(texts(read(two, "room", 0))).containsExactly("still here");
        }
        try (MailboxStore four = provider.open(config)) {
            assertThat(four.scopes("", null, 10)).isEmpty();
        }
    }

    @Test
    void namesTheKeyThatIsWrong() {
        assertThatThrownBy(() -> provider.open(config("max-entries = 0")))
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("moitessier.memory.max-entries must be at least 1: 0");
        try (MailboxStore store = provider.open(config("space = bounded, max-entries = 10"))) {
            assertThat(store.scopes("", null, 10)).isEmpty();
            assertThatThrownBy(() -> provider.open(config("space = bounded, max-entries = 11")))
                    .isInstanceOf(StoreException.Misconfigured.class)
                    .hasMessageContaining("max-entries is 11, but the space \"bounded\" was opened with 10");
        }
    }

    private static Config config(String own) {
        return ConfigFactory.parseString(own)
                .withFallback(ConfigFactory.defaultReference().getConfig("moitessier.memory"));
    }
}
