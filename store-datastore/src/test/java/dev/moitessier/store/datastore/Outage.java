package dev.moitessier.store.datastore;

import dev.moitessier.Conditions;
import dev.moitessier.Dispatch;
import dev.moitessier.ListenOptions;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;

/** A node that talks to itself, with short leases, whatever happens to its store. */
final class Outage implements AutoCloseable {
    private final Moitessier moitessier;
    private final Listener listener;
    private final List<String> sent = new CopyOnWriteArrayList<>();
    private final List<String> received = new CopyOnWriteArrayList<>();
    private final AtomicBoolean running = new AtomicBoolean(true);
    private final Thread writer = new Thread(this::write, "outage-writer");

    Outage(MailboxStore store) {
        moitessier = Moitessier.builder(store).lease(Duration.ofSeconds(6)).build();
        listener = moitessier.listen(Conditions.shared(Person.of("ada"), "room"));
        listener.subscribe(ListenOptions.defaults(), message -> received.add(message.text()));
    }

    void begin() {
        writer.start();
    }

    private void write() {
        for (int i = 0; running.get(); i++) {
            String text = "m" + i;
            UUID id = UUID.randomUUID();
            while (true) {
                try {
                    moitessier.dispatch(Dispatch.from(Person.of("bob"))
                            .to("room")
                            .text(text)
                            .id(id));
                    sent.add(text);
                    break;
                } catch (StoreException away) {
                    if (!away.retryable()) {
                        throw away;
                    }
                }
            }
        }
    }

    int heard() {
        return received.size();
    }

    void end() throws InterruptedException {
        running.set(false);
        writer.join(60_000);
        Scratch.until("all that was sent is heard", Duration.ofSeconds(20), () -> received.size() >= sent.size());
    }

    List<String> sent() {
        return sent;
    }

    List<String> received() {
        return received;
    }

    @Override
    public void close() {
        running.set(false);
        moitessier.close();
    }
}
