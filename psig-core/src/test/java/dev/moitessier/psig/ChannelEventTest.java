package dev.moitessier.psig;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class ChannelEventTest {
    private static ChannelEvent decode(String hex) {
        return ChannelEvent.decode(ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", ""))));
    }

    @Test
    void aBrowserSendsJsonText() {
        assertThat(decode("82 a56576656e74 a36d7367 a464617461 a7 7b2278223a317d"))
                .isEqualTo(new ChannelEvent("msg", "{\"x\":1}"));
    }

    @Test
    void aBrowserThatSendsUndefinedSendsNil() {
        assertThat(decode("82 a56576656e74 a36d7367 a464617461 c0")).isEqualTo(new ChannelEvent("msg", ""));
    }

    @Test
    void decodesDirectAndReadOnlyBuffersWithoutMovingThem() {
        byte[] encoded = new ChannelEvent("é", "部屋").encode();
        ByteBuffer direct = ByteBuffer.allocateDirect(encoded.length + 3);
        direct.put(3, encoded).position(3);

        assertThat(ChannelEvent.decode(direct)).isEqualTo(new ChannelEvent("é", "部屋"));
        assertThat(ChannelEvent.decode(ByteBuffer.wrap(encoded).asReadOnlyBuffer()))
                .isEqualTo(new ChannelEvent("é", "部屋"));
        assertThat(direct.position()).isEqualTo(3);
    }

    @Test
    @SuppressWarnings("NullAway") // what a caller without null checking does
    void nullIsNoText() {
        assertThatNullPointerException()
                .isThrownBy(() -> new ChannelEvent(null, ""))
                .withMessage("event");
        assertThatNullPointerException()
                .isThrownBy(() -> new ChannelEvent("", null))
                .withMessage("data");
    }
}
