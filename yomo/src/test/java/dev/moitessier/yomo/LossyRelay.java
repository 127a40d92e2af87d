package dev.moitessier.yomo;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Random;

/** Carries the datagrams of one client to a port of the loopback interface and back, and loses some of both when told so. */
final class LossyRelay implements AutoCloseable {
    private final DatagramSocket front;
    private final DatagramSocket back;
    private final InetSocketAddress server;
    private volatile double loss;
    private volatile SocketAddress client;

    private LossyRelay(int port) throws IOException {
        front = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        back = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        client = server;
    }

    static LossyRelay start(int port, long seed) {
        try {
            LossyRelay relay = new LossyRelay(port);
            start(() -> relay.carry(relay.front, relay.back, true, new Random(seed)));
            start(() -> relay.carry(relay.back, relay.front, false, new Random(seed + 1_000_000)));
            return relay;
        } catch (IOException noSocket) {
            throw new UncheckedIOException(noSocket);
        }
    }

    private static void start(Runnable carrier) {
        Thread thread = new Thread(carrier, "lossy-relay");
        thread.setDaemon(true);
        thread.start();
    }

    /** From now on this share of the datagrams; none at first. */
    void lose(double share) {
        loss = share;
    }

    int port() {
        return front.getLocalPort();
    }

    private void carry(DatagramSocket from, DatagramSocket to, boolean towardsServer, Random random) {
        byte[] bytes = new byte[65_535];
        while (!from.isClosed()) {
            try {
                var packet = new DatagramPacket(bytes, bytes.length);
                from.receive(packet);
                if (towardsServer) {
                    client = packet.getSocketAddress();
                }
                if (random.nextDouble() >= loss) {
                    packet.setSocketAddress(towardsServer ? server : client);
                    to.send(packet);
                }
            } catch (IOException closed) {
                if (!from.isClosed() && !to.isClosed()) {
                    throw new UncheckedIOException(closed);
                }
            }
        }
    }

    @Override
    public void close() {
        front.close();
        back.close();
    }
}
