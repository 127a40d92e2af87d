package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.Moitessier;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.memory.MemorySpace;
import dev.moitessier.store.memory.MemoryStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The scenario of the simulation in real time: real nodes with threads of their own on a real {@link Moitessier}, clients that
 * come, talk and go, nodes that stand still, drain and come back. In the end all agree, and nobody has heard anything out of
 * order or twice.
 */
class ChurnTest {
    private static final long SEED = Long.getLong("prscd.churn.seed", 4711);

    @Test
    @DisplayName("churn.converge: for a few seconds on the memory store")
    void shortly() throws InterruptedException {
        MemorySpace space = new MemorySpace();
        churn(() -> new MemoryStore(space), Duration.ofSeconds(12));
    }

    @Test
    @Tag("long")
    @DisplayName("churn.converge: for ten minutes on the memory store")
    void forLong() throws InterruptedException {
        MemorySpace space = new MemorySpace();
        churn(() -> new MemoryStore(space), Duration.ofMinutes(10));
    }

    /** Any store will do; each node opens its own. */
    static void churn(Supplier<MailboxStore> stores, Duration length) throws InterruptedException {
        System.out.println("churn: -Dprscd.churn.seed=" + SEED);
        try (Churn churn = new Churn(stores)) {
            churn.run(System.nanoTime() + length.toNanos());
        }
    }

    private static final class Churn implements AutoCloseable {
        private static final List<String> CHANNELS = List.of("room", "ordered-1");
        private static final int CLIENTS = 12;

