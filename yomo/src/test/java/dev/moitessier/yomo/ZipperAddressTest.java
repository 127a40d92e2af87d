package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ZipperAddressTest {
    @ParameterizedTest
    @CsvSource({
        "zipper:9001, zipper, 9001",
        "zipper, zipper, 9000",
        ":9001, localhost, 9001",
        "zipper:, zipper, 9000",
        "[::1]:9001, ::1, 9001",
        "[::1], ::1, 9000"
    })
    void asInGo(String text, String host, int port) {
        assertThat(ZipperAddress.parse(text)).isEqualTo(new ZipperAddress(host, port));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "zipper:x", "zipper:0", "zipper:65536", "[::1", "[::1]9000", "::1", " zipper:1"})
    void anythingElseIsRefusedByName(String text) {
        assertThatThrownBy(() -> ZipperAddress.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"" + text + "\"");
    }
}
