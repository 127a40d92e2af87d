package dev.moitessier;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Capabilities;
import dev.moitessier.store.MailboxStore;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A real store behind a line that tests may disturb: what is appended passes {@link #line}. */
final class PassingStore extends TestStore {
    /** What happens between a node and its store. */
    @FunctionalInterface
    interface Line {
        List<Appended> append(List<Append> batch, MailboxStore store);
    }

    /** One call that came through. */
    record Call(List<Append> batch, Thread thread) {}

    final List<Call> calls = new CopyOnWriteArrayList<>();
    volatile Line line = (batch, store) -> store.append(batch);

    private final Capabilities capabilities;

    private PassingStore(MailboxStore store, Capabilities capabilities) {
        super(store);
        this.capabilities = capabilities;
    }

    /** As near as the store itself. */
    static PassingStore near(MailboxStore store) {
        return new PassingStore(store, store.capabilities());
    }

    /** As if it were another process: worth combining for. */
    static PassingStore far(MailboxStore store) {
        return far(store, store.capabilities().maxBatch());
    }

    static PassingStore far(MailboxStore store, int maxBatch) {
        Capabilities near = store.capabilities();
        return new PassingStore(
                store,
                new Capabilities(
                        "far",
                        near.durability(),
                        true,
                        near.enlists(),
                        near.push(),
                        near.storeClock(),
                        near.maxBody(),
                        near.maxAppend(),
                        near.maxTexts(),
                        near.maxMetadata(),
                        maxBatch,
                        near.maxRemember(),
                        near.callLimit()));
    }

    @Override
    public Capabilities capabilities() {
        return capabilities;
    }

    @Override
    public List<Appended> append(List<Append> batch) {
        calls.add(new Call(List.copyOf(batch), Thread.currentThread()));
        return line.append(batch, store);
    }
}
