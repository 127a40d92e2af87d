package dev.moitessier.examples.stores;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.Moitessier;
import dev.moitessier.prscd.PrscdServer;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/** A presence server on a node, and a browser in its lobby that notes whom it sees. */
final class Room implements WebSocket.Listener, AutoCloseable {
    private static final Config CONFIGURATION = ConfigFactory.parseString("""
            prscd {
              port = 0
              tls.off = true
              realms.shop { keys = ["key"], join = ["*"], publish = ["*"] }
            }""");

    /** Any state will do: who joins without one is shown to nobody. */
    private static final byte[] STATE = {(byte) 0x80};

    private final PrscdServer server;
    private final WebSocket socket;
    private final Set<String> seen = ConcurrentHashMap.newKeySet();

    Room(Moitessier node, String person) throws IOException {
        server = PrscdServer.builder(node).config(CONFIGURATION).start();
        socket = HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(URI.create("ws://localhost:" + server.port() + "/v1?publickey=key&id=" + person), this)
                .join();
        Signalling join = Signalling.control(Psig.OP_CHANNEL_JOIN, "lobby").withPayload(STATE);
        socket.sendBinary(ByteBuffer.wrap(join.encode()), true).join();
    }

    @Override
    public CompletionStage<?> onBinary(WebSocket from, ByteBuffer message, boolean last) {
        Signalling signalling = Signalling.decode(message);
        seen.add(signalling.opCode() + " " + signalling.cid());
        from.request(1);
        return null;
    }

    /** Whether this browser was told that the peer is there. */
    boolean sees(String person) {
        return seen.stream().anyMatch(each -> each.endsWith(" " + person) && !each.startsWith(Psig.OP_PEER_OFFLINE));
    }

    /** Whether it was told that the peer went. */
    boolean sawGo(String person) {
        return seen.contains(Psig.OP_PEER_OFFLINE + " " + person);
    }

    @Override
    public void close() {
        socket.abort();
        server.close();
    }
}
