package dev.moitessier.examples.stores;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.Conditions;
import dev.moitessier.Dispatch;
import dev.moitessier.Message;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The other process of the scenario: listens in each of the three ways, and says in {@code answers} what it hears. It knows no
 * store; its configuration does.
 */
final class Bob implements AutoCloseable {
    static final Person BOB = Person.of("bob");
    static final String ROOM = "scenario/room";
    static final String INBOX = "scenario/inbox";
    static final String DESK = "scenario/desk";
    static final String ANSWERS = "scenario/answers";

    private final Moitessier node;
    private final Room room;
    private final List<String> numbers = new ArrayList<>();

    Bob(Config config) throws IOException {
        node = Moitessier.open(config);
        Dispatch farewell = Dispatch.from(BOB).text("bob is gone");
        node.listen(Conditions.shared(BOB, ROOM).farewell(farewell)).subscribe(this::heard);
        node.listen(Conditions.privateTo(BOB, INBOX).durable("phone"))
                .subscribe(message -> answer("inbox " + message.text()));
        node.listen(Conditions.handler(BOB, DESK)).subscribe(message -> answer("desk " + message.text()));
        room = new Room(node, "bob");
        answer("ready");
    }

    private void heard(Message message) {
        String text = message.text();
        if (text.startsWith("ping")) {
            answer("pong" + text.substring("ping".length()));
        } else if (text.startsWith("number")) {
            numbers.add(text);
        } else if (text.equals("enough")) {
            answer("order " + numbers.hashCode());
        }
    }

    private void answer(String text) {
        node.dispatch(BOB, ANSWERS, text);
    }

    @Override
    public void close() {
        room.close();
        node.close();
    }

    /** Argument: the configuration, as text. Runs until it is killed, but no longer than five minutes. */
    public static void main(String[] arguments) throws Exception {
        try (Bob bob = new Bob(ConfigFactory.parseString(arguments[0]))) {
            new CountDownLatch(1).await(Duration.ofMinutes(5).toSeconds(), TimeUnit.SECONDS);
        }
    }
}
