package dev.moitessier.psig;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.psig.Vectors.Vector;
import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SignallingRewriterTest {
    private static final List<String> VALUES = List.of("", "x", "é", "a".repeat(31), "a".repeat(32), "a".repeat(300));

    @ParameterizedTest
    @MethodSource("all")
    void givesWhatDecodeAndEncodeGive(Vector vector) {
        Laws.hold(vector.bytes(vector.columns().size() == 9 && !vector.isError() ? 8 : 0));
        Laws.hold(vector.bytes(0));
    }

    static List<Vector> all() {
        return java.util.stream.Stream.of("signallings.tsv", "decoded.tsv", "replies.tsv")
                .flatMap(file -> Vectors.of(file).stream())
                .toList();
    }

    @Test
    void changesEachFieldOfEachMessage() {
        for (int present = 0; present < 64; present++) {
            Signalling message = message(present);
            byte[] encoded = message.encode();
            for (int set = 0; set < 16; set++) {
                for (String value : VALUES) {
                    SignallingRewriter rewriter = SignallingRewriter.unchanged();
                    Signalling expected = message;
                    if ((set & 1) != 0) {
                        rewriter = rewriter.withSid(value);
                        expected = expected.withSid(value);
                    }
                    if ((set & 2) != 0) {
                        rewriter = rewriter.withCid(value);
                        expected = expected.withCid(value);
                    }
                    if ((set & 4) != 0) {
                        rewriter = rewriter.withAppId(value);
                        expected = expected.withAppId(value);
                    }
                    if ((set & 8) != 0) {
                        rewriter = rewriter.withMeshId(value);
                        expected = expected.withMeshId(value);
                    }
                    assertThat(rewriter.rewrite(encoded)).isEqualTo(expected.encode());
                }
            }
        }
    }

    private static Signalling message(int present) {
        Signalling s = Signalling.of("data", (present & 1) == 0 ? "" : "op", "room");
        s = (present & 2) == 0 ? s : s.withSid("sid");
        s = (present & 4) == 0 ? s : s.withPayload(new byte[300]);
        s = (present & 8) == 0 ? s : s.withCid("ada");
        s = (present & 16) == 0 ? s : s.withAppId("app");
        return (present & 32) == 0 ? s : s.withMeshId("mesh");
    }

    @Test
    void stampsWhatAClientSends() {
        SignallingRewriter stamp = SignallingRewriter.unchanged()
                .withSid("s1")
                .withCid("ada")
                .withAppId("shop")
                .withMeshId("m1");
        byte[] fromClient = {
            (byte) 0x83,
            (byte) 0xa1,
            't',
            (byte) 0xa4,
            'd',
            'a',
            't',
            'a',
            (byte) 0xa1,
            'c',
            (byte) 0xa1,
            'r',
            (byte) 0xa2,
            'p',
            'l',
            (byte) 0xc4,
            2,
            1,
            2
        };

        Signalling stamped = Signalling.decode(stamp.rewrite(fromClient));

        assertThat(stamped)
                .isEqualTo(Signalling.of("data", "", "r")
                        .withSid("s1")
                        .withPayload(new byte[] {1, 2})
                        .withCid("ada")
                        .withAppId("shop")
                        .withMeshId("m1"));
    }

    @Test
    void takesAnyBufferAndMovesNone() {
        byte[] message = message(63).encode();
        SignallingRewriter rewriter = SignallingRewriter.unchanged().withCid("grace");
        byte[] expected = message(63).withCid("grace").encode();
        for (ByteBuffer buffer : List.of(
                ByteBuffer.allocate(message.length + 9),
                ByteBuffer.allocateDirect(message.length + 9),
                ByteBuffer.allocate(message.length + 12).slice(3, message.length + 9))) {
            buffer.put(4, message).position(4).limit(4 + message.length);
            assertThat(rewriter.rewrite(buffer)).isEqualTo(expected);
            assertThat(rewriter.rewrite(buffer.asReadOnlyBuffer())).isEqualTo(expected);
            assertThat(buffer.position()).isEqualTo(4);
            assertThat(buffer.remaining()).isEqualTo(message.length);
        }
    }

    @Test
    void dropsUnknownKeys() {
        byte[] message = {
            (byte) 0x84,
            (byte) 0xa1,
            't',
            (byte) 0xa1,
            'd',
            (byte) 0xa1,
            'c',
            (byte) 0xa1,
            'r',
            (byte) 0xa1,
            'p',
            (byte) 0xa0,
            (byte) 0xa1,
            'x',
            (byte) 0x92,
            1,
            2
        };

        assertThat(SignallingRewriter.unchanged().rewrite(message))
                .isEqualTo(Signalling.of("d", "", "r").encode());
    }

    @Test
    void refusesWhatDecodeRefuses() {
        byte[] whole = message(63).encode();
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = java.util.Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> SignallingRewriter.unchanged().rewrite(cut))
                    .isInstanceOf(MalformedMessageException.class);
            assertThatThrownBy(() -> SignallingRewriter.unchanged().rewrite(ByteBuffer.wrap(cut)))
                    .isInstanceOf(MalformedMessageException.class);
        }
    }

    @Test
    void refusesAnUnpairedSurrogate() {
        SignallingRewriter rewriter = SignallingRewriter.unchanged();

        assertThatIllegalArgumentException().isThrownBy(() -> rewriter.withSid("\ud800"));
        assertThatIllegalArgumentException().isThrownBy(() -> rewriter.withCid("\ud800"));
        assertThatIllegalArgumentException().isThrownBy(() -> rewriter.withAppId("\ud800"));
        assertThatIllegalArgumentException().isThrownBy(() -> rewriter.withMeshId("\ud800"));
    }
}
