package com.example.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.moitessier.Conditions;
import dev.moitessier.Listener;
import dev.moitessier.Message;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.Since;
import dev.moitessier.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code moitessier.store = sqlite}, as who uses the store writes it. */
class SqliteProviderTest {
    @TempDir
    private Path directory;

    private Moitessier open(String file) {
        return Moitessier.open(
                ConfigFactory.parseMap(Map.of("moitessier.store", "sqlite", "moitessier.sqlite.file", file)));
    }

    @Test
    void oneLineOfConfigurationChoosesIt() {
        String file = directory.resolve("store.db").toString();
        try (Moitessier ada = open(file);
                Moitessier bob = open(file);
                Listener room = ada.listen(Conditions.shared(Person.of("ada"), "room/42"))) {
            bob.dispatch(Person.of("bob"), "room/42", "hello");
            assertThat(room.messages(Since.beginning(), 10))
                    .extracting(Message::text)
                    .containsExactly("hello");
            assertThat(ada.store(SqliteStore.class).capabilities().store()).isEqualTo("sqlite");
        }
    }

    @Test
    void withoutAFileTheMessageNamesTheKey() {
        assertThatThrownBy(() -> open(""))
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("moitessier.sqlite.file");
    }

    @Test
    void aFileOfAnotherKindIsRefused() throws IOException {
        Path text = Files.writeString(directory.resolve("notes.txt"), "not a database, but long enough. ".repeat(100));
        assertThatThrownBy(() -> open(text.toString()))
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("moitessier.sqlite.file");
    }

    @Test
    void theFileOfAnotherApplicationIsRefused() throws SQLException {
        Path file = directory.resolve("theirs.db");
        try (var connection = DriverManager.getConnection("jdbc:sqlite:" + file)) {
            connection.createStatement().execute("create table theirs (x)");
        }
        assertThatThrownBy(() -> open(file.toString()))
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining("another application");
    }

    @Test
    void aDirectoryThatIsNotThereIsUnavailable() {
        assertThatThrownBy(() -> open(directory.resolve("no/store.db").toString()))
                .isInstanceOf(StoreException.class);
    }
}
