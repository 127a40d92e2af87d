package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.moitessier.prscd.Await;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.PrscdContext;
import dev.moitessier.psig.PrscdFunction;
import dev.moitessier.psig.ServerlessContext;
import dev.moitessier.psig.Signalling;
import dev.moitessier.testkit.TestCertificate;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class StreamFunctionTest {
    @TempDir
    static Path directory;

    private static TestCertificate identity;

    private final FakeZipper zipper = FakeZipper.start(identity);

    @BeforeAll
    static void makeCertificate() throws IOException {
        identity = TestCertificate.make(directory, "zipper", "ip:127.0.0.1");
    }

    @AfterEach
    void stop() {
        zipper.close();
    }

    private StreamFunction.Builder function() {
        return StreamFunction.builder("psig-sfn")
                .zipper(zipper.address())
                .tls(ZipperTls.trusting(identity.pem()))
                .observe(0x20);
    }

    private static Frame.Data message(String channel, String event) {
        byte[] signalling = Signalling.data(channel, new ChannelEvent(event, "{}"))
                .withCid("ada")
                .encode();
        return new Frame.Data(0x20, Metadata.encode(Map.of("yomo-tid", "t1")), signalling);
    }

    @Test
    void answersAsPsigDoes() {
        PrscdFunction greeter = context ->
                context.writeEvent(new ChannelEvent("re:" + context.readEvent().event(), "\"hello\""));
        try (StreamFunction function =
                function().handler(greeter.named("psig-sfn")).connect()) {
            FakeZipper.Client client = zipper.next().send(message("room", "hi"));
            Frame.Data answer = client.nextData();

            assertThat(answer.tag()).isEqualTo(0x21);
            assertThat(Metadata.decode(answer.metadata())).isEqualTo(Map.of("yomo-tid", "t1"));
            Signalling reply = Signalling.decode(answer.payload());
            assertThat(reply.sid()).isEqualTo("psig-sfn");
            assertThat(reply.cid()).isEqualTo("psig-sfn");
            assertThat(reply.channel()).isEqualTo("room");
            assertThat(reply.event()).isEqualTo(new ChannelEvent("re:hi", "\"hello\""));
            assertThat(function.traffic().received()).isEqualTo(1);
        }
    }

    @Test
    void aTargetIsNotPassedOn() {
        try (StreamFunction function = function()
                .handler(context -> {
                    assertThat(context.metadata()).containsEntry("yomo-target", "you");
                    context.write(0x30, context.data());
                })
                .connect()) {
            FakeZipper.Client client = zipper.next();
            client.send(new Frame.Data(
                    0x20, Metadata.encode(Map.of("yomo-target", "you", "yomo-tid", "t2")), new byte[] {1}));

            assertThat(Metadata.decode(client.nextData().metadata())).isEqualTo(Map.of("yomo-tid", "t2"));
            assertThat(function.traffic().failures()).isZero();
        }
    }

    @Test
    void handlersRunOffTheEventLoop() {
        List<String> threads = new CopyOnWriteArrayList<>();
        List<Boolean> virtual = new CopyOnWriteArrayList<>();
        try (StreamFunction function = function()
                .handler(context -> {
                    threads.add(Thread.currentThread().getName());
                    virtual.add(Thread.currentThread().toString().startsWith("VirtualThread"));
                })
                .connect()) {
            zipper.next().send(message("room", "hi"));
            Await.until("called", () -> virtual.size() == 1);

            assertThat(threads).noneMatch(name -> name.contains("-io-"));
            assertThat(virtual).containsExactly(Runtime.version().feature() >= 21);
            assertThat(function.connected()).isTrue();
        }
    }

    @Test
    void oneChannelIsSerialAndInOrderAndOthersGoOn() throws Exception {
        Map<String, List<String>> seen = new ConcurrentHashMap<>();
        CountDownLatch stuck = new CountDownLatch(1);
        try (StreamFunction function = function()
                .handler(context -> {
                    PrscdContext presence = PrscdContext.of(context, "psig-sfn");
                    String channel = presence.readSignalling().channel();
                    if (channel.equals("slow")) {
                        stuck.await();
                    }
                    seen.computeIfAbsent(channel, name -> new CopyOnWriteArrayList<>())
                            .add(presence.readEvent().event());
                })
                .connect()) {
            FakeZipper.Client client = zipper.next();
            for (int i = 0; i < 300; i++) {
                client.send(message("slow", String.format("%03d", i)));
                client.send(message("quick", String.format("%03d", i)));
            }
            Await.until(
                    "the quick channel is done",
                    () -> seen.getOrDefault("quick", List.of()).size() == 300);
            assertThat(seen).doesNotContainKey("slow");
            stuck.countDown();
            Await.until(
                    "the slow channel is done",
                    () -> seen.getOrDefault("slow", List.of()).size() == 300);
            assertThat(seen.get("slow")).isSorted();
            assertThat(seen.get("quick")).isSorted();
            assertThat(function.traffic().droppedIncoming()).isZero();
        }
    }

    @Test
    void withoutAKeyFramesRunBesideEachOther() throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        try (StreamFunction function = function()
                .serialBy(context -> null)
                .handler(context -> {
                    both.countDown();
                    both.await();
                })
                .connect()) {
            zipper.next().send(message("room", "1")).send(message("room", "2"));

            assertThat(both.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(function.traffic().failures()).isZero();
        }
    }

    @Test
    void aHandlerThatThrowsIsCountedAndEndsNothing() {
        AtomicInteger calls = new AtomicInteger();
        try (StreamFunction function = function()
                .handler(context -> {
                    int call = calls.incrementAndGet();
                    if (call == 1) {
                        throw new java.io.IOException("first");
                    } else if (call == 2) {
                        throw new StackOverflowError("second");
                    }
                    context.write(0x30, context.data());
                })
                .connect()) {
            FakeZipper.Client client = zipper.next();
            client.send(message("room", "1")).send(message("room", "2")).send(message("room", "3"));

            assertThat(Signalling.decode(client.nextData().payload()).event().event())
                    .isEqualTo("3");
            assertThat(function.traffic().failures()).isEqualTo(2);
        }
    }

    @Test
    void metadataThatIsNoneLosesOneFrame() {
        try (StreamFunction function = function()
                .handler(context -> context.write(0x30, context.data()))
                .connect()) {
            FakeZipper.Client client = zipper.next();
            client.send(new Frame.Data(0x20, new byte[] {1, 2, 3}, new byte[] {1}));
            client.send(new Frame.Data(0x20, new byte[0], new byte[] {2}));

            assertThat(client.nextData().payload()).containsExactly(2);
            assertThat(function.traffic().malformed()).isEqualTo(1);
            assertThat(function.connected()).isTrue();
        }
    }

    @Test
    void moreThanMayWaitIsDroppedAndTheZipperIsNotHeldUp() throws Exception {
        CountDownLatch stuck = new CountDownLatch(1);
        AtomicInteger calls = new AtomicInteger();
        try (StreamFunction function = function()
                .waiting(10, 1 << 20)
                .handler(context -> {
                    stuck.await();
                    calls.incrementAndGet();
                })
                .connect()) {
            FakeZipper.Client client = zipper.next();
            for (int i = 0; i < 500; i++) {
                client.send(message("room", "x"));
            }
            Await.until("all read", () -> function.traffic().received() == 500);
            stuck.countDown();
            Await.until(
                    "what waited was handled",
                    () -> calls.get() + function.traffic().droppedIncoming() == 500);
            assertThat(calls).hasValueBetween(10, 12);
        }
    }

    @Test
    void closeLetsTheHandlerFinishAndItsAnswersGo() {
        CountDownLatch begun = new CountDownLatch(1);
        StreamFunction function = function()
                .handler(context -> {
                    begun.countDown();
                    TimeUnit.MILLISECONDS.sleep(1);
                    context.write(0x30, context.data());
                })
                .connect();
        FakeZipper.Client client = zipper.next();
        for (int i = 0; i < 100; i++) {
            client.send(message("room", "x"));
        }
        Await.until("all read", () -> function.traffic().received() == 100);
        function.close();

        Await.until("all answers arrived", () -> client.waitingData() == 100);
        assertThat(function.traffic().droppedIncoming()).isZero();
        assertThat(begun.getCount()).isZero();
    }

    @Test
    void closeDoesNotWaitForAHandlerForEver() {
        CountDownLatch stuck = new CountDownLatch(1);
        CountDownLatch begun = new CountDownLatch(1);
        StreamFunction function = function()
                .closeTimeout(Duration.ofMillis(200))
                .handler(context -> {
                    begun.countDown();
                    stuck.await();
                })
                .connect();
        zipper.next().send(message("room", "1")).send(message("room", "2"));
        Await.until("begun", () -> begun.getCount() == 0 && function.traffic().received() == 2);
        long start = System.nanoTime();
        function.close();

        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
        assertThat(function.traffic().droppedIncoming()).isEqualTo(1);
        stuck.countDown();
    }

    @Test
    void closeFromInsideTheHandlerDoesNotWaitForItself() throws Exception {
        CountDownLatch closed = new CountDownLatch(1);
        StreamFunction[] self = new StreamFunction[1];
        CountDownLatch set = new CountDownLatch(1);
        self[0] = function()
                .closeTimeout(Duration.ofSeconds(30))
                .handler(context -> {
                    set.await();
                    self[0].close();
                    closed.countDown();
                })
                .connect();
        set.countDown();
        zipper.next().send(message("room", "1"));

        assertThat(closed.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(self[0].ended().toCompletableFuture()).isCompleted();
    }

    @Test
    void whatCannotBeAFunctionIsRefused() {
        assertThatThrownBy(() -> StreamFunction.builder(" ")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> function().connect())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("handler");
        assertThatThrownBy(() -> StreamFunction.builder("f")
                        .zipper(zipper.address())
                        .handler(ServerlessContext::data)
                        .connect())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tag");
        assertThatThrownBy(() -> function().observe(0x21))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0x21");
    }
}
