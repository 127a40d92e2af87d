package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.moitessier.prscd.Await;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.PrscdFunction;
import dev.moitessier.psig.Signalling;
import dev.moitessier.testkit.TestCertificate;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Java functions and sources beside Go's, on a real zipper: processes over github.com/yomorun/yomo. */
@Timeout(60)
class RealZipperTest {
    private static final HexFormat HEX = HexFormat.of();

    @TempDir
    static Path directory;

    private static String address;
    private static GoProgram zipper;

    private final List<AutoCloseable> open = new CopyOnWriteArrayList<>();

    @BeforeAll
    static void startZipper() {
        GoProgram.requireBuilt();
        address = "127.0.0.1:" + freePort();
        zipper = GoProgram.start("zipper", address).ready();
    }

    @AfterAll
    static void stopZipper() {
        if (zipper != null) {
            zipper.close();
        }
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    private <T extends AutoCloseable> T closing(T resource) {
        open.add(0, resource);
        return resource;
    }

    static int freePort() {
        try (DatagramSocket free = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            return free.getLocalPort();
        } catch (SocketException e) {
            throw new IllegalStateException(e);
        }
    }

    private static StreamFunction.Builder function(String name) {
        return StreamFunction.builder(name)
                .zipper(address)
                .tls(ZipperTls.trustAll())
                .pauses(Duration.ofMillis(50), Duration.ofMillis(500));
    }

    private static Source.Builder source(String name) {
        return Source.builder(name)
                .zipper(address)
                .tls(ZipperTls.trustAll())
                .pauses(Duration.ofMillis(50), Duration.ofMillis(500));
    }

    // ---- both directions

    @Test
    void aGoSourceReachesAJavaFunctionWhichReachesAGoFunction() {
        GoProgram sink = closing(
                GoProgram.start("function", address, "-", "sink", "31", "print").ready());
        closing(function("java")
                .observe(0x30)
                .handler(context -> {
                    byte[] data = context.data().clone();
                    data[0]++;
                    context.write(0x31, data);
                })
                .connect());
        GoProgram source = closing(GoProgram.start("source", address, "-", "go").ready());
        source.tell("30 0102ff");

        String nanoid = GoProgram.isOld() ? "-" : "[\\w-]{21}";
        assertThat(sink.next()).matches("DATA 31 0202ff source=" + nanoid + " tid=" + nanoid);
    }

    @Test
    void aJavaSourceReachesAGoFunctionWhichReachesAJavaFunction() {
        List<byte[]> got = new CopyOnWriteArrayList<>();
        closing(GoProgram.start("function", address, "-", "go", "32", "echo=33").ready());
        closing(function("java")
                .observe(0x33)
                .handler(context -> got.add(context.data()))
                .connect());
        Source source = closing(source("java").connect());
        for (int i = 0; i < 1000; i++) {
            source.write(0x32, new byte[] {(byte) (i >> 8), (byte) i});
        }
        Await.until("a thousand came back", () -> got.size() == 1000);
        // Go calls its handler on a goroutine each: all come, in no order.
        assertThat(got.stream().map(HEX::formatHex).distinct()).hasSize(1000);
    }

    @Test
    void aJavaSourceIsInOrderAtAJavaFunction() {
        List<Integer> got = new CopyOnWriteArrayList<>();
        closing(function("java")
                .observe(0x34)
                .handler(context -> got.add((context.data()[0] & 0xFF) << 8 | context.data()[1] & 0xFF))
                .connect());
        Source source = closing(source("java").connect());
        for (int i = 0; i < 5000; i++) {
            source.write(0x34, new byte[] {(byte) (i >> 8), (byte) i});
        }
        Await.until("five thousand came", () -> got.size() == 5000);
        assertThat(got).isSorted();
    }

    /** Of no bytes Go's function writes none. */
    @ParameterizedTest
    @ValueSource(ints = {1, 63, 64, 8191, 8192, 65_536, 500_000, 1_048_576})
    void framesOfAnySizePassBothWays(int size) {
        byte[] payload = new byte[size];
        new Random(size).nextBytes(payload);
        List<byte[]> got = new CopyOnWriteArrayList<>();
        closing(function("java-echo")
                .observe(0x35)
                .handler(context -> context.write(0x36, context.data()))
                .connect());
        closing(GoProgram.start("function", address, "-", "go", "36", "echo=37").ready());
        closing(function("java-sink")
                .observe(0x37)
                .handler(context -> got.add(context.data()))
                .connect());
        Source source = closing(source("java").connect());
        for (int i = 0; i < 5; i++) {
            source.write(0x35, payload);
        }
        Await.until("five of " + size + " bytes came", () -> got.size() == 5);
        assertThat(got).allSatisfy(each -> assertThat(each).isEqualTo(payload));
    }

    // ---- psig

    @Test
    void theSeedsFunctionInJavaAnswersAGoSource() {
        PrscdFunction seed = context -> {
            if (context.readSignalling().isData()) {
                context.writeEvent(
                        new ChannelEvent("completed", context.readEvent().data()));
            }
        };
        closing(function("presence-backend-sfn")
                .observe(0x20)
                .handler(seed.named("presence-backend-sfn"))
                .connect());
        GoProgram prscd = closing(GoProgram.start("function", address, "-", "prscd", "21", "print")
                .ready());
        GoProgram source = closing(GoProgram.start("source", address, "-", "go").ready());
        Signalling said = Signalling.data("room", new ChannelEvent("ask", "[1]"))
                .withSid("127.0.0.1:4242")
                .withCid("ada")
                .withAppId("app")
                .withMeshId("m1");
        source.tell(
                "20 " + HEX.formatHex(Signalling.control("peer_online", "room").encode()));
        source.tell("20 " + HEX.formatHex(said.encode()));

        String[] line = prscd.next().split(" ");
        assertThat(line[1]).isEqualTo("21");
        assertThat(Signalling.decode(HEX.parseHex(line[2])))
                .isEqualTo(said.withSid("presence-backend-sfn")
                        .withCid("presence-backend-sfn")
                        .withEvent(new ChannelEvent("completed", "[1]")));
    }

    @Test
    void theSeedsFunctionInGoAnswersAJavaSource() {
        List<Signalling> got = new CopyOnWriteArrayList<>();
        closing(GoProgram.start("function", address, "-", "go-sfn", "40", "psig")
                .ready());
        // Answers to prscd are under 0x21, which a function must not observe: this one only listens, as a mesh node
        // does.
        closing(new Listening(address, got));
        Source source = closing(source("java").connect());
        Signalling said = Signalling.data("room", new ChannelEvent("ask", "ä€😀"))
                .withCid("ada")
                .withAppId("app");
        source.write(0x40, said.encode());

        Await.until("answered", () -> got.size() == 1);
        assertThat(got.get(0))
                .isEqualTo(said.withSid("go-sfn").withCid("go-sfn").withEvent(new ChannelEvent("re:ask", "ä€😀")));
    }

    /** What is under 0x21, by the client beneath the functions. */
    private record Listening(ZipperClient client) implements AutoCloseable {
        Listening(String address, List<Signalling> got) {
            this(new ZipperClient(
                    function("listening").zipper(address).settings(ZipperSettings.STREAM_FUNCTION, new int[] {0x21}),
                    data -> got.add(Signalling.decode(data.payload()))));
            client.connect();
        }

        @Override
        public void close() {
            client.close(Duration.ofSeconds(1));
        }
    }

    @Test
    void aTargetReachesOnlyWhoWantsIt() {
        assumeFalse(GoProgram.isOld(), "zippers of 1.16 know no targets");
        List<String> got = new CopyOnWriteArrayList<>();
        closing(function("one")
                .observe(0x41)
                .target("one")
                .handler(context -> got.add("one"))
                .connect());
        closing(function("two")
                .observe(0x41)
                .target("two")
                .handler(context -> got.add("two"))
                .connect());
        Source source = closing(source("java").connect());
        source.write(0x41, new byte[1], "two");
        Await.until("the wanted one", () -> got.size() == 1);
        source.write(0x41, new byte[1]);
        Await.until("all", () -> got.size() == 3);
        assertThat(got.get(0)).isEqualTo("two");

        GoProgram go = closing(GoProgram.start("source", address, "-", "go").ready());
        go.tell("41 00 one");
        Await.until("the one that Go wanted", () -> got.size() == 4);
        assertThat(got.get(3)).isEqualTo("one");
    }

    // ---- faults

    @Test
    void aWrongTokenIsFinal() {
        String guarded = "127.0.0.1:" + freePort();
        closing(GoProgram.start("zipper", guarded, "token:s3cr3t").ready());

        assertThatThrownBy(() ->
                        source("java").zipper(guarded).credential("token:wr0ng").connect())
                .isInstanceOf(ZipperException.Rejected.class)
                .hasMessageContaining(GoProgram.isOld() ? "authentication failed" : "invalid token")
                .hasMessageNotContaining("wr0ng");
        assertThatThrownBy(() -> source("java").zipper(guarded).connect()).isInstanceOf(ZipperException.Rejected.class);
        Source source = closing(
                source("java").zipper(guarded).credential("token:s3cr3t").connect());
        assertThat(source.connected()).isTrue();
    }

    @Test
    void aZipperThatIsKilledAndComesBackIsFoundAgain() {
        restart(1);
    }

    @Test
    @Tag("long")
    @Timeout(300)
    void aZipperThatIsKilledTenTimesIsFoundAgain() {
        restart(10);
    }

    private void restart(int times) {
        String mortal = "127.0.0.1:" + freePort();
        List<String> got = new CopyOnWriteArrayList<>();
        GoProgram first = closing(GoProgram.start("zipper", mortal).ready());
        StreamFunction function = closing(function("java")
                .zipper(mortal)
                .observe(0x42)
                .handler(context -> got.add(HEX.formatHex(context.data())))
                .connect());
        Source source = closing(source("java").zipper(mortal).connect());
        for (int i = 1; i <= times; i++) {
            first.kill();
            // Five seconds without a packet, as QUIC's idle timeout has it: nobody says good-bye with kill -9.
            Await.until("both noticed", () -> !function.connected() && !source.connected());
            first = closing(GoProgram.start("zipper", mortal).ready());
            Await.until("both are back", () -> function.connected() && source.connected());
            source.write(0x42, new byte[] {(byte) i});
            int count = i;
            Await.until("it works", () -> got.size() == count);
        }
        assertThat(function.traffic().connections()).isEqualTo(times + 1);
    }

    @Test
    void tlsIsVerifiedAgainstARealZipper() throws IOException {
        TestCertificate server = TestCertificate.make(directory, "server", "dns:localhost,ip:127.0.0.1");
        TestCertificate client = TestCertificate.make(directory, "client", "dns:client");
        String strict = "127.0.0.1:" + freePort();
        // The zipper's own probe shows the server's certificate, and both sides verify.
        closing(GoProgram.start(
                        Map.of(
                                "YOMO_TLS_CACERT_FILE", server.pem().toString(),
                                "YOMO_TLS_CERT_FILE", server.pem().toString(),
                                "YOMO_TLS_KEY_FILE", server.key().toString(),
                                "YOMO_TLS_VERIFY_PEER", "true"),
                        "zipper",
                        strict)
                .ready());

        ZipperTls trusting = ZipperTls.trusting(server.pem());
        Source source = closing(source("java")
                .zipper(strict)
                .tls(trusting.identity(server.pem(), server.key()))
                .connect());
        assertThat(source.connected()).isTrue();
        assertThatThrownBy(() -> source("java").zipper(strict).tls(trusting).connect())
                .as("no certificate")
                .isInstanceOf(ZipperException.class);
        assertThatThrownBy(() -> source("java")
                        .zipper(strict)
                        .tls(trusting.identity(client.pem(), client.key()))
                        .connect())
                .as("a certificate that the zipper does not know")
                .isInstanceOf(ZipperException.class);
        assertThatThrownBy(() ->
                        source("java").zipper(strict).tls(ZipperTls.verified()).connect())
                .as("a zipper that we do not know")
                .isInstanceOf(ZipperException.Unreachable.class);
        assertThatThrownBy(() -> source("java").tls(trusting).connect())
                .as("a zipper with a certificate of its own making")
                .isInstanceOf(ZipperException.Unreachable.class);
    }

    @Test
    @Tag("long")
    @Timeout(120)
    void aMinuteWithoutAFrameLosesNothing() {
        List<byte[]> got = new CopyOnWriteArrayList<>();
        StreamFunction function = closing(function("java")
                .observe(0x43)
                .handler(context -> got.add(context.data()))
                .connect());
        Source source = closing(source("java").connect());
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (System.nanoTime() < until) {
            LockSupport.parkNanos(until - System.nanoTime());
        }
        source.write(0x43, new byte[1]);

        Await.until("it came", () -> got.size() == 1);
        assertThat(function.traffic().connections()).isEqualTo(1);
        assertThat(source.traffic().connections()).isEqualTo(1);
    }
}
