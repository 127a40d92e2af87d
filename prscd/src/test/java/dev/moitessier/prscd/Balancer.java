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
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What stands before several servers: passes TCP and UDP of one port on to one of them, and can break both. Connections stay
 * with the server that they began with, until they are cut.
 */
public final class Balancer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Balancer.class);
    private static final int LARGEST_DATAGRAM = 2048;

    private final List<ServerSocket> listening = new ArrayList<>();
    private final List<DatagramSocket> receiving = new ArrayList<>();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final Map<SocketAddress, DatagramSocket> flows = new ConcurrentHashMap<>();
    private volatile int target;
    private volatile boolean silent;
    private volatile @Nullable Weather weather;

    public Balancer(int target) throws IOException {
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

    public int port() {
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

    /** From now on a share of the datagrams is lost, as many come up to 30 ms late, and so overtake each other. TCP has neither. */
    public void lose(double share, long seed) {
        weather = new Weather(share, new Random(seed));
    }

    private final class Weather {
        private final double share;
        private final Random random;
        private final ScheduledExecutorService late = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "balancer-late");
            thread.setDaemon(true);
            return thread;
        });

        Weather(double share, Random random) {
            this.share = share;
            this.random = random;
        }

        void pass(DatagramSocket through, DatagramPacket packet) throws IOException {
            double fate;
            synchronized (random) {
                fate = random.nextDouble();
            }
            if (fate >= 2 * share) {
                through.send(packet);
            } else if (fate >= share) {
                long micros = (long) ((fate - share) / share * 30_000);
                var unused = late.schedule(() -> send(through, packet), micros, TimeUnit.MICROSECONDS);
            }
        }

        private void send(DatagramSocket through, DatagramPacket packet) {
            try {
                through.send(packet);
            } catch (IOException cut) {
                log.debug("a late packet for nobody: {}", cut.toString());
            }
        }
    }

    private void pass(DatagramSocket through, DatagramPacket packet) throws IOException {
        Weather now = weather;
        if (now == null) {
            through.send(packet);
        } else {
            now.pass(through, packet);
        }
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
                pass(flow, new DatagramPacket(packet.getData().clone(), packet.getLength()));
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
                        pass(datagrams, new DatagramPacket(packet.getData().clone(), packet.getLength(), client));
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
        Weather last = weather;
        if (last != null) {
            last.late.shutdownNow();
        }
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