        final Random random = new Random(SEED);
        final ExecutorService blocking = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "blocking");
            thread.setDaemon(true);
            return thread;
        });
        final Supplier<MailboxStore> stores;
        final List<Server> servers = new ArrayList<>();
        final Map<String, Tab> tabs = new HashMap<>();
        final List<String> wrong = new CopyOnWriteArrayList<>();
        int connections;
        int pauses;
        int drains;

        Churn(Supplier<MailboxStore> stores) {
            this.stores = stores;
            for (int i = 0; i < 3; i++) {
                servers.add(new Server());
            }
        }

        void run(long end) throws InterruptedException {
            while (System.nanoTime() - end < 0) {
                act();
                LockSupport.parkNanos(Nanos.millis(random.nextInt(20)));
            }
            for (int i = 0; i < CLIENTS; i++) {
                come("c" + i);
            }
            for (String channel : CHANNELS) {
                await(() -> isWhole(channel), () -> "rosters of " + channel + ": " + rosters(channel));
            }
            assertThat(wrong).isEmpty();
            assertThat(connections).isGreaterThan(CLIENTS);
            System.out.println("churn: " + connections + " connections, " + pauses + " pauses, " + drains + " drains");
        }

        private void act() throws InterruptedException {
            String id = "c" + random.nextInt(CLIENTS);
            int what = random.nextInt(1_000);
            Tab tab = tabs.get(id);
            if (what < 4) {
                pauses++;
                servers.get(random.nextInt(servers.size())).pause(Duration.ofMillis(200 + random.nextInt(4_800)));
            } else if (what < 6) {
                drain(random.nextInt(servers.size()));
            } else if (tab == null) {
                come(id);
            } else if (what < 500) {
                tab.data();
            } else if (what < 850) {
                tab.change();
            } else {
                tabs.remove(id);
                tab.peer.closed(random.nextBoolean() ? Departure.LEFT : Departure.LOST);
            }
        }

        private void come(String id) {
            if (!tabs.containsKey(id)) {
                connections++;
                Server server = servers.get(random.nextInt(servers.size()));
                tabs.put(id, new Tab(this, server, id, id + "@" + connections, CHANNELS.get(id.hashCode() & 1)));
            }
        }

        private void drain(int which) throws InterruptedException {
            Server old = servers.get(which);
            drains++;
            servers.set(which, new Server());
            old.resume();
            CountDownLatch answered = new CountDownLatch(1);
            old.node.drain(Duration.ofSeconds(3)).whenComplete((known, failure) -> answered.countDown());
            assertThat(answered.await(20, TimeUnit.SECONDS)).isTrue();
            List<String> moved = new ArrayList<>();
            tabs.forEach((id, tab) -> {
                if (tab.server == old) {
                    tab.peer.closed(Departure.LOST);
                    moved.add(id);
                }
            });
            tabs.keySet().removeAll(moved);
            old.close();
            moved.forEach(this::come);
        }

        private Set<String> present(String channel) {
            Set<String> present = new TreeSet<>();
            tabs.values().stream().filter(each -> each.channel.equals(channel)).forEach(each -> present.add(each.id));
            return present;
        }

        private boolean isWhole(String channel) {
            Set<String> present = present(channel);
            return tabs.values().stream()
                    .filter(each -> each.channel.equals(channel))
                    .allMatch(each -> {
                        Set<String> others = new TreeSet<>(present);
                        others.remove(each.id);
                        return each.members.equals(others);
                    });
        }

        private Map<String, Set<String>> rosters(String channel) {
            Map<String, Set<String>> rosters = new LinkedHashMap<>();
            tabs.values().stream()
                    .filter(each -> each.channel.equals(channel))
                    .forEach(each -> rosters.put(each.name, each.members));
            return rosters;
        }

        private static void await(Supplier<Boolean> condition, Supplier<String> otherwise) {
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (!condition.get()) {
                assertThat(System.nanoTime() - deadline).as(otherwise.get()).isNegative();
                LockSupport.parkNanos(5_000_000);
            }
        }

        @Override
        public void close() {
            servers.forEach(Server::close);
            blocking.shutdown();
        }

        private final class Server {
            final Moitessier moitessier = Moitessier.builder(stores.get()).build();
            final LoopThread loop = new LoopThread("loop");
            final Node node;
            private volatile boolean paused;

            Server() {
                LinkedHashMap<String, ChannelSettings> rules = new LinkedHashMap<>();
                rules.put("ordered-*", ChannelSettings.ORDERED);
                node = new Node(
                        NodeSettings.of("churn", "m1"),
                        new MoitessierRoomStore(moitessier, blocking, loop),
                        loop,
                        new Random(random.nextLong()),
                        ChannelRules.of(rules),
                        blocking);
                node.start();
                await(node::ready, () -> "a node is not ready");
            }

            /** The loop stands still; the store's client does not, as with a long collection of garbage in one thread only. */
            void pause(Duration length) {
                paused = true;
                long till = System.nanoTime() + length.toNanos();
                loop.execute(() -> {
                    while (paused && System.nanoTime() - till < 0) {
                        LockSupport.parkNanos(1_000_000);
                    }
                });
            }

            void resume() {
                paused = false;
            }

            void close() {
                resume();
                node.close();
                CountDownLatch last = new CountDownLatch(1);
                loop.execute(last::countDown);
                await(() -> last.getCount() == 0, () -> "a loop does not end");
                loop.close();
                moitessier.close();
            }
        }
    }

    /** One connection of a client, which keeps its members as the real one does. */
    private static final class Tab implements PeerConnection {
        final Churn churn;
        final Churn.Server server;
        final String id;
        final String name;
        final String channel;
        final Set<String> members = new ConcurrentSkipListSet<>();
        final Peer peer;
        private final Map<String, Integer> lastOf = new HashMap<>();
        private byte[] state;
        private int said;

        Tab(Churn churn, Churn.Server server, String id, String name, String channel) {
            this.churn = churn;
            this.server = server;
            this.id = id;
            this.name = name;
            this.channel = channel;
            this.state = Bench.state(name + ":0");
            this.peer = server.node.connect(id, this, SimWorld.EVERYBODY);
            say(Signalling.control(Psig.OP_CHANNEL_JOIN, channel).withPayload(state));
        }

        private void say(Signalling message) {
            peer.received(message.encode());
        }

        void data() {
            say(Signalling.data(channel, new ChannelEvent("m", name + ":" + ++said)));
        }

        void change() {
            state = Bench.state(name + ":" + ++said);
            say(Signalling.control(Psig.OP_STATE, channel).withPayload(state));
        }

        @Override
        public Kind kind() {
            return Kind.WEBSOCKET;
        }

        @Override
        public boolean isWritable() {
            return true;
        }

        /** On the loop of its node, one after the other. */
        @Override
        public Sent send(Frame frame) {
            Signalling message = Signalling.decode(frame.bytes());
            String who = message.cid();
            if (message.isData()) {
                heard(message.event().data());
            } else if (message.opCode().equals(Psig.OP_CHANNEL_JOIN)) {
                say(Signalling.control(Psig.OP_PEER_ONLINE, channel));
            } else if (message.opCode().equals(Psig.OP_STATE)) {
                members.add(who);
                if (who.equals(id)) {
                    churn.wrong.add(name + " was told its own state");
                }
            } else if (!members.remove(who)) {
                churn.wrong.add(name + " was told that " + who + " has left, whom it did not know");
            }
            return Sent.TAKEN;
        }

        private void heard(String text) {
            int colon = text.lastIndexOf(':');
            int number = Integer.parseInt(text.substring(colon + 1));
            Integer before = lastOf.put(text.substring(0, colon), number);
            if (text.startsWith(name + ":")) {
                churn.wrong.add(name + " heard itself");
            }
            if (before != null && before >= number) {
                churn.wrong.add(name + " heard " + text + " behind " + before);
            }
        }

        @Override
        public void reading(boolean on) {}

        @Override
        public void close(int code, String reason) {
            churn.wrong.add(name + " was closed with " + code + " " + reason);
        }
    }
}
