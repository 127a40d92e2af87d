package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.psig.Signalling;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The byte examples of {@code docs/protocol.md}. */
final class ProtocolDocTest {
    @Test
    @DisplayName("each example decodes to what its line says, and those to clients encode to the same bytes")
    void examples() throws Exception {
        String text = Files.readString(Path.of("../docs/protocol.md"));
        int start = text.indexOf("```signalling\n") + "```signalling\n".length();
        List<String> lines =
                text.substring(start, text.indexOf("```", start)).lines().toList();
        assertThat(lines).hasSize(9);
        for (String line : lines) {
            String[] parts = line.split("\\s+");
            byte[] bytes = HexFormat.of().parseHex(parts[2]);
            Signalling signalling = Signalling.decode(bytes);
            assertThat(signalling.isData() ? "data" : signalling.opCode()).isEqualTo(parts[1]);
            assertThat(signalling.channel()).isEqualTo("room");
            if (parts[0].equals("S>C")) {
                assertThat(signalling.encode()).isEqualTo(bytes);
                assertThat(signalling.meshId()).isEqualTo("m1");
            } else {
                assertThat(signalling.cid()).isEmpty();
            }
        }
        // "82 b8" and "82 2d" in the text: the lengths of the first two.
        assertThat(lines.get(0).split("\\s+")[2].length() / 2).isEqualTo(0xb8 - 0x80);
        assertThat(lines.get(1).split("\\s+")[2].length() / 2).isEqualTo(0x2d);
    }
}
