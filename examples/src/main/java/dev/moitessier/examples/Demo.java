package dev.moitessier.examples;

import dev.moitessier.Conditions;
import dev.moitessier.Dispatch;
import dev.moitessier.Dispatched;
import dev.moitessier.Listener;
import dev.moitessier.Message;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.store.memory.MemorySpace;
import dev.moitessier.store.memory.MemoryStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What Moitessier does, in a few lines: shared, private and handler listeners on several scopes of two nodes, dispatches from
 * several threads, and a listener that goes and comes back to where it left off.
 */
public final class Demo {
    private static final Person ADA = Person.of("ada");
    private static final Person BOB = Person.of("bob");
    private static final Person HOST = Person.of("host");

    private final long started = System.nanoTime();
    private final Moitessier here;
    private final Moitessier there;

    private Demo(Moitessier here, Moitessier there) {
        this.here = here;
        this.there = there;
    }

    public static void main(String... args) throws InterruptedException {
        MemorySpace space = new MemorySpace(); // what a database is to several processes
        try (Moitessier here = Moitessier.on(new MemoryStore(space));
                Moitessier there = Moitessier.on(new MemoryStore(space))) {
            Demo demo = new Demo(here, there);
            demo.shared();
            demo.privately();
            demo.handlers();
            demo.manyThreads();
            demo.leavesAndReturns();
            demo.say("done", "that was all; both nodes close");
        }
    }

    private void shared() throws InterruptedException {
        say("shared", "ada listens to room/1 here, bob to room/1 and room/2 there");
        Phaser heard = new Phaser(1);
        heard.bulkRegister(3);
        try (Listener ada = here.listen(Conditions.shared(ADA, "room/1"));
                Listener bob = there.listen(Conditions.shared(BOB, "room/1", "room/2"))) {
            ada.subscribe(message -> hear("ada", message, heard));
            bob.subscribe(message -> hear("bob", message, heard));
            here.dispatch(HOST, "room/1", "hello, room 1");
            here.dispatch(HOST, "room/2", "hello, room 2");
            await(heard);
            say("shared", "on room/1 are now " + ada.subscribers().size() + " subscribers, on both nodes");
        }
    }

    private void privately() throws InterruptedException {
        Phaser heard = new Phaser(1);
        heard.bulkRegister(2);
        try (Listener ada = here.listen(Conditions.privateTo(ADA, "desk"));
                Listener bob = there.listen(Conditions.privateTo(BOB, "desk"))) {
            ada.subscribe(message -> hear("ada", message, heard));
            bob.subscribe(message -> hear("bob", message, heard));
            Dispatch toAda = Dispatch.from(HOST).to("desk").only(ADA).text("for ada's eyes");
            here.dispatch(toAda);
            there.dispatch(toAda.only(BOB).text("for bob's eyes"));
            await(heard);
        }
    }

    private void handlers() throws InterruptedException {
        Phaser heard = new Phaser(1);
        heard.register();
        try (Listener ada = here.listen(Conditions.handler(ADA, "greetings"));
                Listener bob = there.listen(Conditions.handler(BOB, "greetings"))) {
            ada.subscribe(message -> hear("ada", message, heard));
            bob.subscribe(message -> hear("bob", message, heard));
            Dispatched done = here.dispatch(HOST, "greetings", "", (recipient, dispatch) -> {
                if (recipient.person().equals(BOB)) {
                    throw new IllegalStateException("no template for bob");
                }
                return "dear " + recipient.person().id();
            });
            await(heard);
            done.failures()
                    .forEach(failure -> say(
                            "handler",
                            failure.recipient().person().id() + " gets nothing: "
                                    + failure.cause().getMessage()));
        }
    }

    private void manyThreads() throws InterruptedException {
        int threads = 4;
        int each = 2_000;
        AtomicInteger outOfOrder = new AtomicInteger();
        CountDownLatch all = new CountDownLatch(threads * each);
        try (Listener board = there.listen(Conditions.shared(BOB, "ticker"))) {
            long[] last = {0};
            board.subscribe(message -> {
                if (message.position() <= last[0]) {
                    outOfOrder.incrementAndGet();
                }
                last[0] = message.position();
                all.countDown();
            });
            long began = System.nanoTime();
            List<Thread> speakers = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                Person speaker = Person.of("speaker-" + t);
                Thread thread = new Thread(() -> {
                    for (int i = 0; i < each; i++) {
                        here.dispatch(speaker, "ticker", speaker.id() + " says " + i);
                    }
                });
                thread.start();
                speakers.add(thread);
            }
            for (Thread speaker : speakers) {
                speaker.join();
            }
            boolean complete = all.await(20, TimeUnit.SECONDS);
            say(
                    "threads",
                    "%d dispatches of %d threads here, %s there in %d ms, %d out of order"
                            .formatted(
                                    threads * each,
                                    threads,
                                    complete ? "all heard" : all.getCount() + " not heard",
                                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began),
                                    outOfOrder.get()));
        }
    }

    private void leavesAndReturns() throws InterruptedException {
        Conditions phone = Conditions.privateTo(ADA, "inbox/ada").durable("phone");
        Phaser first = new Phaser(1);
        first.register();
        try (Listener online = here.listen(phone)) {
            online.subscribe(message -> hear("ada's phone", message, first));
            there.dispatch(BOB, "inbox/ada", "are you there?");
            await(first);
        }
        say("durable", "ada's phone goes offline");
        there.dispatch(BOB, "inbox/ada", "call me");
        there.dispatch(BOB, "inbox/ada", "when you can");
        Phaser second = new Phaser(1);
        second.bulkRegister(2);
        try (Listener back = there.listen(phone)) {
            say("durable", "ada's phone is back, on the other node, and goes on where it left off");
            back.subscribe(message -> hear("ada's phone", message, second));
            await(second);
        }
    }

    private void hear(String who, Message message, Phaser heard) {
        say("", who + " hears in " + message.scope() + ": " + message.text());
        heard.arriveAndDeregister();
    }

    private static void await(Phaser heard) throws InterruptedException {
        try {
            heard.awaitAdvanceInterruptibly(heard.arrive(), 10, TimeUnit.SECONDS);
        } catch (TimeoutException late) {
            throw new IllegalStateException("not everything was heard within 10 s", late);
        }
    }

    private synchronized void say(String topic, String line) {
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - started);
        System.out.printf("%5d ms  %-8s %s%n", millis, topic, line);
    }
}
