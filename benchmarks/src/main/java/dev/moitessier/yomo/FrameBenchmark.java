package dev.moitessier.yomo;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A data frame with 200 bytes of payload and the metadata of a source. In the package of the codec, which is not public.
 * {@code frame} makes the frame's three objects and nothing else: what a decoded frame cannot do without.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class FrameBenchmark {
    private final byte[] payload = new byte[200];
    private final byte[] metadata = Metadata.encode(
            Map.of(Metadata.SOURCE_ID, ZipperClient.randomId(), Metadata.TRANSACTION_ID, ZipperClient.randomId()));
    private final Frame.Data data = new Frame.Data(0x20, metadata, payload);
    private final byte[] encoded = FrameCodec.encode(data);
    private final ByteBuf stream = Unpooled.directBuffer().writeBytes(encoded);

    @Setup
    public void agree() {
        Frame.Data decoded = (Frame.Data) decode();
        if (!Arrays.equals(decoded.payload(), payload) || !Arrays.equals(decoded.metadata(), metadata)) {
            throw new IllegalStateException("decoded otherwise than encoded");
        }
    }

    @Benchmark
    public byte[] encode() {
        return FrameCodec.encode(data);
    }

    /** The array of an encoded frame. */
    @Benchmark
    public byte[] encodedArray() {
        return encoded.clone();
    }

    @Benchmark
    public Object decode() {
        stream.readerIndex(0);
        return FrameCodec.decode(stream, FrameCodec.packetLength(stream, 4 << 20));
    }

    @Benchmark
    public Object frame() {
        return new Frame.Data(0x20, metadata.clone(), payload.clone());
    }
}
