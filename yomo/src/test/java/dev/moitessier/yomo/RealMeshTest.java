package dev.moitessier.yomo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.moitessier.Moitessier;
import dev.moitessier.prscd.Agent;
import dev.moitessier.prscd.Await;
import dev.moitessier.prscd.PrscdServer;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.PrscdFunction;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import dev.moitessier.store.memory.MemoryStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Servers in Java with unmodified clients, and a node over the Go module, on a real zipper. */
@Timeout(300)
class RealMeshTest {
    private static final String ROOM = "room";
    /** What got lost between nodes in Java is made up for within 90 s. */
    private static final Duration MENDED = Duration.ofSeconds(100);

    private static final byte[] STATE = {(byte) 0x81, (byte) 0xa1, 'n', 1};

    private final String address = "127.0.0.1:" + RealZipperTest.freePort();
    private final List<AutoCloseable> open = new ArrayList<>();
    private GoProgram zipper;
    private Agent clients;

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
        PrscdServer server = server(moitessier, mesh, "shop", address);
        open.add(server);
        return server;
    }

    static PrscdServer server(Moitessier moitessier, String mesh, String realm, String zipper) throws IOException {
        return PrscdServer.builder(moitessier)
                .config(ConfigFactory.parseString(
                        "prscd { port = 0, tls.self-made = true, origins = [\"*\"], mesh = yomo, mesh-id = " + mesh
                                + ", yomo { zipper = \"" + zipper + "\", trust-all = true }, realms." + realm
                                + " { keys = [demo], join = [\"*\"], publish = [\"*\"] } }"))
                .start();
    }

    /** An unmodified client in the room, on this server. */
    private void join(String id, PrscdServer server) throws IOException {
        if (clients == null) {
            clients = Agent.node();
            open.add(clients);
        }
        clients.open(id, id, server.port());
        clients.join(id, ROOM, Map.of("name", id), "word");
    }

    private void say(String id, String word) throws IOException {
        clients.say(id, ROOM, "word", word);
    }

    private void awaitPeers(String id, String... others) {
        Await.within(MENDED, id + " sees " + List.of(others), () -> Set.copyOf(clients.peers(id))
                .equals(Set.of(others)));
    }

    /** As "who: word". */
    private List<String> heard(String id) {
        return clients.data(id).stream()
                .map(each -> each.getString("from") + ": " + each.getString("data"))
                .toList();
    }

    /** The rosters that a client was shown since all of these were in one. */
    private List<Set<String>> rostersSinceAllWereThere(String id, String... others) {
        List<Set<String>> rosters =
                clients
                        .events(each -> each.getString("event").equals("peers")
                                && each.getString("client").equals(id))
                        .stream()
                        .map(each -> each.getConfigList("peers").stream()
                                .map(peer -> peer.getString("id"))
                                .collect(Collectors.toSet()))
                        .toList();
        int first = IntStream.range(0, rosters.size())
                .filter(i -> rosters.get(i).equals(Set.of(others)))
                .findFirst()
                .orElseThrow();
        return rosters.subList(first, rosters.size());
    }

    @Test
    void clientsOfBothSeeAndHearEachOther() throws Exception {
        GoNode go = goNode().join("bob");
        // A server in Java connects in the background, and then says how things are.
        join("ada", server("java"));
        Signalling asked = go.hears("the question", each -> each.opCode().equals(Psig.OP_PEER_ONLINE));
        assertThat(asked.cid()).isEqualTo("ada");
        assertThat(asked.meshId()).isEqualTo("java");
        go.hears("ada's state", each -> isOf(each, "ada", Psig.OP_STATE));

        go.say("bob", Signalling.control(Psig.OP_STATE, ROOM).withPayload(STATE));
        awaitPeers("ada", "bob");
        go.say("bob", word("hi from Go"));
        Await.until("ada hears bob", () -> heard("ada").equals(List.of("bob: hi from Go")));
        say("ada", "hi from Java");
        go.hears("ada", each -> isWord(each, "ada", "hi from Java"));

        go.say("bob", Signalling.control(Psig.OP_PEER_OFFLINE, ROOM));
        awaitPeers("ada");
    }

    /** On a node in Go each of them would answer, and all would hear all answers. */
    @Test
    void whoComesOnANodeInGoIsAnsweredByTheServerAndNotByEachClient() throws Exception {
        GoNode go = goNode();
        PrscdServer java = server("java");
        List<String> ids = IntStream.range(0, 10).mapToObj(i -> "j" + i).toList();
        for (String id : ids) {
            join(id, java);
        }
        for (String id : ids) {
            Await.until(id + " sees all", () -> clients.peers(id).size() == 9);
        }
        Map<String, Integer> sent = new HashMap<>();
        for (String id : ids) {
            sent.put(id, clients.run("count", "id", id).getInt("ok.sent"));
        }
        go.join("bob");
        go.say("bob", Signalling.control(Psig.OP_PEER_ONLINE, ROOM));
        go.say("bob", Signalling.control(Psig.OP_STATE, ROOM).withPayload(STATE));
        for (String id : ids) {
            go.hears("the state of " + id, each -> isOf(each, id, Psig.OP_STATE));
            Await.until(id + " sees bob", () -> clients.peers(id).contains("bob"));
        }
        // Whatever a client would have answered it would have sent before this.
        for (String id : ids) {
            say(id, "seen");
            go.hears(id, each -> isWord(each, id, "seen"));
            assertThat(clients.run("count", "id", id).getInt("ok.sent"))
                    .as("frames that %s has sent: its word", id)
                    .isEqualTo(sent.get(id) + 1);
            assertThat(go.heard.stream().filter(each -> isOf(each, id, Psig.OP_STATE)))
                    .as("states of %s that bob was told", id)
                    .hasSize(1);
        }
    }

    @Test
    void clientsOfTwoServersInJavaSeeAndHearEachOther() throws Exception {
        join("ada", server("one"));
        join("bob", server("two"));
        awaitPeers("ada", "bob");
        awaitPeers("bob", "ada");
        say("ada", "hello");
        Await.until("bob hears ada", () -> heard("bob").equals(List.of("ada: hello")));
        assertThat(heard("ada")).isEmpty();
    }

    @Test
    @Tag("long")
    @Timeout(400)
    void withoutTheZipperRoomsLiveAndItsReturnMendsAll() throws Exception {
        PrscdServer one = server("one");
        join("ada", one);
        join("eve", one);
        join("bob", server("two"));
        awaitPeers("ada", "eve", "bob");
        awaitPeers("eve", "ada", "bob");
        awaitPeers("bob", "ada", "eve");
        zipper.kill();
        long away = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        for (int i = 0; System.nanoTime() < away; i++) {
            String word = "anybody? " + i;
            say("ada", word);
            Await.until("eve hears ada", () -> heard("eve").contains("ada: " + word));
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(500));
        }
        zipper = GoProgram.start("zipper", address).ready();
        Await.until("bob hears ada again", () -> {
            try {
                say("ada", "back?");
            } catch (IOException gone) {
                throw new UncheckedIOException(gone);
            }
            return heard("bob").contains("ada: back?");
        });
        assertThat(rostersSinceAllWereThere("ada", "eve", "bob"))
                .allSatisfy(each -> assertThat(each).containsExactlyInAnyOrder("eve", "bob"));
        assertThat(rostersSinceAllWereThere("bob", "ada", "eve"))
                .allSatisfy(each -> assertThat(each).containsExactlyInAnyOrder("ada", "eve"));
    }

    @Test
    @Tag("long")
    @Timeout(300)
    void clientsOfANodeInGoThatIsKilledAreGone() throws Exception {
        GoNode go = goNode().join("bob");
        join("ada", server("java"));
        go.say("bob", Signalling.control(Psig.OP_STATE, ROOM).withPayload(STATE));
        awaitPeers("ada", "bob");
        go.program.kill();
        Await.within(Duration.ofSeconds(200), "bob is gone", () -> clients.peers("ada")
                .isEmpty());
    }

    @Test
    void clientsOfAServerInJavaThatIsClosedSayGoodBye() throws Exception {
        GoNode go = goNode().join("bob");
        PrscdServer server = server("java");
        join("ada", server);
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
                        new ChannelEvent("word", context.readEvent().data().toUpperCase(Locale.ROOT)));
            }
        };
        StreamFunction function = StreamFunction.builder("upper")
                .zipper(address)
                .tls(ZipperTls.trustAll())
                .observe(Psig.TAG_FROM_PRSCD)
                .handler(upper.named("upper"))
                .connect();
        open.add(function);
        join("ada", server("java"));
        go.hears("ada's state", each -> isOf(each, "ada", Psig.OP_STATE));

        say("ada", "from java");
        Await.until("ada hears the function", () -> heard("ada").contains("upper: FROM JAVA"));
        go.say("bob", word("from go"));
        Await.until("ada hears what it answered bob", () -> heard("ada").contains("upper: FROM GO"));
        go.hears("ada", each -> isWord(each, "ada", "from java"));
        go.hears("what ada was answered", each -> isWord(each, "upper", "FROM JAVA"));
        go.hears("what bob was answered", each -> isWord(each, "upper", "FROM GO"));
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

    /** Clients pack what they say as JSON. */
    private static Signalling word(String word) {
        return Signalling.data(ROOM, new ChannelEvent("word", '"' + word + '"'));
    }

    private static boolean isWord(Signalling message, String clientId, String word) {
        return message.isData()
                && message.cid().equals(clientId)
                && message.event().equals(new ChannelEvent("word", '"' + word + '"'));
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
            program.tell("join " + client + " " + ROOM);
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
}
