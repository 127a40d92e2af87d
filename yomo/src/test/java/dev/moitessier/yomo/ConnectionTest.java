package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.prscd.Await;
import dev.moitessier.prscd.Balancer;
import dev.moitessier.testkit.TestCertificate;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a client makes of all that a zipper may do. */
@Timeout(60)
class ConnectionTest {
    @TempDir
    static Path directory;

    private static TestCertificate identity;

    private FakeZipper zipper = FakeZipper.start(identity);

    @BeforeAll
    static void makeCertificate() throws IOException {
        identity = TestCertificate.make(directory, "zipper", "dns:localhost,ip:127.0.0.1");
    }

    @AfterEach
    void stop() {
        zipper.close();
    }

    private Source.Builder source() {
        return Source.builder("thermometer")
                .zipper(zipper.address())
                .tls(ZipperTls.trusting(identity.pem()))
                .pauses(Duration.ofMillis(10), Duration.ofMillis(100));
    }

    // ---- the handshake

    @Test
    void theHandshakeSaysWhoItIs() {
        try (StreamFunction function = StreamFunction.builder("psig-sfn")
                .zipper(zipper.address())
                .tls(ZipperTls.trusting(identity.pem()))
                .credential("token:a:b")
                .observe(0x20, 0xE001)
                .target("me")
                .handler(context -> {})
                .connect()) {
            Frame.Handshake handshake = zipper.next().handshake();

            assertThat(function.connected()).isTrue();
            assertThat(handshake.name()).isEqualTo("psig-sfn");
            assertThat(handshake.clientType()).isEqualTo((byte) 0x5D);
            assertThat(handshake.observedTags()).containsExactly(0x20, 0xE001);
            assertThat(handshake.authName()).isEqualTo("token");
            assertThat(handshake.authPayload()).isEqualTo("a:b");
            assertThat(handshake.version()).isEqualTo("2024-01-03");
            assertThat(handshake.functionDefinition()).isEmpty();
            assertThat(handshake.wantedTarget()).isEqualTo("me");
            assertThat(handshake.id()).matches("[0-9A-Za-z_-]{21}-0");
        }
    }

    @Test
    void aCredentialWithoutAColonIsAllPayload() {
        try (Source source = source().credential("s3cr3t").connect()) {
            Frame.Handshake handshake = zipper.next().handshake();

            assertThat(source.connected()).isTrue();
            assertThat(handshake.clientType()).isEqualTo((byte) 0x5F);
            assertThat(handshake.authName()).isEmpty();
            assertThat(handshake.authPayload()).isEqualTo("s3cr3t");
        }
    }

    @Test
    void rejectedIsFinal() {
        zipper.answering(new Frame.Rejected("authentication failed"));

        assertThatThrownBy(() -> source().connect())
                .isInstanceOf(ZipperException.Rejected.class)
                .hasMessageContaining("authentication failed")
                .hasMessageContaining(zipper.address());
        zipper.next();
        assertThat(zipper.poll(500)).as("another attempt").isNull();
    }

