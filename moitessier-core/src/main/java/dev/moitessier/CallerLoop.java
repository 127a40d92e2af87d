package dev.moitessier;

import dev.moitessier.Place.Load;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** {@code listenUntil}: the engine finds the messages, the calling thread checks, waits and responds. */
final class CallerLoop<X extends Exception, Y extends Exception> extends Feed.Consumer {
    /** A wait is never longer by the real clock, whatever the time source says. */
    private static final long LONGEST_WAIT = TimeUnit.SECONDS.toNanos(1);

    private final Thread caller = Thread.currentThread();
    private final CountDownLatch released = new CountDownLatch(1);
    private final @Nullable Check<X> check;
    private final BatchResponder<Y> responder;
    private final TimeSource time;
    private volatile boolean idle;

    CallerLoop(Listener listener, ListenOptions options, @Nullable Check<X> check, BatchResponder<Y> responder) {
        super(listener, options);
        this.check = check;
        this.responder = responder;
        this.time = feed.engine.node.time();
    }

    Ended run() throws X, Y, InterruptedException {
        feed.attach(this);
        boolean begun = false;
        try {
            long started = time.nanos();
            feed.engine.begin(this);
            begun = true;
            return loop(started);
        } finally {
            if (begun) {
                feed.engine.stop(this);
            } else {
                feed.detach(this);
            }
            released.countDown();
        }
    }

    private Ended loop(long started) throws X, Y, InterruptedException {
        Duration limit = options.timeoutOrNull();
        long timeout = limit == null ? Durations.FOREVER : Durations.nanos(limit);
        long interval = Durations.nanos(options.interval());
        long checkDue = 0;
        while (true) {
            if (Thread.interrupted()) {
                throw new InterruptedException();
            }
            if (outcome() instanceof RuntimeException failure) {
                throw failure;
            }
            if (outcome() != null) {
                return Ended.CLOSED;
            }
            long elapsed = time.nanos() - started;
            if (check != null && elapsed >= checkDue) {
                if (!check.goOn(listener)) {
                    return Ended.CHECK;
                }
                checkDue = time.nanos() - started + interval;
            }
            if (elapsed >= timeout) {
                return Ended.TIMEOUT;
            }
            feed.engine.drive();
            Place place = feed.pollLoaded();
            Load load = place == null ? null : place.scope.takeLoad(place);
            if (place != null && load != null) {
                handle(place, load);
                checkDue = 0;
            } else if (place == null) {
                await(Math.min(timeout, check == null ? timeout : checkDue) - elapsed);
            }
        }
    }

    private void handle(Place place, Load load) throws Y {
        feed.engine.tell(options, load.gap());
        List<Message> messages = load.messages();
        if (!messages.isEmpty()) {
            DeliveryEvent event = new DeliveryEvent();
            event.begin();
            responder.respond(messages);
            feed.engine.delivered(event, place, messages);
        }
        feed.engine.handled(place, load.next());
    }

    private void await(long nanos) {
        if (nanos <= 0) {
            return;
        }
        TimeSource.Timer timer = time.after(Duration.ofNanos(nanos), () -> LockSupport.unpark(caller));
        idle = true;
        LockSupport.parkNanos(this, Math.min(nanos, LONGEST_WAIT));
        idle = false;
        feed.engine.tickAfterWait();
        timer.cancel();
    }

    /** Whether it will look, when it stops waiting, for a tick that was left to it. */
    boolean isIdle() {
        return idle;
    }

    @Override
    void offered() {
        LockSupport.unpark(caller);
    }

    @Override
    boolean awaitRelease(long nanos) throws InterruptedException {
        return Thread.currentThread().equals(caller) || released.await(nanos, TimeUnit.NANOSECONDS);
    }
}
