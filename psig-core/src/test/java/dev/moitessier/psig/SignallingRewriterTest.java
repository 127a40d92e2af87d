package dev.moitessier.psig;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.psig.Vectors.Vector;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
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
        return Stream.of("signallings.tsv", "decoded.tsv", "replies.tsv")
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

    /** Messages that are plain but for one value, which is longer than it need be, of another type, empty or not ASCII. */
    @Test
    void givesTheShortestFormsInGoOrder() {
        List<String> keys = List.of("t", "op", "c", "sid", "pl", "p", "app", "mesh");
        for (String odd : keys) {
            for (int length : new int[] {0, 1, 30, 31, 32, 33, 254, 255, 256, 257, 65_535, 65_536}) {
                for (int form = 0; form < 8; form++) {
                    for (String content : List.of("a".repeat(length), "é".repeat(length / 2))) {
                        ByteArrayOutputStream message = new ByteArrayOutputStream();
                        message.write(0x88);
                        for (String key : keys) {
                            message.write(0xa0 + key.length());
                            message.writeBytes(key.getBytes(UTF_8));
                            if (key.equals(odd)) {
                                write(message, form, content.getBytes(UTF_8));
                            } else {
                                write(message, key.equals("pl") ? 4 : 0, new byte[] {'x'});
                            }
                        }
                        Laws.hold(message.toByteArray());
                    }
                }
            }
        }
    }

    /** 0 to 3: fixstr, str8, str16, str32; 4 to 6: bin8, bin16, bin32; 7: nil. The next wider one where it does not fit. */
    private static void write(ByteArrayOutputStream out, int form, byte[] content) {
        int length = content.length;
        switch (form) {
            case 0 -> {
                if (length > 31) {
                    write(out, 1, content);
                    return;
                }
                out.write(0xa0 + length);
            }
            case 1, 4 -> {
                if (length > 255) {
                    write(out, form + 1, content);
                    return;
                }
                out.writeBytes(new byte[] {(byte) (form == 1 ? 0xd9 : 0xc4), (byte) length});
            }
            case 2, 5 -> {
                if (length > 65_535) {
                    write(out, form + 1, content);
                    return;
                }
                out.writeBytes(new byte[] {(byte) (form == 2 ? 0xda : 0xc5), (byte) (length >> 8), (byte) length});
            }
            case 3, 6 -> {
                out.write(form == 3 ? 0xdb : 0xc6);
                out.writeBytes(ByteBuffer.allocate(4).putInt(length).array());
            }
            default -> {
                out.write(0xc0);
                return;
            }
        }
        out.writeBytes(content);
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
            byte[] cut = Arrays.copyOf(whole, length);
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
