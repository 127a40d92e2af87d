package dev.moitessier.examples;

import dev.moitessier.Conditions;
import dev.moitessier.ListenOptions;
import dev.moitessier.Listener;
import dev.moitessier.Message;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.Since;
import dev.moitessier.store.memory.MemoryStore;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A reactive subscriber that asks for one message at a time. */
public final class Ticks {
    private Ticks() {}

    // snippet: flow
    static final class OneByOne implements Flow.Subscriber<Message> {
        private final CountDownLatch wanted;
        private final CountDownLatch closed;
        private Flow.@Nullable Subscription subscription;

        OneByOne(CountDownLatch wanted, CountDownLatch closed) {
            this.wanted = wanted;
            this.closed = closed;
        }

        @Override
        public void onSubscribe(Flow.Subscription newSubscription) {
            subscription = newSubscription;
            newSubscription.request(1);
        }

        @Override
        public void onNext(Message message) {
            System.out.println(message.text());
            wanted.countDown();
            Objects.requireNonNull(subscription).request(1);
        }

        @Override
        public void onError(Throwable failure) {
            System.out.println("failed: " + failure);
        }

        @Override
        public void onComplete() {
            closed.countDown();
        }
    }
    // end

    public static void main(String... args) throws InterruptedException {
        CountDownLatch three = new CountDownLatch(3);
        CountDownLatch closed = new CountDownLatch(1);
        try (Moitessier moitessier = Moitessier.on(new MemoryStore());
                Listener ticks = moitessier.listen(Conditions.shared(Person.of("ada"), "ticks"))) {
            moitessier.dispatch(Person.of("clock"), "ticks", "tick 1");
            ticks.publisher(ListenOptions.since(Since.beginning())).subscribe(new OneByOne(three, closed));
            moitessier.dispatch(Person.of("clock"), "ticks", "tick 2");
            moitessier.dispatch(Person.of("clock"), "ticks", "tick 3");
            if (!three.await(10, TimeUnit.SECONDS)) {
                System.out.println("ticks are missing");
            }
        }
        if (closed.await(10, TimeUnit.SECONDS)) {
            System.out.println("closed");
        }
    }
}
