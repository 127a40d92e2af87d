package dev.moitessier.store.postgres;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.BlockingQueue;

/**
 * What PgBouncer does in transaction mode, over the real server: each transaction of a client runs on whichever server connection is
 * free, process ids are its own, and what a server says while no client has it is dropped. Trust authentication only.
 */
final class TransactionPooler implements AutoCloseable {
    private static final int SSL_REQUEST = 80_877_103;
    private static final int CANCEL_REQUEST = 80_877_102;

    private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final BlockingQueue<Link> free = new LinkedBlockingQueue<>();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

    TransactionPooler(int serverPort, String database, int size) throws IOException {
        for (int i = 0; i < size; i++) {
            free.add(new Link(serverPort, database));
        }
        start(this::accept);
    }

    int port() {
        return listening.getLocalPort();
    }

    private static void start(Runnable loop) {
        Thread thread = new Thread(loop, "transaction-pooler");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                sockets.add(client);
                start(() -> serve(client));
            }
        } catch (IOException closed) {
            sockets.forEach(TransactionPooler::closeQuietly);
        }
    }

    private record Message(int type, byte[] body) {
        static Message read(DataInputStream in) throws IOException {
            int type = in.read();
            if (type < 0) {
                throw new IOException("the other side is gone");
            }
            byte[] body = new byte[in.readInt() - 4];
            in.readFully(body);
            return new Message(type, body);
        }

        void write(DataOutputStream out) throws IOException {
            out.writeByte(type);
            out.writeInt(body.length + 4);
            out.write(body);
        }
    }

    /** A connection to the server, logged in. */
    private final class Link {
        final DataInputStream in;
        final DataOutputStream out;
        final Queue<Message> parameters = new LinkedBlockingQueue<>();

        Link(int port, String database) throws IOException {
            Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setTcpNoDelay(true);
            sockets.add(socket);
            in = new DataInputStream(new java.io.BufferedInputStream(socket.getInputStream()));
            out = new DataOutputStream(new java.io.BufferedOutputStream(socket.getOutputStream()));
            byte[] startup = ("user\0postgres\0database\0" + database + "\0client_encoding\0UTF8\0DateStyle\0ISO\0\0").getBytes(StandardCharsets.UTF_8);
            out.writeInt(startup.length + 8);
            out.writeInt(196_608);
            out.write(startup);
            out.flush();
            for (Message message = Message.read(in); message.type != 'Z'; message = Message.read(in)) {
                if (message.type == 'S') {
                    parameters.add(message);
                }
            }
        }
    }

    private void serve(Socket client) {
        try (client) {
            client.setTcpNoDelay(true);
            DataInputStream in = new DataInputStream(new java.io.BufferedInputStream(client.getInputStream()));
            DataOutputStream out = new DataOutputStream(new java.io.BufferedOutputStream(client.getOutputStream()));
            if (!login(in, out)) {
                return;
            }
            while (true) {
                transaction(in, out, Message.read(in));
            }
        } catch (IOException | InterruptedException gone) {
            sockets.remove(client);
        }
    }

    private boolean login(DataInputStream in, DataOutputStream out) throws IOException, InterruptedException {
        while (true) {
            byte[] startup = new byte[in.readInt() - 4];
            in.readFully(startup);
            int code = ByteBuffer.wrap(startup).getInt();
            if (code == CANCEL_REQUEST) {
                return false;
            }
            if (code != SSL_REQUEST) {
                break;
            }
            out.writeByte('N');
            out.flush();
        }
        new Message('R', new byte[4]).write(out);
        Link any = free.take();
        free.add(any);
        for (Message parameter : any.parameters) {
            parameter.write(out);
        }
        // A key of its own making: its clients cancel through it.
        new Message('K', ByteBuffer.allocate(8).putInt(-1).putInt(0).array()).write(out);
        new Message('Z', new byte[] {'I'}).write(out);
        out.flush();
        return true;
    }

    /** From the first message of a transaction to the server's word that it is over. */
    private void transaction(DataInputStream in, DataOutputStream out, Message first) throws IOException, InterruptedException {
        Link link = free.take();
        boolean over = false;
        for (Message message = first; !over; message = over ? message : Message.read(in)) {
            if (message.type == 'X') {
                free.add(link);
                throw new IOException("the client says goodbye");
            }
            message.write(link.out);
            if (message.type == 'Q' || message.type == 'S') {
                link.out.flush();
                over = answer(link, out);
            }
        }
        free.add(link);
    }

    private static boolean answer(Link link, DataOutputStream out) throws IOException {
        while (true) {
            Message message = Message.read(link.in);
            message.write(out);
            if (message.type == 'Z') {
                out.flush();
                return message.body[0] == 'I';
            }
        }
    }

    private static void closeQuietly(Socket socket) {
        try {
            socket.close();
        } catch (IOException closing) {
            System.err.println("pooler: " + closing);
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        sockets.forEach(TransactionPooler::closeQuietly);
    }
}
