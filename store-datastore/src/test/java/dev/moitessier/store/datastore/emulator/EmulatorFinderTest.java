package dev.moitessier.store.datastore.emulator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class EmulatorFinderTest {
    @TempDir
    private Path folder;

    @Test
    void theEnvironmentHasTheLastWord() {
        assertThat(Emulator.roots(Map.of("CLOUDSDK_ROOT_DIR", "/sdk", "PATH", "/usr/bin", "HOME", "/home/ada")))
                .containsExactly(Path.of("/sdk"));
    }

    @Test
    void aCommandOnThePathIsFollowedToItsSdkAndComesFirst() throws IOException {
        Path bin = Files.createDirectories(folder.resolve("sdk/bin"));
        Path command = Files.createFile(bin.resolve("gcloud"));
        assertThat(command.toFile().setExecutable(true)).isTrue();
        Path path = Files.createDirectories(folder.resolve("path"));
        Files.createSymbolicLink(path.resolve("gcloud"), command);
        assertThat(Emulator.roots(Map.of("PATH", folder.resolve("empty") + ":" + path)))
                .first()
                .isEqualTo(folder.toRealPath().resolve("sdk"));
    }

    @Test
    void withoutACommandTheUsualFoldersAreLookedAt() {
        assertThat(Emulator.roots(Map.of("PATH", "/nowhere", "HOME", "/home/ada")))
                .contains(
                        Path.of("/usr/lib/google-cloud-sdk"),
                        Path.of("/snap/google-cloud-cli/current"),
                        Path.of("/home/ada/google-cloud-sdk"));
    }
}
