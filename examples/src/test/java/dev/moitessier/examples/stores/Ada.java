package dev.moitessier.examples.stores;

import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import dev.moitessier.Conditions;
import dev.moitessier.Dispatch;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.testkit.Eventually;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The first process of the scenario: speaks, has the other one crash and come back, and checks what both heard. */
final class Ada implements AutoCloseable {
    private static final Person ADA = Person.of("ada");
    /** Longer than any lease of a store. */
    private static final Duration SOON = Duration.ofSeconds(90);

    private static final int PINGS = 100;
    private static final int NUMBERS = 200;

    private final Moitessier node;
    private final List<String> answers = new CopyOnWriteArrayList<>();
    /** The same, to wait for. */
    private final BlockingQueue<String> latest = new LinkedBlockingQueue<>();

    private final List<String> room = new CopyOnWriteArrayList<>();

    /** Starts and crashes the other process. */
    interface Other {
        void start() throws Exception;

        void crash() throws Exception;
    }

    /** What the scenario measured. */
    record Outcome(Capabilities store, double halfRoundTripP50, double halfRoundTripP99, int ordered) {}

    Ada(Config config) {
        node = Moitessier.open(config);
        listen(Bob.ANSWERS).subscribe(message -> {
            answers.add(message.text());
            latest.add(message.text());
        });
        listen(Bob.ROOM).subscribe(message -> room.add(message.text()));
    }

    private Listener listen(String scope) {
        return node.listen(Conditions.shared(ADA, scope));
    }

    Outcome run(Other bob) throws Exception {
        try (Room lobby = new Room(node, "ada")) {
            bob.start();
            await("ready");
            Eventually.within(SOON).until("ada sees bob in the lobby", () -> lobby.sees("bob"));
            double[] halves = pings();
            int ordered = numbers();
            handler();
            tell("before");
            await("inbox before");
            bob.crash();
            tell("1");
            tell("2");
            tell("3");
            Eventually.within(SOON).until("bob's farewell is heard", () -> room.contains("bob is gone"));
            Eventually.within(SOON).until("ada sees bob leave the lobby", () -> lobby.sawGo("bob"));
            resume(bob);
            assertThat(room.stream().filter("bob is gone"::equals))
                    .as("farewells")
                    .hasSize(1);
            Capabilities store = node.store(MailboxStore.class).capabilities();
            return new Outcome(store, halves[PINGS / 2], halves[PINGS * 99 / 100], ordered);
        }
    }

    /** From a dispatch here to its answer, heard here, of the process that heard it: halved, in milliseconds, ascending. */
    private double[] pings() throws InterruptedException {
        double[] halves = new double[PINGS];
        for (int i = -20; i < PINGS; i++) { // the first ones warm up
            String number = " " + i;
            long start = System.nanoTime();
            node.dispatch(ADA, Bob.ROOM, "ping" + number);
            String answer = "";
            while (answer != null && !answer.equals("pong" + number)) {
                answer = latest.poll(SOON.toSeconds(), TimeUnit.SECONDS);
            }
            assertThat(answer).as("the answer to ping %d", i).isNotNull();
            if (i >= 0) {
                halves[i] = (System.nanoTime() - start) / 2e6;
            }
        }
        Arrays.sort(halves);
        return halves;
    }

    /** Two writers at once; both processes must have heard the same order. */
    private int numbers() throws InterruptedException {
        for (int i = 0; i < NUMBERS; i++) {
            node.dispatchAsync(i % 2 == 0 ? ADA : Person.of("eve"), Bob.ROOM, "number " + i);
        }
        node.flush();
        node.dispatch(ADA, Bob.ROOM, "enough");
        Eventually.within(SOON).until("ada hears her own numbers", () -> room.contains("enough"));
        List<String> heard =
                room.stream().filter(text -> text.startsWith("number")).toList();
        assertThat(heard).hasSize(NUMBERS).doesNotHaveDuplicates();
        await("order " + new ArrayList<>(heard).hashCode());
        return NUMBERS;
    }

    private void handler() {
        node.dispatch(
                ADA,
                Bob.DESK,
                "for whom?",
                (recipient, dispatch) -> "for " + recipient.person().id());
        await("desk for bob");
    }

    private void tell(String text) {
        node.dispatch(Dispatch.from(ADA).to(Bob.INBOX).only(Bob.BOB).text(text));
    }

    /** What it missed it hears, in order; what it had finished a moment before the crash may come once more. */
    private void resume(Other bob) throws Exception {
        int before = answers.size();
        bob.start();
        await("inbox 3");
        List<String> missed = answers.stream()
                .skip(before)
                .filter(text -> text.startsWith("inbox"))
                .filter(text -> !text.equals("inbox before"))
                .toList();
        assertThat(missed).containsExactly("inbox 1", "inbox 2", "inbox 3");
    }

    private void await(String answer) {
        Eventually.within(SOON).until("bob says: " + answer, () -> answers, said -> said.contains(answer));
    }

    @Override
    public void close() {
        node.close();
    }
}
