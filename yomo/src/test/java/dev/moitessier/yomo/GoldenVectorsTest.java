package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.yomo.Vectors.Vector;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Byte for byte what Go's own codec writes, and of what Go reads the same. */
class GoldenVectorsTest {
    private static final int MOST = 64 << 20;

    /** Where we answer otherwise than Go, and what. Every one of these must really differ. */
    private static final Map<String, String> DIFFERENT = Map.of(
            "data, a tag of five bytes", "error",
            "length of six bytes", "error",
            "not a node", "error",
            "handshake with a type of no bytes", "handshake - - 0 []");

    static List<Vector> data() {
        return Vectors.of("data.tsv");
    }

    static List<Vector> handshakes() {
        return Vectors.of("handshakes.tsv");
    }

    static List<Vector> messages() {
        return Vectors.of("messages.tsv");
    }

    static List<Vector> decoded() {
        return Vectors.of("decoded.tsv");
    }

    static List<Vector> metadata() {
        return Vectors.of("metadata.tsv");
    }

    @Test
    void thereAreEnough() {
        assertThat(data()).hasSizeGreaterThan(300);
        assertThat(handshakes()).hasSizeGreaterThan(15);
        assertThat(decoded()).hasSizeGreaterThan(40);
        assertThat(decoded().stream().map(Vector::name)).containsAll(DIFFERENT.keySet());
    }

    @ParameterizedTest
    @MethodSource("data")
    void data(Vector vector) {
        var frame = new Frame.Data(vector.number(0), vector.bytes(1), vector.bytes(2));

        assertThat(FrameCodec.encode(frame)).isEqualTo(vector.bytes(3));
        assertThat(text(decode(vector.bytes(3)))).isEqualTo(text(frame));
    }

    @ParameterizedTest
    @MethodSource("handshakes")
    void handshakes(Vector vector) {
        var frame = new Frame.Handshake(
                vector.text(0),
                vector.text(1),
                (byte) vector.number(2),
                vector.numbers(3),
                vector.text(4),
                vector.text(5),
                vector.text(6),
                vector.bytes(7),
                vector.text(8));

        assertThat(FrameCodec.encode((Frame) frame)).isEqualTo(vector.bytes(9));
        assertThat(decode(vector.bytes(9))).usingRecursiveComparison().isEqualTo(frame);
    }

    @ParameterizedTest
    @MethodSource("messages")
    void messages(Vector vector) {
        Frame frame =
                switch (vector.number(0)) {
                    case 0x29 -> new Frame.HandshakeAck();
                    case 0x2E -> new Frame.Goaway(vector.text(1));
                    case 0x39 -> new Frame.Rejected(vector.text(1));
                    case 0x3E -> new Frame.ConnectTo(vector.text(1));
                    default -> throw new AssertionError(vector);
                };

        assertThat(FrameCodec.encode(frame)).isEqualTo(vector.bytes(2));
        assertThat(decode(vector.bytes(2))).isEqualTo(frame);
    }

    @ParameterizedTest
    @MethodSource("decoded")
    void readsWhatGoReads(Vector vector) {
        String go = vector.columns().get(1);
        String expected = DIFFERENT.getOrDefault(vector.name(), go);

        assertThat(expected.equals(go)).isNotEqualTo(DIFFERENT.containsKey(vector.name()));
        if (expected.equals("error")) {
            assertThatThrownBy(() -> decode(vector.bytes(0))).isInstanceOf(ZipperException.MalformedFrame.class);
        } else {
            assertThat(text(decode(vector.bytes(0)))).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @MethodSource("metadata")
    void metadata(Vector vector) {
        Map<String, String> metadata = Map.of(vector.text(0), vector.text(1));

        assertThat(Metadata.encode(metadata)).isEqualTo(vector.bytes(2));
        assertThat(Metadata.decode(vector.bytes(2))).isEqualTo(metadata);
    }

    /** A stream that ends with these bytes. */
    private static Frame decode(byte[] bytes) {
        ByteBuf in = Unpooled.wrappedBuffer(bytes);
        int length = FrameCodec.packetLength(in, MOST);
        if (length == FrameCodec.UNKNOWN_YET || length > in.readableBytes()) {
            throw new ZipperException.MalformedFrame("cut short");
        }
        Frame frame = FrameCodec.decode(in, length);
        assertThat(in.readerIndex()).isEqualTo(length);
        return frame;
    }

    private static String text(Frame frame) {
        if (frame instanceof Frame.Data data) {
            return "data " + Integer.toHexString(data.tag()) + " " + Vectors.fold(data.metadata()) + " "
                    + Vectors.fold(data.payload());
        } else if (frame instanceof Frame.Handshake handshake) {
            return "handshake " + folded(handshake.name()) + " " + folded(handshake.id()) + " "
                    + Integer.toHexString(handshake.clientType()) + " ["
                    + Arrays.stream(handshake.observedTags())
                            .mapToObj(Integer::toHexString)
                            .collect(Collectors.joining(","))
                    + "]";
        } else if (frame instanceof Frame.Rejected rejected) {
            return "rejected " + folded(rejected.message());
        } else if (frame instanceof Frame.Goaway goaway) {
            return "goaway " + folded(goaway.message());
        } else if (frame instanceof Frame.ConnectTo connectTo) {
            return "connectTo " + folded(connectTo.endpoint());
        }
        return "ack";
    }

    private static String folded(String text) {
        return Vectors.fold(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    /** The examples of the protocol's description, by hand. */
    @Test
    void theExamplesOfTheProtocol() {
        assertThat(hex(new Frame.Data(0x15, "metadata".getBytes(), "yomo".getBytes())))
                .isEqualTo("bf1301011503086d65746164617461" + "0204796f6d6f");
        assertThat(hex(new Frame.HandshakeAck())).isEqualTo("a900");
        assertThat(hex(new Frame.Handshake(
                        "psig-sfn", "id-0", (byte) 0x5D, new int[] {0x20}, "", "", "2024-01-03", new byte[0], "")))
                .isEqualTo("b12d0108707369672d73666e030469642d3002015d060420000000040005000"
                        + "70a323032342d30312d303309000800");
    }

    private static String hex(Frame frame) {
        return HexFormat.of().formatHex(FrameCodec.encode(frame));
    }
}
