package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.Conditions;
import dev.moitessier.Dispatch;
import dev.moitessier.ListenOptions;
import dev.moitessier.Listener;
import dev.moitessier.Message;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.Since;
import dev.moitessier.Subscriber;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.Psig;
import dev.moitessier.psig.Signalling;
import dev.moitessier.store.Retention;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.memory.MemorySpace;
import dev.moitessier.store.memory.MemoryStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** The rooms on a real {@link Moitessier}: two nodes on one memory space, in real time. */
class MoitessierRoomStoreTest {
    private volatile Duration ahead = Duration.ZERO;
    private final MemorySpace space = new MemorySpace(() -> Instant.now().plus(ahead), MemorySpace.DEFAULT_MAX_ENTRIES);
    private final ExecutorService blocking = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "blocking");
        thread.setDaemon(true);
        return thread;
    });
    private final List<Real> nodes = new ArrayList<>();

    @AfterEach
    void end() {
        nodes.forEach(Real::close);
        blocking.shutdown();
    }

    private final class Real implements AutoCloseable {
        final Moitessier moitessier = Moitessier.builder(new MemoryStore(space)).build();
        final LoopThread loop = new LoopThread("loop");
        final PatientLoop patient = new PatientLoop(loop);
        final Node node;
        private boolean closed;

        Real() {
            LinkedHashMap<String, ChannelSettings> rules = new LinkedHashMap<>();
            rules.put("ordered-*", ChannelSettings.ORDERED);
            rules.put("chat-*", new ChannelSettings(ChannelSettings.Order.IMMEDIATE, "room/{channel}", Set.of(), true));
            node = new Node(
                    NodeSettings.of("real", "m1"),
                    new MoitessierRoomStore(moitessier, blocking, patient),
                    loop,
                    new Random(1 + nodes.size()),
                    ChannelRules.of(rules),
                    blocking);
            nodes.add(this);
            node.start();
            await(node::ready);
        }

        Browser join(String id, String channel) {
            return new Browser(node, id, channel);
        }

        @Override
        public void close() {
            if (closed) {
                return;
            }
            closed = true;
            node.close();
            CountDownLatch last = new CountDownLatch(1);
            loop.execute(last::countDown);
            await(() -> last.getCount() == 0);
            loop.close();
            moitessier.close();
        }
    }

    /** A loop of which a test may do at once what would be done in an hour or later. */
    private record PatientLoop(LoopThread loop, List<Runnable> later) implements Loop {
        PatientLoop(LoopThread loop) {
            this(loop, new CopyOnWriteArrayList<>());
        }

        @Override
        public long nanos() {
            return loop.nanos();
        }

        @Override
        public long wallMillis() {
            return loop.wallMillis();
        }

        @Override
        public void execute(Runnable task) {
            loop.execute(task);
        }

        @Override
        public Timer after(long nanos, Runnable task) {
            if (nanos < Nanos.seconds(3600)) {
                return loop.after(nanos, task);
            }
            later.add(task);
            return () -> later.remove(task);
        }

        void hurry() {
            List<Runnable> tasks = List.copyOf(later);
            later.clear();
            tasks.forEach(loop::execute);
        }
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline)
                    .as("nanoseconds behind the deadline")
                    .isNegative();
            LockSupport.parkNanos(1_000_000);
        }
    }

    /** A client that answers the acknowledgement as the real one does. */
    private static final class Browser implements PeerConnection {
        final List<Signalling> got = new CopyOnWriteArrayList<>();
        final Peer peer;
        private final String id;

        Browser(Node node, String id, String channel) {
            this.id = id;
            this.peer = node.connect(id, this, SimWorld.EVERYBODY);
            say(Signalling.control(Psig.OP_CHANNEL_JOIN, channel).withPayload(Bench.state(id)));
        }

        void say(Signalling message) {
            peer.received(message.encode());
        }

        boolean sees(String who) {
            return got.stream()
                    .anyMatch(each ->
                            each.opCode().equals(Psig.OP_STATE) && each.cid().equals(who));
        }

        long offlines(String who) {
            return got.stream()
                    .filter(each -> each.opCode().equals(Psig.OP_PEER_OFFLINE)
                            && each.cid().equals(who))
                    .count();
        }

        List<String> heard() {
            return got.stream()
                    .filter(Signalling::isData)
                    .map(each -> each.event().data())
                    .toList();
        }

        @Override
        public Kind kind() {
            return Kind.WEBSOCKET;
        }

        @Override
        public boolean isWritable() {
            return true;
        }

        @Override
        public Sent send(Frame frame) {
            Signalling message = Signalling.decode(frame.bytes());
            got.add(message);
            if (message.opCode().equals(Psig.OP_CHANNEL_JOIN)) {
                say(Signalling.control(Psig.OP_PEER_ONLINE, message.channel()));
                say(Signalling.control(Psig.OP_STATE, message.channel()).withPayload(Bench.state(id)));
            }
            return Sent.TAKEN;
        }

        @Override
        public void reading(boolean on) {}

        @Override
        public void close(int code, String reason) {}
    }

    @Test
    @DisplayName("two nodes on one store: join, states, data, leave, and the end of a node")
    void twoNodes() {
        Real one = new Real();
        Real two = new Real();
        Browser ada = one.join("ada", "room");
        Browser bob = two.join("bob", "room");
        await(() -> ada.sees("bob") && bob.sees("ada"));
        for (int i = 0; i < 50; i++) {
            ada.say(Signalling.data("room", new ChannelEvent("m", "" + (100 + i))));
        }
        await(() -> bob.heard().size() == 50);
        assertThat(bob.heard()).isSorted();
        Browser eve = one.join("eve", "room");
        await(() -> bob.sees("eve") && eve.sees("bob"));
        eve.say(Signalling.control(Psig.OP_PEER_OFFLINE, "room"));
        await(() -> bob.offlines("eve") == 1 && ada.offlines("eve") == 1);
        one.close();
        await(() -> bob.offlines("ada") == 1);
        assertThat(bob.offlines("eve")).isEqualTo(1);
    }

    @Test
    @DisplayName("ordered: one order on both nodes")
    void ordered() {
        Real one = new Real();
        Real two = new Real();
        Browser ada = one.join("ada", "ordered-1");
        Browser bob = two.join("bob", "ordered-1");
        Browser eve = one.join("eve", "ordered-1");
        Browser tom = two.join("tom", "ordered-1");
        await(() -> ada.sees("tom") && tom.sees("eve") && bob.sees("ada") && eve.sees("bob"));
        for (int i = 0; i < 40; i++) {
            ada.say(Signalling.data("ordered-1", new ChannelEvent("m", "a" + i)));
            bob.say(Signalling.data("ordered-1", new ChannelEvent("m", "b" + i)));
        }
        await(() -> eve.heard().size() == 80 && tom.heard().size() == 80);
        assertThat(eve.heard()).isEqualTo(tom.heard());
    }

    /** As the rooms do: the same registration however often. */
    private static Listener keeper(Moitessier moitessier, String scope) {
        return moitessier.listen(
                Conditions.shared(Person.of("prscd"), scope).durable("prscd-keep", Duration.ofDays(1)));
    }

    private static boolean isKept(Listener listener) {
        return listener.subscribers().list().stream().anyMatch(Subscriber::durable);
    }

    @Test
    @DisplayName(
            "keeper: an ordered channel's mailbox is held again and again while a node is there, and let go a day behind")
    void keepers() {
        Real one = new Real();
        one.join("ada", "ordered-1");
        await(() -> one.patient.later.size() == 2);
        Moitessier service = Moitessier.builder(new MemoryStore(space)).build();
        try (service) {
            String scope = "prscd/real/c/ordered-1";
            Listener watching = service.listen(Conditions.shared(Person.of("test"), scope));
            assertThat(isKept(watching)).isTrue();
            keeper(service, scope).leave();
            assertThat(isKept(watching)).isFalse();
            one.patient.hurry();
            await(() -> isKept(watching) && one.patient.later.size() == 2);
            watching.close();
            one.close();
            assertThat(one.patient.later).isEmpty();
            MemoryStore store = new MemoryStore(space);
            Duration kept = Duration.ofDays(3);
            SweepPolicy policy = new SweepPolicy(any -> new Retention(kept, 1_000), kept, null, 1_000);
            assertThat(store.scopes("prscd/real/", null, 10)).containsExactly(scope, "prscd/real/n");
            ahead = Duration.ofHours(23);
            store.sweep(policy);
            assertThat(store.scopes("prscd/real/", null, 10)).containsExactly(scope, "prscd/real/n");
            ahead = Duration.ofHours(25);
            await(() -> {
                store.sweep(policy);
                return store.scopes("prscd/real/", null, 10).isEmpty();
            });
        }
    }

    @Test
    @DisplayName("a channel joined to a scope: a service that knows only Moitessier talks with the room")
    void joinedScope() {
        Real one = new Real();
        Real two = new Real();
        Moitessier service = Moitessier.builder(new MemoryStore(space)).build();
        try (service) {
            Listener listener = service.listen(Conditions.shared(Person.of("service"), "room/chat-1"));
            List<Message> mailbox = new CopyOnWriteArrayList<>();
            listener.subscribe(ListenOptions.since(Since.leftOff()), mailbox::add);
            Browser ada = one.join("ada", "chat-1");
            Browser bob = two.join("bob", "chat-1");
            await(() -> ada.sees("bob") && bob.sees("ada"));
            ada.say(Signalling.data("chat-1", new ChannelEvent("m", "hello")));
            await(() -> bob.heard().contains("hello") && !mailbox.isEmpty());
            assertThat(mailbox.get(0).from()).isEqualTo(Person.of("ada"));
            assertThat(ChannelEvent.decode(mailbox.get(0).buffer())).isEqualTo(new ChannelEvent("m", "hello"));
            service.dispatch(
                    Dispatch.from(Person.of("service")).to("room/chat-1").text("welcome"));
            await(() -> ada.heard().contains("\"welcome\"") && bob.heard().contains("\"welcome\""));
            assertThat(ada.heard()).containsExactly("\"welcome\"");
            assertThat(bob.heard()).containsExactly("hello", "\"welcome\"");
        }
    }
}
