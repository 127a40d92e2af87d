package dev.moitessier.examples;

import static java.time.Duration.ofMillis;

import dev.moitessier.Conditions;
import dev.moitessier.ListenOptions;
import dev.moitessier.Listener;
import dev.moitessier.Message;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.Since;
import dev.moitessier.store.memory.MemoryStore;

/** One dispatch, heard in each of the ways to listen. */
public final class QuickStart {
    private QuickStart() {}

    public static void main(String... args) throws InterruptedException {
        waiting();
        reading();
    }

    private static void waiting() throws InterruptedException {
        // snippet: quick-start
        try (Moitessier moitessier = Moitessier.on(new MemoryStore())) {
            Listener room = moitessier.listen(Conditions.shared(Person.of("ada"), "room/42"));
            moitessier.dispatch(Person.of("bob"), "room/42", "hello");
            room.listenUntil(ListenOptions.defaults().timeout(ofMillis(500)), messages -> {
                for (Message message : messages) {
                    System.out.println(message.from().id() + ": " + message.text());
                }
            });
        }
        // end
    }

    private static void reading() {
        try (Moitessier moitessier = Moitessier.on(new MemoryStore());
                Listener room = moitessier.listen(Conditions.shared(Person.of("ada"), "room/42"))) {
            moitessier.dispatch(Person.of("bob"), "room/42", "hello again");
            // snippet: pull
            for (Message message : room.messages(Since.last(50), 50)) {
                System.out.println(message.text());
            }
            // end
        }
    }
}
