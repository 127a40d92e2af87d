package dev.moitessier;

import dev.moitessier.store.memory.MemoryStore;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;
import org.testng.SkipException;
import org.testng.annotations.Test;

/** The Reactive Streams kit, rule by rule, against {@link Listener#publisher()}. */
@Timeout(300)
class FlowRulesTest {
    private final Moitessier node =
            Moitessier.builder(new MemoryStore()).observer(Observers.none()).build();

    @AfterEach
    void close() {
        node.close();
    }

    @TestFactory
    Stream<DynamicTest> rules() {
        Rules rules = new Rules(node);
        return Arrays.stream(Rules.class.getMethods())
                .filter(method -> method.isAnnotationPresent(Test.class))
                .sorted(Comparator.comparing(java.lang.reflect.Method::getName))
                .map(method -> DynamicTest.dynamicTest(method.getName(), () -> {
                    rules.setUp();
                    try {
                        method.invoke(rules);
                    } catch (InvocationTargetException failed) {
                        if (failed.getCause() instanceof SkipException skipped) {
                            Assumptions.abort(skipped.getMessage());
                        }
                        throw failed.getCause();
                    }
                }));
    }

    /** Each publisher is a listener on a scope of its own, in which so many messages wait. */
    public static final class Rules extends FlowPublisherVerification<Message> {
        private static final long TIMEOUT_MILLIS = 2_000;
        private static final long QUIET_MILLIS = 100;
        private static final long GC_MILLIS = 1_000;

        private final Moitessier node;
        private final AtomicInteger scopes = new AtomicInteger();

        Rules(Moitessier node) {
            super(new TestEnvironment(TIMEOUT_MILLIS, QUIET_MILLIS), GC_MILLIS);
            this.node = node;
        }

        @Override
        public Flow.Publisher<Message> createFlowPublisher(long elements) {
            String scope = "rules/" + scopes.incrementAndGet();
            Listener listener = node.listen(Conditions.shared(Person.of("ada"), scope));
            for (long i = 0; i < Math.min(elements, 10_000); i++) {
                node.dispatchAsync(Person.of("bob"), scope, "message " + i);
            }
            return subscriber -> listener.publisher()
                    .subscribe(subscriber == null ? null : new Finite(listener, elements, subscriber));
        }

        @Override
        public Flow.Publisher<Message> createFailedFlowPublisher() {
            Listener listener = node.listen(Conditions.shared(Person.of("ada"), "failed"));
            Flow.Publisher<Message> publisher = listener.publisher();
            listener.close();
            return publisher;
        }
    }

    /** A listener has no end of its own, so it is closed after its last element. */
    private record Finite(Listener listener, AtomicLong left, Flow.Subscriber<? super Message> subscriber)
            implements Flow.Subscriber<Message> {
        Finite(Listener listener, long elements, Flow.Subscriber<? super Message> subscriber) {
            this(listener, new AtomicLong(elements), subscriber);
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscriber.onSubscribe(subscription);
            if (left.get() == 0) {
                listener.close();
            }
        }

        @Override
        public void onNext(Message message) {
            subscriber.onNext(message);
            if (left.decrementAndGet() == 0) {
                listener.close();
            }
        }

        @Override
        public void onError(Throwable failure) {
            subscriber.onError(failure);
        }

        @Override
        public void onComplete() {
            subscriber.onComplete();
        }
    }
}
