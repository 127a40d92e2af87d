package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MetadataTest {
    @Test
    void mapsOfAnySizeComeBack() {
        for (int size : new int[] {0, 1, 2, 15, 16, 17, 300}) {
            Map<String, String> metadata = new LinkedHashMap<>();
            for (int i = 0; i < size; i++) {
                metadata.put("key " + i, "v".repeat(i));
            }
            assertThat(Metadata.decode(Metadata.encode(metadata))).isEqualTo(metadata);
        }
    }

    @Test
    void nilIsNothingAndBinIsText() {
        assertThat(Metadata.decode(HexFormat.of().parseHex("c0"))).isEmpty();
        assertThat(Metadata.decode(HexFormat.of().parseHex("82a161c0a162c40178")))
                .isEqualTo(Map.of("a", "", "b", "x"));
        assertThat(Metadata.decode(HexFormat.of().parseHex("df00000001a161a162")))
                .isEqualTo(Map.of("a", "b"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "01",
                "91a161",
                "81",
                "81a1",
                "81a161",
                "81a16101",
                "8101a161",
                "dfffffffff",
                "df7fffffff",
                "de",
                "81dbffffffff",
                "81db7fffffff",
                "81d9ff61",
                "80c0",
                "81a1ffa161"
            })
    void anythingElseIsOneTypedError(String hex) {
        assertThatThrownBy(() -> Metadata.decode(HexFormat.of().parseHex(hex)))
                .isInstanceOf(ZipperException.MalformedFrame.class)
                .hasMessageContaining("metadata");
    }
}
