package dev.moitessier.examples;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.Conditions;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.prscd.ChannelPeer;
import dev.moitessier.prscd.PrscdChannel;
import dev.moitessier.prscd.PrscdServer;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import dev.moitessier.store.memory.MemoryStore;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Rooms for browsers, and a service that talks with them: by a scope, by a channel, by a function. */
public final class Rooms {
    private static final Config CONFIGURATION = ConfigFactory.parseString("""
            prscd {
              port = 0
              tls.off = true
              realms.shop {
                keys = ["pk_live_1"]
                join = ["*"]
                publish = ["chat-*"]
                channels { "chat-*" { scope = "room/{channel}" } }
              }
            }
            """);

    private static final BlockingQueue<String> KEPT = new LinkedBlockingQueue<>();

    /** An empty map of MessagePack. Who joins without a state is shown to nobody. */
    private static final byte[] NO_STATE = {(byte) 0x80};

    private Rooms() {}

    public static void main(String... args) throws Exception {
        try (Moitessier moitessier = Moitessier.on(new MemoryStore());
                PrscdServer prscd =
                        PrscdServer.builder(moitessier).config(CONFIGURATION).start()) {
            function(prscd);
            Browser ada = Browser.of("ada", prscd.port());
            ada.say(Signalling.control(Psig.OP_CHANNEL_JOIN, "chat-42").withPayload(NO_STATE));
            System.out.println("ada: " + ada.hears().opCode());

            Listener archive = archive(moitessier);
            tell(moitessier);
            System.out.println("ada hears of the shop: " + ada.hearsEvent());
            broadcast(prscd.channel("shop", "chat-42"));
            System.out.println("ada hears of the server: " + ada.hearsEvent());
            ada.say(Signalling.data("chat-42", new ChannelEvent("word", "\"hello\"")));
            System.out.println("ada hears of the function: " + ada.hearsEvent());
            for (int i = 0; i < 2; i++) {
                System.out.println("kept: " + KEPT.poll(10, TimeUnit.SECONDS));
            }
            archive.close();
        }
    }

    /** As a service has it: with {@code application.conf} and the environment. */
    static PrscdServer serve() throws IOException {
        // snippet: prscd-start
        Moitessier moitessier = Moitessier.open();
        PrscdServer prscd = PrscdServer.builder(moitessier).start();
        // end
        return prscd;
    }

    // snippet: rooms
    /** Everybody in the channel chat-42 gets it, on whichever node: its scope is room/chat-42. */
    static void tell(Moitessier moitessier) {
        moitessier.dispatch(Person.of("shop"), "room/chat-42", "order 17 is on its way");
    }

    /** And what they say is in the mailbox of whoever listens to that scope, beside what Java code dispatched there. */
    static Listener archive(Moitessier moitessier) {
        Listener archive = moitessier.listen(Conditions.shared(Person.of("archive"), "room/chat-42"));
        archive.subscribe(message -> {
            if (message.headers().containsKey(PrscdServer.PEER_HEADER)) {
                keep(message.from(), ChannelEvent.decode(message.buffer()));
            }
        });
        return archive;
    }
    // end

    private static void keep(Person from, ChannelEvent event) {
        KEPT.add(from.id() + ", " + event.event() + ", " + event.data());
    }

    private static void broadcast(PrscdChannel room) {
        // snippet: prscd-channel
        room.broadcast(new ChannelEvent("news", "{\"n\":1}")); // to everybody, on all nodes
        for (ChannelPeer peer : room.peers().toCompletableFuture().join()) { // from all nodes, too
            System.out.println("here: " + peer.id());
        }
        // end
    }

    private static void function(PrscdServer prscd) {
        // snippet: prscd-function
        prscd.function("upper", context -> {
            if (context.readSignalling().isData()) {
                String data = context.readEvent().data();
                context.writeEvent(new ChannelEvent("answer", data.toUpperCase(Locale.ROOT)));
            }
        });
        // end
    }

    /** What the client of Presencejs does, with the JDK's WebSocket. */
    private static final class Browser implements WebSocket.Listener {
        private final BlockingQueue<Signalling> heard = new LinkedBlockingQueue<>();
        private @Nullable WebSocket socket;

        static Browser of(String id, int port) {
            var browser = new Browser();
            browser.socket = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .buildAsync(URI.create("ws://localhost:" + port + "/v1?publickey=pk_live_1&id=" + id), browser)
                    .join();
            return browser;
        }

        @Override
        public @Nullable CompletionStage<?> onBinary(WebSocket from, ByteBuffer message, boolean last) {
            heard.add(Signalling.decode(message));
            from.request(1);
            return null;
        }

        void say(Signalling message) {
            if (socket != null) {
                socket.sendBinary(ByteBuffer.wrap(message.encode()), true).join();
            }
        }

        Signalling hears() throws InterruptedException {
            Signalling next = heard.poll(10, TimeUnit.SECONDS);
            if (next == null) {
                throw new IllegalStateException("nothing was heard");
            }
            return next;
        }

        String hearsEvent() throws InterruptedException {
            Signalling next = hears();
            while (!next.isData()) {
                next = hears();
            }
            return next.cid() + ", " + next.event().event() + ", "
                    + next.event().data();
        }
    }
}