    @Test
    void rejectedWhenItComesBackIsFinalToo() throws Exception {
        try (Source source = source().connect()) {
            FakeZipper.Client client = zipper.next();
            zipper.answering(new Frame.Rejected("you again"));
            client.disconnect(0x13, "go");

            assertThatThrownBy(() -> source.ended().toCompletableFuture().get(10, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(ZipperException.Rejected.class);
            assertThatThrownBy(() -> source.write(0x20, new byte[1]))
                    .isInstanceOf(ZipperException.NotWritten.class)
                    .hasMessageContaining("you again");
            assertThat(source.connected()).isFalse();
        }
    }

    @Test
    void silenceIsNotWaitedForForEver() {
        zipper.answering(handshake -> FakeZipper.NOTHING);

        assertThatThrownBy(() -> source().answerTimeout(Duration.ofMillis(300)).connect())
                .isInstanceOf(ZipperException.Unreachable.class)
                .hasMessageContaining("did not answer within 300 ms");
    }

    @Test
    void nobodyThereIsSaidInTime() throws Exception {
        int port;
        try (DatagramSocket free = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        assertThatThrownBy(() -> source().zipper("127.0.0.1:" + port)
                        .answerTimeout(Duration.ofMillis(300))
                        .connect())
                .isInstanceOf(ZipperException.Unreachable.class)
                .hasMessageContaining("127.0.0.1:" + port);
        assertThatThrownBy(() -> source().zipper("no-such-host.invalid:9000").connect())
                .isInstanceOf(ZipperException.Unreachable.class)
                .hasMessageContaining("cannot be resolved");
    }

    @ParameterizedTest
    @ValueSource(strings = {"00", "8000", "bf7f", "bf83ffffff7f", "ad06010115020161", "bf06010115020aaa", "bf03010120"})
    void anAnswerThatIsNoneIsOneTypedError(String hex) {
        zipper.answering(handshake -> HexFormat.of().parseHex(hex));

        assertThatThrownBy(() -> source().connect()).isInstanceOf(ZipperException.MalformedFrame.class);
    }

    @Test
    void anAnswerThatIsCutShortIsOneTypedError() {
        zipper.answering(handshake -> HexFormat.of().parseHex("b9100102"));
        Thread finisher = new Thread(() -> zipper.next().finish());
        finisher.start();

        assertThatThrownBy(() -> source().connect())
                .isInstanceOf(ZipperException.MalformedFrame.class)
                .hasMessageContaining("ended inside a frame");
    }

    // ---- TLS

    @Test
    void anUnknownAuthorityIsRefused() {
        assertThatThrownBy(() -> source().tls(ZipperTls.verified()).connect())
                .isInstanceOf(ZipperException.Unreachable.class);
        assertThat(zipper.poll(300)).isNull();
    }

    @Test
    void anotherNameIsRefused() throws IOException {
        TestCertificate other = TestCertificate.make(directory, "other", "dns:elsewhere.example");
        try (FakeZipper elsewhere = FakeZipper.start(other)) {
            Source.Builder toElsewhere = source().zipper(elsewhere.address());

            assertThatThrownBy(() ->
                            toElsewhere.tls(ZipperTls.trusting(other.pem())).connect())
                    .isInstanceOf(ZipperException.Unreachable.class);
            assertThat(elsewhere.poll(300)).isNull();

            try (Source source = toElsewhere.tls(ZipperTls.trustAll()).connect()) {
                assertThat(source.connected()).isTrue();
            }
        }
    }

    @Test
    void namesAreVerifiedAsWellAsAddresses() {
        try (Source source = source().zipper("localhost:" + zipper.port()).connect()) {
            assertThat(source.connected()).isTrue();
        }
    }

    @Test
    void filesOfTlsThatCannotBeUsedAreNamed() {
        Path missing = directory.resolve("missing.pem");
        assertThatThrownBy(() -> source().tls(ZipperTls.trusting(missing)).connect())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("missing.pem");
        assertThatThrownBy(() -> source().tls(ZipperTls.verified().identity(identity.pem(), identity.pem()))
                        .connect())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("zipper.crt");
    }

    // ---- losing it

    @ParameterizedTest
    @ValueSource(
            strings = {"close 0x13", "listener closed", "goaway", "malformed", "end of stream", "cut short", "too long"
            })
    void aLostConnectionIsMadeAnewUnderAnotherId(String how) {
        try (Source source = source().mostFrameBytes(1 << 16).connect()) {
            FakeZipper.Client first = zipper.next();
            switch (how) {
                case "close 0x13" -> first.disconnect(0x13, "zipper is closed");
                case "listener closed" -> first.disconnect(0, "");
                case "goaway" -> first.send(new Frame.Goaway("somewhere else, please"));
                case "malformed" -> first.send(new byte[] {0x00});
                case "end of stream" -> first.finish();
                case "cut short" ->
                    first.send(HexFormat.of().parseHex("bf13010115")).finish();
                case "too long" -> first.send(FrameCodec.encode(new Frame.Data(0x20, new byte[0], new byte[1 << 16])));
                default -> throw new AssertionError(how);
            }
            FakeZipper.Client second = zipper.next();

            assertThat(first.handshake().id()).endsWith("-0");
            assertThat(second.handshake().id()).isEqualTo(first.handshake().id().replaceFirst("-0$", "-1"));
            Await.until("connected again", source::connected);
            source.write(0x20, new byte[] {7});
            assertThat(second.nextData().payload()).containsExactly(7);
            assertThat(source.traffic().connections()).isEqualTo(2);
            assertThat(source.traffic().malformed())
                    .isEqualTo(Set.of("malformed", "cut short", "too long").contains(how) ? 1 : 0);
        }
    }

    @Test
    void whatIsWrittenWhileTheZipperIsAwayComesLater() {
        try (Source source = source().connect()) {
            zipper.next();
            int port = zipper.port();
            zipper.close();
            Await.until("lost", () -> !source.connected());
            for (int i = 0; i < 100; i++) {
                source.write(0x20, new byte[] {(byte) i});
            }
            zipper = FakeZipper.startOn(identity, port);
            FakeZipper.Client client = zipper.next();
            for (int i = 0; i < 100; i++) {
                assertThat(client.nextData().payload()).containsExactly(i);
            }
            assertThat(source.traffic().droppedOutgoing()).isZero();
        }
    }

    @Test
    void theQueueIsBoundedWhileTheZipperIsAway() {
        try (Source source = source().queue(10, 1 << 20).connect()) {
            zipper.next();
            int port = zipper.port();
            zipper.close();
            Await.until("lost", () -> !source.connected());
            for (int i = 0; i < 100; i++) {
                source.write(0x20, new byte[] {(byte) i});
            }
            assertThat(source.traffic().droppedOutgoing()).isEqualTo(90);
            zipper = FakeZipper.startOn(identity, port);
            assertThat(zipper.next().nextData().payload()).containsExactly(90);
        }
    }

    @Test
    void aZipperThatReadsNothingFillsNoMemory() {
        try (Source source = source().queue(1000, 1 << 20)
                .closeTimeout(Duration.ofMillis(100))
                .connect()) {
            zipper.next().stopReading();
            for (int i = 0; i < 2000; i++) {
                source.write(0x20, new byte[10_000]);
            }
            assertThat(source.traffic().droppedOutgoing()).isGreaterThan(1000);
            assertThat(source.connected()).isTrue();
        }
    }

    @Test
    void startGoesOnUntilThereIsAZipper() {
        int port = zipper.port();
        zipper.close();
        try (Source source = source().answerTimeout(Duration.ofMillis(200)).start()) {
            source.write(0x20, new byte[] {1});
            assertThat(source.connected()).isFalse();
            zipper = FakeZipper.startOn(identity, port);

            assertThat(zipper.next().nextData().payload()).containsExactly(1);
        }
    }

    /** A zipper that accepts and gives up at once is asked less and less often. */
    @Test
    void pausesGrow() {
        List<Long> handshakes = new CopyOnWriteArrayList<>();
        zipper.answering(handshake -> {
            handshakes.add(System.nanoTime());
            return FrameCodec.encode(new Frame.Goaway("not now"));
        });
        try (Source source =
                source().pauses(Duration.ofMillis(20), Duration.ofSeconds(60)).start()) {
            Await.until("six attempts", () -> handshakes.size() >= 6);
            assertThat(source.connected()).isFalse();
        }
        // At least half of 20 + 40 + 80 + 160 + 320 ms.
        assertThat(handshakes.get(5) - handshakes.get(0)).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(310));
        assertThat(handshakes.get(5) - handshakes.get(4)).isGreaterThan(handshakes.get(1) - handshakes.get(0));
    }

    // ---- going elsewhere

    @Test
    void connectToMovesAndALossComesBackHome() {
        try (FakeZipper other = FakeZipper.start(identity)) {
            zipper.answering(new Frame.ConnectTo(other.address()));
            try (Source source = source().connect()) {
                zipper.next();
                FakeZipper.Client moved = other.next();
                source.write(0x20, new byte[] {1});
                assertThat(moved.nextData().payload()).containsExactly(1);
                assertThat(moved.handshake().id()).endsWith("-1");

                zipper.answering(new Frame.HandshakeAck());
                other.close();
                assertThat(zipper.next().handshake().id()).endsWith("-2");
            }
        }
    }

    @Test
    void aCircleOfZippersIsNoticed() {
        zipper.answering(new Frame.ConnectTo(zipper.address()));

        assertThatThrownBy(() -> source().connect())
                .isInstanceOf(ZipperException.Unreachable.class)
                .hasMessageContaining("that send to another");
        zipper.answering(new Frame.ConnectTo("no address:at all"));
        assertThatThrownBy(() -> source().connect())
                .isInstanceOf(ZipperException.Unreachable.class)
                .hasMessageContaining("no address:at all");
    }

    // ---- writing and closing

    @Test
    void dataCarriesWhoItIsFrom() {
        try (Source source = source().connect()) {
            source.write(0xE001, "warm".getBytes(StandardCharsets.UTF_8), "kitchen");
            FakeZipper.Client client = zipper.next();
            Frame.Data data = client.nextData();

            assertThat(data.tag()).isEqualTo(0xE001);
            assertThat(data.payload()).asString().isEqualTo("warm");
            assertThat(Metadata.decode(data.metadata()))
                    .containsEntry("yomo-target", "kitchen")
                    .containsEntry("yomo-source-id", client.handshake().id().replaceFirst("-0$", ""))
                    .hasEntrySatisfying("yomo-tid", tid -> assertThat(tid).hasSize(21));
        }
    }

    @Test
    void whatCannotBeSentIsRefusedByTheLimit() {
        try (Source source = source().mostFrameBytes(2000).connect()) {
            assertThatThrownBy(() -> source.write(0x20, new byte[2000]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("no more than 2000");
            for (int reserved : new int[] {0xF000, 0xFABC, 0xFFFF}) {
                assertThatThrownBy(() -> source.write(reserved, new byte[1]))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("0x" + Integer.toHexString(reserved));
            }
            source.write(0xEFFF, new byte[1]);
            source.write(0x10000, new byte[1]);
            source.write(0xFFFFFFFF, new byte[1]);
            FakeZipper.Client client = zipper.next();
            assertThat(client.nextData().tag()).isEqualTo(0xEFFF);
            assertThat(client.nextData().tag()).isEqualTo(0x10000);
            assertThat(client.nextData().tag()).isEqualTo(-1);
        }
    }

    @Test
    void closeSendsWhatWasWritten() {
        Source source = source().queue(100_000, 64 << 20).connect();
        FakeZipper.Client client = zipper.next();
        for (int i = 0; i < 5000; i++) {
            source.write(0x20, new byte[200]);
        }
        source.close();

        assertThat(source.ended().toCompletableFuture()).isCompleted();
        Await.until("all 5000 arrived", () -> client.waitingData() == 5000);
        assertThatThrownBy(() -> source.write(0x20, new byte[1])).isInstanceOf(ZipperException.NotWritten.class);
        source.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void closeSendsWhatWasWrittenOverANetworkThatLoses(long seed) throws IOException {
        try (Balancer network = new Balancer(zipper.port())) {
            Source source = source().zipper("127.0.0.1:" + network.port())
                    .closeTimeout(Duration.ofSeconds(30))
                    .connect();
            FakeZipper.Client client = zipper.next();
            network.lose(0.1, seed);
            for (int i = 0; i < 200; i++) {
                source.write(0x20, new byte[200]);
            }
            source.close();

            Await.until("all 200 arrived, seed " + seed, () -> client.waitingData() == 200);
        }
    }

    @Test
    void closeDoesNotWaitForAZipperThatIsAway() {
        Source source = source().closeTimeout(Duration.ofSeconds(30)).connect();
        zipper.next();
        zipper.close();
        Await.until("lost", () -> !source.connected());
        source.write(0x20, new byte[1]);
        long start = System.nanoTime();
        source.close();

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
        assertThat(source.traffic().droppedOutgoing()).isEqualTo(1);
    }

    @Test
    void nothingIsLeftRunning() {
        try (Source source = source().connect()) {
            assertThat(source.connected()).isTrue();
        }
        Await.until("no thread of the client is left", () -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("yomo-thermometer")));
    }
}
