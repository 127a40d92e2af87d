package dev.moitessier.benchmarks.psig;

import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.Signalling;
import dev.moitessier.psig.SignallingRewriter;
import java.io.IOException;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.msgpack.jackson.dataformat.MessagePackMapper;
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
 * One signalling of 100 bytes, as it passes between two prscd nodes: encoded, decoded, and rewritten for the peers of a
 * channel. The setup checks that all contenders give the same bytes.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class SignallingBenchmark {
    private static final int SIZE = 100;

    private Signalling signalling = sample();
    private byte[] encoded = signalling.encode();
    private SignallingRewriter rewriter =
            SignallingRewriter.unchanged().withSid("").withCid("grace").withAppId("");

    private ObjectWriter jacksonWriter = new MessagePackMapper().writerFor(JacksonSignalling.class);
    private ObjectReader jacksonReader = new MessagePackMapper().readerFor(JacksonSignalling.class);
    private JacksonSignalling jacksonSignalling = forJackson(signalling);

    static Signalling sample() {
        return Signalling.data("room/42", new ChannelEvent("cursor", "{\"x\":1024,\"y\":768}"))
                .withSid("7f3ac1d2")
                .withCid("ada")
                .withAppId("shop")
                .withMeshId("fra-1");
    }

    private static JacksonSignalling forJackson(Signalling s) {
        byte[] payload = new byte[s.payload().remaining()];
        s.payload().get(payload);
        return new JacksonSignalling(
                s.type(), s.opCode(), s.channel(), s.sid(), payload, s.cid(), s.appId(), s.meshId());
    }

    @Setup
    public void check() throws IOException {
        require(encoded.length == SIZE, "the sample has " + encoded.length + " bytes");
        require(Arrays.equals(encoded, jacksonEncode()), "Jackson writes other bytes");
        require(Arrays.equals(encoded, msgpackCoreEncode()), "msgpack-core writes other bytes");
        require(Arrays.equals(encoded, psigDecodeThenEncode()), "psig-core writes other bytes");
        byte[] changed = signalling.withSid("").withCid("grace").withAppId("").encode();
        require(Arrays.equals(changed, psigRewrite()), "the rewriter writes other bytes");
        require(psigDecode().equals(signalling), "the decoder reads another signalling");
        require(jacksonDecode().channel().equals(signalling.channel()), "Jackson reads another signalling");
        require(msgpackCoreDecode().channel().equals(signalling.channel()), "msgpack-core reads another signalling");
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException(otherwise);
        }
    }

    @Benchmark
    public byte[] psigEncode() {
        return signalling.encode();
    }

    @Benchmark
    public Signalling psigDecode() {
        return Signalling.decode(encoded);
    }

    @Benchmark
    public byte[] jacksonEncode() throws IOException {
        return jacksonWriter.writeValueAsBytes(jacksonSignalling);
    }

    @Benchmark
    public JacksonSignalling jacksonDecode() throws IOException {
        return jacksonReader.readValue(encoded);
    }

    @Benchmark
    public byte[] msgpackCoreEncode() throws IOException {
        return PlainMsgpack.encode(signalling);
    }

    @Benchmark
    public PlainMsgpack.Message msgpackCoreDecode() throws IOException {
        return PlainMsgpack.decode(encoded);
    }

    @Benchmark
    public byte[] psigRewrite() {
        return rewriter.rewrite(encoded);
    }

    /** Less than what the rewriter does, which changes three fields on the way. */
    @Benchmark
    public byte[] psigDecodeThenEncode() {
        return Signalling.decode(encoded).encode();
    }
}
