package dev.moitessier.testkit.broken;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A server on the loopback interface that does what is asked for over TCP, in this JVM: a client leaves its request here under a
 * number, and only that number travels. So a call can be delayed, lost or cut as one to a real server can, before or after it was
 * done.
 */
final class Wire implements AutoCloseable {
    /** A request: done when its number arrives; may write more than the answer. */
    interface Request {
        void arrived(DataOutputStream out) throws IOException;
    }

    private final Map<Long, Request> requests = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final int port;
    private volatile ServerSocket listening;
    private volatile boolean closed;

    Wire() throws IOException {
        listening = listen(0);
        port = listening.getLocalPort();
    }

    int port() {
        return port;
    }

    long leave(Request request) {
        long number = numbers.incrementAndGet();
        requests.put(number, request);
        return number;
    }

    void takeBack(long number) {
        requests.remove(number);
    }

    /** Resets every connection and refuses new ones. */
    void stop() throws IOException {
        listening.close();
        sockets.forEach(Wire::reset);
    }

    private static void reset(Socket socket) {
        try (socket) {
            socket.setSoLinger(true, 0);
        } catch (IOException e) {
            if (!socket.isClosed()) { // its own thread may have closed it first
                throw new UncheckedIOException(e);
            }
        }
    }

    void start() throws IOException {
        listening = listen(port);
    }

    /** Whether it is gone for good: somebody else may have its port by now. */
    boolean isClosed() {
        return closed;
    }

    @Override
    public void close() throws IOException {
        closed = true;
        stop();
    }

    private ServerSocket listen(int on) throws IOException {
        ServerSocket socket = new ServerSocket();
        socket.setReuseAddress(true);
        socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), on), 50);
        thread("accepts", () -> {
            while (!socket.isClosed()) {
                Socket accepted = accept(socket);
                if (accepted != null) {
                    sockets.add(accepted);
                    thread("serves", () -> serve(accepted));
                }
            }
        });
        return socket;
    }

    private static Socket accept(ServerSocket socket) {
        try {
            return socket.accept();
        } catch (IOException e) {
            return null; // stopped
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            while (true) {
                long number = in.readLong();
                Request request = requests.remove(number);
                if (request != null) {
                    request.arrived(out);
                }
                out.writeLong(number);
                out.flush();
            }
        } catch (IOException e) {
            sockets.remove(socket); // the client went, or the connection was cut
        }
    }

    static void thread(String what, Runnable task) {
        Thread thread = new Thread(task, "wire " + what);
        thread.setDaemon(true);
        thread.start();
    }

    /** A client's end of a connection. */
    static final class Line implements Closeable {
        private final Socket socket = new Socket();
        final DataInputStream in;
        final DataOutputStream out;

        Line(int port, int patienceMillis) throws IOException {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 500);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(patienceMillis);
            in = new DataInputStream(socket.getInputStream());
            out = new DataOutputStream(socket.getOutputStream());
        }

        void ask(long number) throws IOException {
            out.writeLong(number);
            out.flush();
        }

        @Override
        public void close() {
            try {
                socket.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
