package dev.moitessier.examples;

import dev.moitessier.Conditions;
import dev.moitessier.Dispatched;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.Since;
import dev.moitessier.store.memory.MemoryStore;
import java.io.IOException;

/** A function makes each handler listener its own text; one that throws harms nobody else. */
public final class Greetings {
    private Greetings() {}

    public static void main(String... args) {
        try (Moitessier moitessier = Moitessier.on(new MemoryStore());
                Listener ada = moitessier.listen(Conditions.handler(Person.of("ada"), "greetings"));
                Listener bob = moitessier.listen(Conditions.handler(Person.of("bob"), "greetings"))) {
            // snippet: handler
            Dispatched done = moitessier.dispatch(Person.of("host"), "greetings", "", (recipient, dispatch) -> {
                if (recipient.person().id().equals("bob")) {
                    throw new IOException("no template for bob");
                }
                return "Dear " + recipient.person().id();
            });
            done.failures()
                    .forEach(failure ->
                            System.out.println(failure.recipient().person().id() + ": "
                                    + failure.cause().getMessage()));
            // end
            ada.messages(Since.leftOff(), 10).forEach(message -> System.out.println("ada reads: " + message.text()));
            System.out.println("bob reads " + bob.messages(Since.leftOff(), 10).size() + " messages");
            System.out.println("it reached " + moitessier.recipients(done).size());
        }
    }
}
