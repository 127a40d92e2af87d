package dev.moitessier.examples;

import dev.moitessier.Conditions;
import dev.moitessier.Dispatch;
import dev.moitessier.ListenOptions;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.Since;
import dev.moitessier.Subscriber;
import dev.moitessier.store.memory.MemoryStore;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A room with history: who comes later reads what was said, then hears what follows, without a gap between. */
public final class Chat {
    private Chat() {}

    public static void main(String... args) throws InterruptedException {
        try (Moitessier moitessier = Moitessier.on(new MemoryStore());
                Listener ada = moitessier.listen(Conditions.shared(Person.of("ada"), "room/42"))) {
            moitessier.dispatch(Person.of("ada"), "room/42", "anybody there?");

            List<String> heard = new ArrayList<>();
            CountDownLatch both = new CountDownLatch(2);
            // snippet: history
            Listener bob = moitessier.listen(Conditions.shared(Person.of("bob"), "room/42")
                    .farewell(Dispatch.from(Person.of("bob")).text("bye")));
            bob.subscribe(ListenOptions.since(Since.last(50)), message -> {
                heard.add(message.from().id() + ": " + message.text());
                both.countDown();
            });
            // end
            moitessier.dispatch(Person.of("ada"), "room/42", "hi bob");
            if (both.await(10, TimeUnit.SECONDS)) {
                heard.forEach(System.out::println);
            }

            // snippet: subscribers
            for (Subscriber subscriber : ada.subscribers().list()) {
                System.out.println(subscriber.person().id() + " is here");
            }
            // end
            bob.close();
            ada.messages(Since.last(1), 1).forEach(message -> System.out.println("bob said " + message.text()));
        }
    }
}
