package dev.moitessier.prscd;

import dev.moitessier.Conditions;
import dev.moitessier.Dispatch;
import dev.moitessier.Dispatched;
import dev.moitessier.Gap;
import dev.moitessier.ListenOptions;
import dev.moitessier.Listener;
import dev.moitessier.Message;
import dev.moitessier.Moitessier;
import dev.moitessier.OnFailure;
import dev.moitessier.Person;
import dev.moitessier.Since;
import dev.moitessier.Subscriber;
import dev.moitessier.Subscribers;
import dev.moitessier.VolatileLane;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Rooms on a {@link Moitessier}, by its public API alone. A life is the client of the person {@code prscd}; what blocks runs
 * on an executor, which must not be bounded by fewer threads than rooms that open at once.
 */
final class MoitessierRoomStore implements RoomStore {
    private static final Logger LOG = LoggerFactory.getLogger(MoitessierRoomStore.class);

    /** Holds a mailbox while nobody is there; the same for all nodes, so that each may repeat it (L5a). */
    private static final String KEEPER = "prscd-keep";

    /** For so long behind the last node; clients name channels, so nothing of one may be kept for ever. */
    private static final Duration KEEP = Duration.ofDays(1);

    /** While a node is there it says so again and again (L6). */
    private static final long KEEP_AGAIN = Nanos.of(KEEP.dividedBy(8));

    private static final Duration POLL = Duration.ofSeconds(1);
    private static final long AGAIN = Nanos.millis(300);
    private static final int PAGE = 256;
    /** Pages that wait for the loop; then the store's client waits, and the rest stays in the store. */
    private static final int PAGES_AHEAD = 4;

    private final Moitessier moitessier;
    private final Executor blocking;
    private final Loop loop;
    private final @Nullable Lane lane;
    private volatile UUID lastSession = new UUID(0, 0);

    MoitessierRoomStore(Moitessier moitessier, Executor blocking, Loop loop) {
        this.moitessier = moitessier;
        this.blocking = blocking;
        this.loop = loop;
        this.lane = moitessier.broadcaster().map(MoitessierLane::new).orElse(null);
    }

    @Override
    public Session session() {
        try {
            dev.moitessier.Session now = moitessier.session();
            lastSession = now.id();
            return new Session(lastSession, now.valid());
        } catch (IllegalStateException closed) {
            return new Session(lastSession, false);
        }
    }

    // ---- appending

    @Override
    public void append(Append append, Answer<Appended> answer) {
        Dispatch dispatch = Dispatch.from(Person.of(append.sender()))
                .to(append.scope())
                .bytes(append.body())
                .id(append.id());
        for (var header : append.headers().entrySet()) {
            dispatch = dispatch.header(header.getKey(), header.getValue());
        }
        Dispatch ready = dispatch;
        // Not on the loop: a Moitessier that waits when too much is in flight must not stop all rooms.
        blocking.execute(() -> {
            try {
                moitessier
                        .dispatchAsync(ready)
                        .whenComplete((dispatched, failure) -> loop.execute(() -> {
                            if (failure == null) {
                                answer.ok(appended(dispatched));
                            } else {
                                answer.failed(failure);
                            }
                        }));
            } catch (RuntimeException failure) {
                loop.execute(() -> answer.failed(failure));
            }
        });
    }

    private static Appended appended(Dispatched dispatched) {
        if (dispatched.isEmpty()) {
            return new Appended(false, false);
        }
        Dispatched.Entry entry = dispatched.entries().get(0);
        return new Appended(entry.outcome() == Dispatched.Outcome.STORED, entry.duplicate());
    }

    // ---- subscribing

    @Override
    public void attach(Attachment attachment, Answer<Attached> answer) {
        ask(() -> new Subscription(attachment, listen(attachment)), new Answer<Subscription>() {
            @Override
            public void ok(Subscription value) {
                value.keepAgainAfter(KEEP_AGAIN);
                answer.ok(value);
            }

            @Override
            public void failed(Throwable cause) {
                answer.failed(cause);
            }
        });
    }

    private Listener listen(Attachment attachment) {
        if (attachment.keep()) {
            keep(attachment.scope());
        }
        Conditions conditions = Conditions.shared(Person.of(Node.SENDER, attachment.life()), attachment.scope());
        byte[] farewell = attachment.farewell();
        if (farewell != null) {
            conditions = conditions.farewell(
                    Dispatch.from(Person.of(Node.SENDER, attachment.life())).bytes(farewell));
        }
        return moitessier.listen(conditions);
    }

    private void keep(String scope) {
        moitessier
                .listen(Conditions.shared(Person.of(Node.SENDER), scope).durable(KEEPER, KEEP))
                .close();
    }

