package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A stream cut into pieces anywhere, and streams that are hostile. */
class FrameReaderTest {
    private static final int MOST = 4096;

    @Test
    void framesComeHoweverTheStreamIsCut() {
        byte[] stream = concatenated(
                new Frame.HandshakeAck(),
                new Frame.Data(0x20, new byte[0], new byte[100]),
                new Frame.Data(0xE001, "meta".getBytes(), new byte[0]),
                new Frame.Goaway("bye"),
                new Frame.Data(0x21, new byte[70], new byte[2000]));
        long seed = System.nanoTime();
        for (int round = 0; round < 300; round++) {
            Random random = new Random(seed + round);
            var channel = new EmbeddedChannel(new FrameReader(MOST));
            for (int at = 0; at < stream.length; ) {
                int length = Math.min(stream.length - at, round == 0 ? 1 : 1 + random.nextInt(1 + random.nextInt(900)));
                channel.writeInbound(Unpooled.copiedBuffer(stream, at, length));
                at += length;
            }
            List<Frame> frames = frames(channel);
            assertThat(frames).as("seed %d", seed + round).hasSize(5);
            assertThat(concatenated(frames.toArray(Frame[]::new))).isEqualTo(stream);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "00",
                "48545450",
                "8000",
                "ad06010115020161",
                "ff00",
                "bf7f",
                "bfffffffffff",
                "bf808080808001",
                "bfa001",
                "bf83ffffff7f",
                "bf060101150205aaaa",
                "bf050101150220",
                "b9030101ff",
                "be03010180",
                "bf0201000000",
                "bf07010500000000200000"
            })
    void whatIsNoFrameIsOneTypedError(String hex) {
        var channel = new EmbeddedChannel(new FrameReader(MOST));

        assertThatThrownBy(() -> {
                    channel.writeInbound(Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex)));
                    channel.checkException();
                })
                .isInstanceOf(ZipperException.MalformedFrame.class)
                .hasMessageStartingWith("not a YoMo frame: ");

        // Nothing that follows is taken for a frame.
        channel.writeInbound(Unpooled.wrappedBuffer(FrameCodec.encode(new Frame.Goaway("late"))));
        assertThat(frames(channel)).isEmpty();
    }

    @Test
    void theLongestFrameIsTakenAndOneByteMoreIsNot() {
        byte[] longest = FrameCodec.encode(new Frame.Data(0x20, new byte[0], new byte[MOST - 11]));
        byte[] longer = FrameCodec.encode(new Frame.Data(0x20, new byte[0], new byte[MOST - 10]));
        assertThat(longest).hasSize(MOST);

        var channel = new EmbeddedChannel(new FrameReader(MOST));
        channel.writeInbound(Unpooled.wrappedBuffer(longest));
        assertThat(frames(channel)).hasSize(1);

        assertThatThrownBy(() -> {
                    channel.writeInbound(Unpooled.wrappedBuffer(longer, 0, 5));
                    channel.checkException();
                })
                .isInstanceOf(ZipperException.MalformedFrame.class)
                .hasMessageContaining("no more than 4096");
    }

    @Test
    void aStreamThatEndsInsideAFrameIsAnError() {
        byte[] stream = concatenated(new Frame.Goaway("bye"), new Frame.Data(0x20, new byte[0], new byte[100]));
        for (int cut = stream.length - 1; cut > 6; cut--) {
            var channel = new EmbeddedChannel(new FrameReader(MOST));
            channel.writeInbound(Unpooled.copiedBuffer(stream, 0, cut));
            int length = cut;
            boolean atAnEnd = cut == FrameCodec.encode(new Frame.Goaway("bye")).length;
            assertThatNothingOr(
                    atAnEnd,
                    () -> {
                        channel.finish();
                        channel.checkException();
                    },
                    length);
        }
    }

    private static void assertThatNothingOr(boolean nothing, Runnable finish, int cut) {
        if (nothing) {
            finish.run();
        } else {
            assertThatThrownBy(finish::run)
                    .as("cut at %d", cut)
                    .isInstanceOf(ZipperException.MalformedFrame.class)
                    .hasMessageContaining("ended inside a frame");
        }
    }

    private static List<Frame> frames(EmbeddedChannel channel) {
        List<Frame> frames = new ArrayList<>();
        for (Frame frame = channel.readInbound(); frame != null; frame = channel.readInbound()) {
            frames.add(frame);
        }
        return frames;
    }

    private static byte[] concatenated(Frame... frames) {
        var stream = new java.io.ByteArrayOutputStream();
        for (Frame frame : frames) {
            stream.writeBytes(FrameCodec.encode(frame));
        }
        return stream.toByteArray();
    }
}
