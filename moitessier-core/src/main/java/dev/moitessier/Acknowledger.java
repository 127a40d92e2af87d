package dev.moitessier;

import dev.moitessier.Outage.Work;
import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.StoreException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Tells the store how far durable subscribers have got: at most once a second each, many in one call, and when they close (C5). */
final class Acknowledger {
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final int CALL = 1_000;

    private final Engine engine;

    // Guarded by this.
    private List<Place> marked = new ArrayList<>();
    private boolean waiting;
    private boolean closed;

    Acknowledger(Engine engine) {
        this.engine = engine;
    }

    void mark(Place place) {
        synchronized (this) {
            if (place.acknowledging || closed) {
                return;
            }
            place.acknowledging = true;
            marked.add(place);
            if (waiting) {
                return;
            }
            waiting = true;
        }
        engine.node.time().after(PAUSE, () -> engine.onStoreThread(this::flush));
    }

    /** Now, for one that closes. */
    void flush(Place place) {
        List<Acknowledgement> one = acknowledgements(List.of(place));
        if (!one.isEmpty()) {
            engine.node.store().acknowledge(one);
        }
    }

    private void flush() {
        List<Place> taken = take();
        int done = 0;
        Duration pause = null;
        try {
            for (; done < taken.size(); done += CALL) {
                engine.node
                        .store()
                        .acknowledge(acknowledgements(taken.subList(done, Math.min(taken.size(), done + CALL))));
            }
            engine.outage.succeeded(Work.ACKNOWLEDGE);
        } catch (StoreException.Closed storeClosed) {
            return;
        } catch (RuntimeException failure) {
            pause = engine.outage.failed(Work.ACKNOWLEDGE, failure);
        }
        List<Place> again = taken.subList(Math.min(done, taken.size()), taken.size());
        synchronized (this) {
            again.forEach(place -> place.acknowledging = true);
            marked.addAll(again);
            waiting = !marked.isEmpty() && !closed;
            if (!waiting) {
                return;
            }
        }
        engine.node.time().after(pause == null ? PAUSE : pause, () -> engine.onStoreThread(this::flush));
    }

    private synchronized List<Place> take() {
        List<Place> taken = marked;
        marked = new ArrayList<>();
        taken.forEach(place -> place.acknowledging = false);
        return taken;
    }

    private static List<Acknowledgement> acknowledgements(List<Place> places) {
        List<Acknowledgement> acknowledgements = new ArrayList<>(places.size());
        for (Place place : places) {
            @Nullable UUID registration = place.registration;
            if (registration != null) {
                acknowledgements.add(
                        new Acknowledgement(place.mailbox, place.feed.subscriber, registration, place.cursor));
            }
        }
        return acknowledgements;
    }

    /** All that is marked, once. */
    void close() {
        synchronized (this) {
            closed = true;
        }
        List<Acknowledgement> last = acknowledgements(take());
        for (int i = 0; i < last.size(); i += CALL) {
            engine.node.store().acknowledge(last.subList(i, Math.min(last.size(), i + CALL)));
        }
    }
}
