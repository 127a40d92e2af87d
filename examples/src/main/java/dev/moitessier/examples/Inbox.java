package dev.moitessier.examples;

import dev.moitessier.Conditions;
import dev.moitessier.Dispatch;
import dev.moitessier.ListenOptions;
import dev.moitessier.Listener;
import dev.moitessier.Message;
import dev.moitessier.Moitessier;
import dev.moitessier.OnFailure;
import dev.moitessier.Person;
import dev.moitessier.Since;
import dev.moitessier.store.memory.MemoryStore;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** An inbox per person: what comes while nobody is there waits, and each device keeps its place. */
public final class Inbox {
    /** The way to a device. */
    interface Push {
        void send(String text) throws IOException;
    }

    private final Moitessier moitessier;

    Inbox(Moitessier moitessier) {
        this.moitessier = moitessier;
    }

    // snippet: inbox
    /** From here on the mailbox exists, so what is sent before the first login is there. */
    void signUp(String user) {
        moitessier.listen(inbox(user).durable("archive")).close();
    }

    /** May be called again for the same order: the second call writes nothing. */
    void tell(String user, String orderId, String text) {
        moitessier.dispatch(Dispatch.from(Person.of("shop"))
                .to("inbox/" + user)
                .only(Person.of(user))
                .text(text)
                .id(Dispatch.idOf("order-" + orderId)));
    }

    /** Close it when the device's socket closes: its place is kept. A send that fails is tried again. */
    Listener online(String user, String device, Push push) {
        Listener listener = moitessier.listen(inbox(user).durable(device));
        listener.subscribe(ListenOptions.defaults().onFailure(OnFailure.RETRY), message -> push.send(message.text()));
        return listener;
    }

    /** A new device hears what comes; what came before, it reads. */
    List<Message> history(Listener device) {
        return device.messages(Since.last(20), 20);
    }

    void deviceRemoved(String user, String device) {
        moitessier.listen(inbox(user).durable(device)).leave();
    }

    private static Conditions inbox(String user) {
        return Conditions.privateTo(Person.of(user), "inbox/" + user);
    }
    // end

    public static void main(String... args) throws InterruptedException {
        try (Moitessier moitessier = Moitessier.on(new MemoryStore())) {
            Inbox inbox = new Inbox(moitessier);
            inbox.signUp("ada");
            inbox.tell("ada", "17", "order 17 is on its way");
            inbox.tell("ada", "17", "order 17 is on its way");

            try (Listener phone = inbox.online("ada", "phone", text -> System.out.println("never printed: " + text))) {
                for (Message message : inbox.history(phone)) {
                    System.out.println("history: " + message.text());
                }
            }
            inbox.tell("ada", "18", "order 18 is on its way");
            CountDownLatch heard = new CountDownLatch(1);
            try (Listener phone = inbox.online("ada", "phone", text -> {
                System.out.println("phone: " + text);
                heard.countDown();
            })) {
                if (!heard.await(10, TimeUnit.SECONDS)) {
                    System.out.println(phone.scopes() + " heard nothing");
                }
            }
            inbox.deviceRemoved("ada", "phone");
        }
    }
}
