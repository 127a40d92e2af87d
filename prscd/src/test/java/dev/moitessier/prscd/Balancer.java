package dev.moitessier.prscd;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What stands before several servers: passes TCP and UDP of one port on to one of them, and can break both. Connections stay
 * with the server that they began with, until they are cut.
 */
final class Balancer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Balancer.class);
    private static final int LARGEST_DATAGRAM = 2048;

    private final List<ServerSocket> listening = new ArrayList<>();
    private final List<DatagramSocket> receiving = new ArrayList<>();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Map<SocketAddress, DatagramSocket> flows = new ConcurrentHashMap<>();
    private volatile int target;
    private volatile boolean silent;

    Balancer(int target) throws IOException {
        this.target = target;
        int port = 0;
        for (InetAddress address : Hosts.loopback()) {
            var server = new ServerSocket(port, 50, address);
            port = server.getLocalPort();
            var datagrams = new DatagramSocket(new InetSocketAddress(address, port));
            listening.add(server);
            receiving.add(datagrams);
            run(() -> accept(server));
            run(() -> receive(datagrams));
        }
    }

    int port() {
        return listening.get(0).getLocalPort();
    }

    /** New connections go there. */
    void to(int port) {
        target = port;
    }

    /** Ends all connections. TCP is told of it; QUIC finds out: it would survive a new way to the same server. */
    void cut() throws IOException {
        for (Socket socket : sockets) {
            socket.close();
        }
        flows.values().forEach(DatagramSocket::close);
    }

    /** Nothing gets through in either direction any more, and nobody is told: a cable is out. */
    void silence(boolean on) {
        silent = on;
    }

    private void accept(ServerSocket server) throws IOException {
        while (true) {
            Socket client = server.accept();
            try {
                Socket to = new Socket(InetAddress.getLoopbackAddress(), target);
                sockets.add(client);
                sockets.add(to);
                run(() -> pump(client, to));
                run(() -> pump(to, client));
            } catch (IOException nobodyThere) {
                client.close();
            }
        }
    }

    private void pump(Socket from, Socket to) throws IOException {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[8192];
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                if (!silent) {
                    out.write(buffer, 0, read);
                }
            }
        } finally {
            sockets.remove(from);
            sockets.remove(to);
        }
    }

    private void receive(DatagramSocket datagrams) throws IOException {
        var packet = new DatagramPacket(new byte[LARGEST_DATAGRAM], LARGEST_DATAGRAM);
        while (true) {
            packet.setLength(LARGEST_DATAGRAM);
            datagrams.receive(packet);
            if (silent) {
                continue;
            }
            DatagramSocket flow = flows.computeIfAbsent(packet.getSocketAddress(), client -> flow(datagrams, client));
            try {
                flow.send(new DatagramPacket(packet.getData(), packet.getLength()));
            } catch (IOException cut) {
                log.debug("a packet for nobody: {}", cut.toString());
            }
        }
    }

    private DatagramSocket flow(DatagramSocket datagrams, SocketAddress client) {
        try {
            var flow = new DatagramSocket();
            flow.connect(InetAddress.getLoopbackAddress(), target);
            run(() -> {
                var packet = new DatagramPacket(new byte[LARGEST_DATAGRAM], LARGEST_DATAGRAM);
                while (!flow.isClosed()) {
                    packet.setLength(LARGEST_DATAGRAM);
                    flow.receive(packet);
                    if (!silent) {
                        datagrams.send(new DatagramPacket(packet.getData(), packet.getLength(), client));
                    }
                }
            });
            return flow;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        for (ServerSocket each : listening) {
            each.close();
        }
        receiving.forEach(DatagramSocket::close);
        cut();
    }

    private interface Pumping {
        void run() throws IOException;
    }

    private static void run(Pumping pumping) {
        var thread = new Thread(
                () -> {
                    try {
                        pumping.run();
                    } catch (IOException closed) {
                        log.debug("a connection, or the test, has ended: {}", closed.toString());
                    }
                },
                "balancer");
        thread.setDaemon(true);
        thread.start();
    }
}