    private <T> void ask(Callable<T> question, Answer<? super T> answer) {
        blocking.execute(() -> {
            try {
                T value = question.call();
                loop.execute(() -> answer.ok(value));
            } catch (Exception failure) {
                loop.execute(() -> answer.failed(failure));
            }
        });
    }

    private final class Subscription implements Attached {
        private final Attachment wish;
        private final Listener listener;
        private final Semaphore ahead = new Semaphore(PAGES_AHEAD);
        private volatile boolean detached;
        /** On the loop. */
        private Loop.Timer keepsAgain = () -> {};

        Subscription(Attachment wish, Listener listener) {
            this.wish = wish;
            this.listener = listener;
        }

        @Override
        public void subscribers(Answer<Present> answer) {
            ask(() -> present(listener.subscribers()), answer);
        }

        private Present present(Subscribers subscribers) {
            Set<String> lives = new LinkedHashSet<>();
            for (Subscriber each : subscribers.list()) {
                Person person = each.person();
                if (person.id().equals(Node.SENDER) && !person.client().isEmpty()) {
                    lives.add(person.client());
                }
            }
            return new Present(lives, subscribers.positions().getOrDefault(wish.scope(), 0L));
        }

        @Override
        public void read(OptionalLong after, Reader reader) {
            Since since = after.isPresent() ? Since.position(after.getAsLong()) : Since.leftOff();
            ListenOptions options = ListenOptions.since(since)
                    .interval(POLL)
                    .batch(PAGE)
                    .onFailure(OnFailure.RETRY)
                    .onGap(gap -> loop.execute(() -> gap(gap, reader)));
            blocking.execute(() -> {
                if (detached) {
                    return;
                }
                try {
                    // Ends with the listener.
                    listener.subscribeBatches(options, page -> handOver(page, reader));
                } catch (RuntimeException failure) {
                    if (!detached) {
                        LOG.debug("Scope {} cannot be read yet", wish.scope(), failure);
                        loop.after(AGAIN, () -> read(after, reader));
                    }
                }
            });
        }

        private void gap(Gap gap, Reader reader) {
            if (detached) {
                return;
            }
            boolean reset = gap.reason() == Gap.Reason.RESET;
            if (reset && wish.keep()) {
                keepAgain();
            }
            reader.gap(reset);
        }

        /** Before the store forgets that the mailbox is to be kept, or when it has. */
        private void keepAgain() {
            keepsAgain.cancel();
            ask(
                    () -> {
                        keep(wish.scope());
                        return wish;
                    },
                    new Answer<Attachment>() {
                        @Override
                        public void ok(Attachment value) {
                            keepAgainAfter(KEEP_AGAIN);
                        }

                        @Override
                        public void failed(Throwable cause) {
                            keepAgainAfter(AGAIN);
                        }
                    });
        }

        private void keepAgainAfter(long nanos) {
            keepsAgain.cancel();
            if (wish.keep() && !detached) {
                keepsAgain = loop.after(nanos, this::keepAgain);
            }
        }

        private void handOver(List<Message> page, Reader reader) throws InterruptedException {
            List<LogRecord> records = new ArrayList<>(page.size());
            for (Message each : page) {
                records.add(new LogRecord(each.position(), each.from().id(), each.buffer(), each.headers()));
            }
            while (!detached && !ahead.tryAcquire(100, TimeUnit.MILLISECONDS)) {
                // Until the loop has room, or nobody waits for it any more.
            }
            loop.execute(() -> {
                ahead.release();
                if (!detached) {
                    reader.entries(records);
                }
            });
        }

        @Override
        public void detach() {
            detached = true;
            keepsAgain.cancel();
            // Never fails for the store's sake: what cannot be told to it now is told when it answers.
            blocking.execute(listener::close);
        }
    }

    // ---- the volatile lane

    @Override
    public @Nullable Lane lane() {
        return lane;
    }

    private final class MoitessierLane implements Lane {
        private final VolatileLane lane;

        MoitessierLane(VolatileLane lane) {
            this.lane = lane;
        }

        @Override
        public int maxBytes() {
            return lane.maxBytes();
        }

        @Override
        public boolean publish(String topic, byte[] payload) {
            return lane.publish(topic, payload);
        }

        @Override
        public Runnable subscribe(String topic, Consumer<ByteBuffer> sink) {
            AutoCloseable subscription = lane.subscribe(topic, payload -> {
                // The buffer is the lane's: what the loop sees later must be a copy.
                byte[] copy = Payloads.bytes(payload);
                loop.execute(() -> sink.accept(ByteBuffer.wrap(copy)));
            });
            return () -> blocking.execute(() -> {
                try {
                    subscription.close();
                } catch (Exception failure) {
                    LOG.debug("The volatile lane of {} does not end", topic, failure);
                }
            });
        }
    }
}
