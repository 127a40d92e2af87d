package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.moitessier.Moitessier;
import dev.moitessier.prscd.PrscdServer;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.PrscdFunction;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import dev.moitessier.store.memory.MemoryStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A prscd server in Java and a node over the Go module, on a real zipper. */
@Timeout(60)
class RealMeshTest {
    private static final byte[] STATE = {(byte) 0x81, (byte) 0xa1, 'n', 1};

    private final String address = "127.0.0.1:" + RealZipperTest.freePort();
    private final List<AutoCloseable> open = new ArrayList<>();
    private GoProgram zipper;

    @BeforeEach
    void startZipper() {
        GoProgram.requireBuilt();
        zipper = GoProgram.start("zipper", address).ready();
    }

    @AfterEach
    void close() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
        if (zipper != null) {
            zipper.close();
        }
    }

    private PrscdServer server(String mesh) throws IOException {
        Moitessier moitessier = Moitessier.on(new MemoryStore());
        open.add(moitessier);
        PrscdServer server = PrscdServer.builder(moitessier)
                .config(ConfigFactory.parseString("prscd { port = 0, tls.off = true, mesh = yomo, mesh-id = " + mesh
                        + ", yomo { zipper = \"" + address + "\", trust-all = true }, realms.shop { keys = [k],"
                        + " join = [\"*\"], publish = [\"*\"] } }"))
                .start();
        open.add(server);
        return server;
    }

    @Test
    void clientsOfBothSeeAndHearEachOther() throws Exception {
        GoNode go = goNode().join("bob");
        // A server in Java connects in the background, and then says how things are.
        Client ada = new Client(server("java"), "ada").join("room");
        Signalling asked = go.hears("the question", each -> each.opCode().equals(Psig.OP_PEER_ONLINE));
        assertThat(asked.cid()).isEqualTo("ada");
        assertThat(asked.meshId()).isEqualTo("java");
        go.hears("ada's state", each -> isOf(each, "ada", Psig.OP_STATE));

        go.say("bob", Signalling.control(Psig.OP_STATE, "room").withPayload(STATE));
        Await.until("ada sees bob", () -> ada.sees("bob"));
        go.say("bob", Signalling.data("room", new ChannelEvent("m", "hi from Go")));
        Await.until("ada hears bob", () -> ada.hears("hi from Go"));
        ada.say(Signalling.data("room", new ChannelEvent("m", "hi from Java")));
        go.hears("ada", each -> each.isData() && each.event().data().equals("hi from Java"));

        go.say("bob", Signalling.control(Psig.OP_PEER_OFFLINE, "room"));
        Await.until("ada sees bob go", () -> !ada.sees("bob"));
    }

    @Test
    void clientsOfTwoServersInJavaSeeAndHearEachOther() throws Exception {
        Client ada = new Client(server("one"), "ada").join("room");
        Client bob = new Client(server("two"), "bob").join("room");
        Await.until("both see each other", () -> ada.sees("bob") && bob.sees("ada"));
        ada.say(Signalling.data("room", new ChannelEvent("m", "hello")));
        Await.until("bob hears ada", () -> bob.hears("hello"));
        assertThat(ada.hears("hello")).isFalse();
    }

    @Test
    @Tag("long")
    @Timeout(120)
    void withoutTheZipperRoomsLiveAndItsReturnMendsAll() throws Exception {
        PrscdServer one = server("one");
        Client ada = new Client(one, "ada").join("room");
        Client eve = new Client(one, "eve").join("room");
        Client bob = new Client(server("two"), "bob").join("room");
        Await.until("all see each other", () -> ada.sees("bob") && bob.sees("ada") && eve.sees("bob"));
        zipper.kill();
        long away = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        for (int i = 0; System.nanoTime() < away; i++) {
            String word = "anybody? " + i;
            ada.say(Signalling.data("room", new ChannelEvent("m", word)));
            Await.until("eve hears ada", () -> eve.hears(word));
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
        }
        zipper = GoProgram.start("zipper", address).ready();
        Await.until("bob hears ada again", () -> {
            ada.say(Signalling.data("room", new ChannelEvent("m", "back?")));
            return bob.hears("back?");
        });
        assertThat(ada.offlines()).as("whom ada saw leave").isEmpty();
        assertThat(bob.offlines()).as("whom bob saw leave").isEmpty();
    }

    @Test
    @Tag("long")
    @Timeout(300)
    void clientsOfANodeInGoThatIsKilledAreGone() throws Exception {
        GoNode go = goNode().join("bob");
        Client ada = new Client(server("java"), "ada").join("room");
        go.say("bob", Signalling.control(Psig.OP_STATE, "room").withPayload(STATE));
        Await.until("ada sees bob", () -> ada.sees("bob"));
        go.program.kill();
        Await.within(200_000, "bob is gone", () -> ada.offlines().contains("bob"));
    }

    @Test
    void clientsOfAServerInJavaThatIsClosedSayGoodBye() throws Exception {
        GoNode go = goNode().join("bob");
        PrscdServer server = server("java");
        new Client(server, "ada").join("room");
        go.hears("ada's state", each -> isOf(each, "ada", Psig.OP_STATE));
        server.close();
        go.hears("ada's good-bye", each -> isOf(each, "ada", Psig.OP_PEER_OFFLINE));
    }

    @Test
    void aFunctionOnTheZipperAnswersClientsOfBoth() throws Exception {
        GoNode go = goNode().join("bob");
        PrscdFunction upper = context -> {
            if (context.readSignalling().isData()) {
                context.writeEvent(
                        new ChannelEvent("answer", context.readEvent().data().toUpperCase(Locale.ROOT)));
            }
        };
        StreamFunction function = StreamFunction.builder("upper")
                .zipper(address)
                .tls(ZipperTls.trustAll())
                .observe(Psig.TAG_FROM_PRSCD)
                .handler(upper.named("upper"))
                .connect();
        open.add(function);
        Client ada = new Client(server("java"), "ada").join("room");
        go.hears("ada's state", each -> isOf(each, "ada", Psig.OP_STATE));

        ada.say(Signalling.data("room", new ChannelEvent("ask", "from java")));
        Await.until("ada hears the function", () -> ada.hears("FROM JAVA"));
        go.say("bob", Signalling.data("room", new ChannelEvent("ask", "from go")));
        Await.until("ada hears what it answered bob", () -> ada.hears("FROM GO"));
        for (String word : List.of("ada: from java", "upper: FROM JAVA", "upper: FROM GO")) {
            go.hears(
                    word,
                    each -> each.isData()
                            && word.equals(each.cid() + ": " + each.event().data()));
        }
    }

    @Test
    void orderedChannelsAreRefusedAtTheStart() {
        try (Moitessier moitessier = Moitessier.on(new MemoryStore())) {
            assertThatThrownBy(() -> PrscdServer.builder(moitessier)
                            .config(ConfigFactory.parseString("prscd { port = 0, tls.off = true, mesh = yomo,"
                                    + " yomo.trust-all = true, realms.shop { keys = [k], join = [\"*\"] },"
                                    + " channels { \"stock-*\" { order = ordered } } }"))
                            .start())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("only order = immediate");
        }
    }

    private GoNode goNode() {
        GoNode node =
                new GoNode(GoProgram.start("node", address, "-", "shop", "go").ready());
        open.add(node.program);
        return node;
    }

    private static boolean isOf(Signalling message, String clientId, String opCode) {
        return message.cid().equals(clientId) && message.opCode().equals(opCode);
    }

    /** What its clients hear comes in any order: Go handles each frame on a goroutine of its own. */
    private record GoNode(GoProgram program, List<Signalling> heard) {
        GoNode(GoProgram program) {
            this(program, new ArrayList<>());
        }

        GoNode join(String client) {
            program.tell("join " + client + " room");
            return this;
        }

        void say(String client, Signalling message) {
            program.tell("say " + client + " " + HexFormat.of().formatHex(message.encode()));
        }

        /** Such a frame, heard now or before. */
        Signalling hears(String what, Predicate<Signalling> such) {
            Signalling[] found = new Signalling[1];
            Await.until(what, () -> {
                String line = program.poll(1);
                if (line != null) {
                    heard.add(Signalling.decode(HexFormat.of().parseHex(line.split(" ")[2])));
                }
                found[0] = heard.stream().filter(such).findFirst().orElse(null);
                return found[0] != null;
            });
            return found[0];
        }
    }

    /** A browser's client, over WebSocket: on the acknowledgement it says that it is there, and its state. */
    private static final class Client implements WebSocket.Listener {
        private final List<Signalling> got = new CopyOnWriteArrayList<>();
        private final ByteArrayOutputStream message = new ByteArrayOutputStream();
        private final WebSocket socket;

        Client(PrscdServer server, String id) {
            socket = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .buildAsync(URI.create("ws://localhost:" + server.port() + "/v1?publickey=k&id=" + id), this)
                    .join();
        }

        Client join(String channel) {
            say(Signalling.control(Psig.OP_CHANNEL_JOIN, channel).withPayload(STATE));
            Await.until(
                    "joined", () -> got.stream().anyMatch(each -> each.opCode().equals(Psig.OP_CHANNEL_JOIN)));
            say(Signalling.control(Psig.OP_PEER_ONLINE, channel));
            say(Signalling.control(Psig.OP_STATE, channel).withPayload(STATE));
            return this;
        }

        void say(Signalling signalling) {
            socket.sendBinary(ByteBuffer.wrap(signalling.encode()), true).join();
        }

        boolean sees(String id) {
            boolean sees = false;
            for (Signalling each : got) {
                if (each.cid().equals(id) && each.isControl()) {
                    sees = each.opCode().equals(Psig.OP_STATE);
                }
            }
            return sees;
        }

        List<String> offlines() {
            return got.stream()
                    .filter(each -> each.opCode().equals(Psig.OP_PEER_OFFLINE))
                    .map(Signalling::cid)
                    .toList();
        }

        boolean hears(String data) {
            return got.stream()
                    .anyMatch(each -> each.isData() && each.event().data().equals(data));
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket webSocket, ByteBuffer data, boolean last) {
            byte[] bytes = new byte[data.remaining()];
            data.get(bytes);
            message.writeBytes(bytes);
            if (last) {
                got.add(Signalling.decode(message.toByteArray()));
                message.reset();
            }
            webSocket.request(1);
            return null;
        }
    }
}
