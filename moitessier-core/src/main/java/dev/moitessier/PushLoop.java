package dev.moitessier;

import dev.moitessier.Place.Load;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A subscription at work. It runs at most once at a time, so the responder's calls are serial, and a direct executor makes no recursion. */
final class PushLoop extends PushedConsumer {
    private static final Logger LOG = LoggerFactory.getLogger(Moitessier.class);
    /** Loads in a row, before others on the executor get their turn. */
    private static final int TURN = 16;

    private static final int FIRST_PAUSE_MILLIS = 100;
    private static final int MOST_PAUSE_MILLIS = 10_000;

    /** One of the two. */
    private final @Nullable Responder each;

    private final @Nullable BatchResponder<?> pages;

    // Guarded by the feed.
    /** Runs, or is handed to the executor, or pauses. */
    private boolean scheduled;

    private boolean released;
    /** Made when somebody asks. */
    private @Nullable CompletableFuture<Ended> done;

    private @Nullable Retry retry;
    private volatile @Nullable Thread runner;
    private TimeSource.@Nullable Timer timeout;

    /** The load that failed, from this message on; {@code timer} null while it is tried again. */
    private record Retry(Place place, Load load, int from, int tries, TimeSource.@Nullable Timer timer) {}

    PushLoop(Listener listener, ListenOptions options, @Nullable Responder each, @Nullable BatchResponder<?> pages) {
        super(listener, options);
        this.each = each;
        this.pages = pages;
    }

    void begin() {
        feed.attach(this);
        try {
            feed.engine.begin(this);
        } catch (RuntimeException | Error failure) {
            feed.detach(this);
            throw failure;
        }
        Duration limit = options.timeoutOrNull();
        if (limit != null) {
            TimeSource.Timer timer = feed.engine.node.time().after(limit, () -> end(Ended.TIMEOUT));
            boolean over;
            synchronized (feed) {
                timeout = timer;
                over = released;
            }
            if (over) {
                timer.cancel();
            }
        }
    }

    CompletableFuture<Ended> done() {
        CompletableFuture<Ended> asked;
        boolean over;
        synchronized (feed) {
            if (done == null) {
                done = new CompletableFuture<>();
            }
            asked = done;
            over = released;
        }
        if (over) {
            complete(asked);
        }
        return asked;
    }

    private void complete(CompletableFuture<Ended> asked) {
        Object outcome = outcome();
        if (outcome instanceof Throwable failure) {
            asked.completeExceptionally(failure);
        } else {
            asked.complete((Ended) outcome);
        }
    }

    @Override
    void offered() {
        synchronized (feed) {
            Retry pausing = retry;
            if (outcome() != null && pausing != null && pausing.timer() != null) {
                pausing.timer().cancel();
                retry = null;
            } else if (scheduled) {
                return;
            }
            scheduled = true;
        }
        submit();
    }

    @Override
    public void run() {
        runner = Thread.currentThread();
        for (int turn = 0; turn < TURN; turn++) {
            Place place = null;
            Retry again;
            boolean over;
            synchronized (feed) {
                again = retry;
                retry = null;
                over = outcome() != null;
                if (!over && again == null) {
                    place = feed.pollLoaded();
                    if (place == null) {
                        runner = null;
                        scheduled = false;
                        return;
                    }
                }
            }
            if (over) {
                runner = null;
                release();
                return;
            }
            boolean goOn;
            if (again != null) {
                goOn = handle(again.place(), again.load(), again.from(), again.tries());
            } else {
                Load load = place == null ? null : place.scope.takeLoad(place);
                goOn = load == null || handle(place, load, 0, 0);
            }
            if (!goOn) {
                return;
            }
        }
        runner = null;
        submit();
    }

    /** False if it pauses before another try. */
    private boolean handle(@Nullable Place place, Load load, int from, int tries) {
        if (place == null) {
            return true;
        }
        List<Message> messages = load.messages();
        if (tries == 0) {
            feed.engine.tell(options, load.gap());
        }
        DeliveryEvent event = new DeliveryEvent();
        event.begin();
        int at = from;
        boolean failedBefore = tries > 0;
        while (at < messages.size()) {
            if (outcome() != null) {
                return true;
            }
            int next = pages != null ? messages.size() : at + 1;
            try {
                respond(messages, at);
                tries = 0;
            } catch (Throwable failure) {
                OnFailure policy = options.onFailure();
                if (failure instanceof InterruptedException) {
                    Thread.currentThread().interrupt();
                    policy = OnFailure.STOP;
                } else if (failure instanceof Error) {
                    policy = OnFailure.STOP;
                }
                if (policy == OnFailure.RETRY) {
                    pause(place, load, at, tries, failure);
                    return false;
                }
                if (policy == OnFailure.STOP) {
                    LOG.warn(
                            "a responder failed at {}; its subscription ends there: {}",
                            messages.get(at),
                            feed,
                            failure);
                    end(failure);
                    return true;
                }
                LOG.warn("a responder failed at {}, which is skipped: {}", messages.get(at), feed, failure);
            }
            at = next;
            place.cursor = messages.get(at - 1).position();
        }
        if (failedBefore) {
            LOG.info("a responder works again: {}", feed);
        }
        feed.engine.delivered(event, place, messages);
        feed.engine.handled(place, load.next());
        return true;
    }

    private void respond(List<Message> messages, int at) throws Exception {
        if (each != null) {
            each.respond(messages.get(at));
        } else if (pages != null) {
            pages.respond(at == 0 ? messages : messages.subList(at, messages.size()));
        }
    }

    private void pause(Place place, Load load, int from, int tries, Throwable failure) {
        if (tries == 0) {
            LOG.warn(
                    "a responder failed at {} and is tried again: {}",
                    load.messages().get(from),
                    feed,
                    failure);
        }
        int millis = Math.min(MOST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(tries, 10));
        boolean over;
        synchronized (feed) {
            over = outcome() != null;
            runner = null;
            if (!over) {
                TimeSource.Timer timer = feed.engine.node.time().after(Duration.ofMillis(millis), this::resume);
                retry = new Retry(place, load, from, tries + 1, timer);
            }
        }
        if (over) {
            release();
        }
    }

    private void resume() {
        synchronized (feed) {
            Retry pausing = retry;
            if (pausing == null || pausing.timer() == null) {
                return;
            }
            retry = new Retry(pausing.place(), pausing.load(), pausing.from(), pausing.tries(), null);
        }
        submit();
    }

    @Override
    void release() {
        TimeSource.Timer timer;
        synchronized (feed) {
            timer = timeout;
        }
        if (timer != null) {
            timer.cancel();
        }
        feed.engine.stop(this);
        CompletableFuture<Ended> asked;
        synchronized (feed) {
            released = true;
            asked = done;
        }
        if (asked != null) {
            complete(asked);
        }
    }

    @Override
    boolean awaitRelease(long nanos) throws InterruptedException {
        if (Thread.currentThread().equals(runner)) {
            return true;
        }
        try {
            done().get(nanos, TimeUnit.NANOSECONDS);
            return true;
        } catch (ExecutionException failed) {
            return true;
        } catch (TimeoutException busy) {
            return false;
        }
    }
}
