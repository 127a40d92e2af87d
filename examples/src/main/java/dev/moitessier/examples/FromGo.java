package dev.moitessier.examples;

import static dev.moitessier.store.ListenerType.HANDLER;
import static dev.moitessier.store.ListenerType.SHARED;

import dev.moitessier.Conditions;
import dev.moitessier.Dispatch;
import dev.moitessier.Dispatched;
import dev.moitessier.Ended;
import dev.moitessier.ListenOptions;
import dev.moitessier.Listener;
import dev.moitessier.Message;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.Recipient;
import dev.moitessier.Since;
import dev.moitessier.store.memory.MemoryStore;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** The calls of the Go library's readme, line by line, then as one would write them in Java. */
public final class FromGo {
    /** What the readme hands through as {@code args}. */
    record WsState(Appendable conn, boolean open) {}

    private FromGo() {}

    public static void main(String... args) throws IOException, InterruptedException {
        WsState conn = new WsState(System.out, true);
        Person srcPerson = Person.of("src");
        try (Moitessier moitessier = Moitessier.on(new MemoryStore())) {
            moitessier.listen(Conditions.of(Person.of("saver"), HANDLER, "scoped string"));
            lineByLine(moitessier, srcPerson, conn);
            inJava(moitessier, srcPerson, conn);
        }
    }

    private static void lineByLine(Moitessier moitessier, Person srcPerson, WsState conn)
            throws IOException, InterruptedException {
        // snippet: go-listen
        var conditions = Conditions.of(srcPerson, SHARED, "scoped string");
        var listener = moitessier.listen(conditions);

        var since = Instant.now();
        var interval = Duration.ofMillis(100);
        var timeOut = Duration.ofMillis(300);
        // end
        // snippet: go-dispatch
        moitessier.dispatch(srcPerson, "scoped string", "response string");
        Dispatched dispatched = moitessier.dispatch(srcPerson, "scoped string", "response string", FromGo::saverFunc);
        // end
        // snippet: go-listen-until
        listener.listenUntil(FromGo::listenerFunc, FromGo::responderFunc, since, interval, timeOut, conn);
        // end
        dispatched
                .results()
                .forEach(result -> System.out.println(
                        "saver was called for: " + result.recipient().person().id()));
        listener.close();
    }

    // snippet: go-functions
    static boolean listenerFunc(Listener listener, Object[] args) {
        return ((WsState) args[0]).open();
    }

    static void responderFunc(List<Message> messages, Object[] args) throws IOException {
        for (Message message : messages) {
            ((WsState) args[0]).conn().append(message.text()).append('\n');
        }
    }

    static String saverFunc(Recipient recipient, Dispatch message) {
        return "saver was called for: " + recipient.listenerId();
    }
    // end

    private static void inJava(Moitessier moitessier, Person srcPerson, WsState conn)
            throws IOException, InterruptedException {
        Listener listener = moitessier.listen(Conditions.shared(srcPerson, "scoped string"));
        moitessier.dispatch(srcPerson, "scoped string", "in Java");
        // snippet: java-listen-until
        Ended why = listener.listenUntil(
                ListenOptions.since(Since.leftOff())
                        .interval(Duration.ofMillis(100))
                        .timeout(Duration.ofMillis(300)),
                l -> conn.open(),
                messages -> {
                    for (Message message : messages) {
                        conn.conn().append(message.text()).append('\n');
                    }
                });
        // end
        System.out.println("ended by " + why);
    }
}
