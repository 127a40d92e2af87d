package dev.moitessier;

import dev.moitessier.Place.Load;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listener as a {@link Flow.Publisher}, by the rules of Reactive Streams 1.0.4 (cited as §). Without demand at most one batch is in
 * memory; the rest waits in the store.
 */
final class MessagePublisher implements Flow.Publisher<Message> {
    private static final Logger LOG = LoggerFactory.getLogger(Moitessier.class);

    private final Listener listener;
    private final ListenOptions options;

    MessagePublisher(Listener listener, ListenOptions options) {
        this.listener = listener;
        this.options = options;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super Message> subscriber) {
        Objects.requireNonNull(subscriber, "subscriber"); // §1.9
        Emission emission = new Emission(listener, options, subscriber);
        try {
            emission.feed.attach(emission);
        } catch (IllegalStateException refused) {
            // §1.4, §1.9: onSubscribe comes first, whatever follows.
            subscriber.onSubscribe(new Nothing());
            subscriber.onError(refused);
            return;
        }
        emission.begin();
    }

    private record Nothing() implements Flow.Subscription {
        @Override
        public void request(long n) {
            LOG.debug("request({}) after onError", n);
        }

        @Override
        public void cancel() {
            LOG.debug("cancel after onError");
        }
    }

    /** Signals are serial (§1.3): they come from {@link #run}, which is scheduled at most once at a time. */
    private static final class Emission extends PushedConsumer implements Flow.Subscription {
        private static final int TURN = 1_024;

        private final CountDownLatch released = new CountDownLatch(1);
        private final AtomicLong demand = new AtomicLong();

        // Guarded by the feed.
        private Flow.@Nullable Subscriber<? super Message> subscriber;
        private boolean scheduled = true; // until onSubscribe has returned
        private boolean reading;
        private TimeSource.@Nullable Timer timeout;
        private volatile @Nullable Thread runner;

        // Of the run.
        private @Nullable Place place;
        private @Nullable Load load;
        private int at;

        Emission(Listener listener, ListenOptions options, Flow.Subscriber<? super Message> subscriber) {
            super(listener, options);
            this.subscriber = subscriber;
        }

        void begin() {
            Flow.Subscriber<? super Message> one = subscriber;
            if (one == null) {
                return;
            }
            runner = Thread.currentThread();
            try {
                one.onSubscribe(this);
            } catch (RuntimeException | Error broken) {
                // §2.13: it counts as cancelled.
                LOG.warn("onSubscribe threw: {}", feed, broken);
                end(Ended.CLOSED);
                synchronized (feed) {
                    subscriber = null;
                }
            }
            runner = null;
            feed.engine.onStoreThread(this::read);
        }

        /** Reading begins after onSubscribe, and not on the subscriber's thread: it may block. */
        private void read() {
            try {
                if (outcome() == null) {
                    feed.engine.begin(this);
                    reading = true;
                    Duration limit = options.timeoutOrNull();
                    if (limit != null) {
                        timeout = feed.engine.node.time().after(limit, () -> end(Ended.TIMEOUT));
                    }
                }
            } catch (RuntimeException failure) {
                end(failure);
            }
            submit();
        }

        @Override
        public void request(long n) {
            if (n <= 0) {
                end(new IllegalArgumentException("§3.9: request a positive number of messages, not " + n));
                return;
            }
            demand.getAndAccumulate(n, (had, more) -> had + more < 0 ? Long.MAX_VALUE : had + more); // §3.17
            offered();
        }

        @Override
        public void cancel() {
            synchronized (feed) {
                subscriber = null; // §3.12, §3.13
            }
            end(Ended.CLOSED);
        }

        @Override
        void offered() {
            synchronized (feed) {
                if (scheduled) {
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
                if (outcome() != null) {
                    runner = null;
                    release();
                    return;
                }
                if (!emitOne()) {
                    synchronized (feed) {
                        // What came meanwhile found it scheduled.
                        boolean more = outcome() != null || (load == null ? feed.hasLoaded() : demand.get() > 0);
                        if (!more) {
                            runner = null;
                            scheduled = false;
                            return;
                        }
                    }
                }
            }
            runner = null;
            submit();
        }

        /** False if there is no message, or no demand for it. */
        private boolean emitOne() {
            Load current = load;
            Place from = place;
            if (current == null || from == null) {
                from = feed.pollLoaded();
                current = from == null ? null : from.scope.takeLoad(from);
                if (from == null || current == null) {
                    return from != null;
                }
                feed.engine.tell(options, current.gap());
                place = from;
                load = current;
                at = 0;
            }
            List<Message> messages = current.messages();
            if (at == messages.size()) {
                place = null;
                load = null;
                feed.engine.handled(from, current.next());
                return true;
            }
            if (demand.get() == 0) {
                return false;
            }
            Message message = messages.get(at);
            DeliveryEvent event = new DeliveryEvent();
            event.begin();
            if (!emit(message)) {
                return true;
            }
            at++;
            from.cursor = message.position();
            demand.getAndUpdate(had -> had == Long.MAX_VALUE ? had : had - 1);
            feed.engine.delivered(event, from, List.of(message));
            return true;
        }

        private boolean emit(Message message) {
            Flow.Subscriber<? super Message> to;
            synchronized (feed) {
                to = subscriber;
            }
            if (to == null) {
                return false;
            }
            try {
                to.onNext(message);
                return true;
            } catch (RuntimeException | Error broken) {
                // §2.13: it counts as cancelled; the cursor stays before this message.
                LOG.warn("onNext threw at {}, so its subscription is cancelled: {}", message, feed, broken);
                cancel();
                return false;
            }
        }

        @Override
        void release() {
            Flow.Subscriber<? super Message> to;
            TimeSource.Timer timer;
            synchronized (feed) {
                to = subscriber;
                subscriber = null;
                timer = timeout;
            }
            if (timer != null) {
                timer.cancel();
            }
            if (reading) {
                feed.engine.stop(this);
            } else {
                feed.detach(this);
            }
            released.countDown();
            if (to == null) {
                return;
            }
            try {
                if (outcome() instanceof Throwable failure) {
                    to.onError(failure);
                } else {
                    to.onComplete();
                }
            } catch (RuntimeException | Error broken) {
                LOG.warn("a subscriber threw at its last signal: {}", feed, broken);
            }
        }

        @Override
        boolean awaitRelease(long nanos) throws InterruptedException {
            return Thread.currentThread().equals(runner) || released.await(nanos, TimeUnit.NANOSECONDS);
        }
    }
}
