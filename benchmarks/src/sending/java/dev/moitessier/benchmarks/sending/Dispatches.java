package dev.moitessier.benchmarks.sending;

import dev.moitessier.Dispatched;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;

/** Dispatches of a node, which all callers share as they would in a service. */
public final class Dispatches {
    public static final Person BOB = Person.of("bob");
    /** What everybody sends. */
    public static final String TEXT = "x".repeat(100);

    private Dispatches() {}

    public static Contender blocking(Moitessier moitessier) {
        return new Contender() {
            @Override
            public String name() {
                return "dispatch";
            }

            @Override
            public Caller caller() {
                return scope -> stored(moitessier.dispatch(BOB, scope, TEXT));
            }
        };
    }

    /** One caller that keeps so many under way. */
    public static Contender async(Moitessier moitessier, int inFlight) {
        return new Contender() {
            @Override
            public String name() {
                return "dispatchAsync, " + inFlight + " in flight";
            }

            @Override
            public Caller caller() {
                return new Async(moitessier, inFlight);
            }
        };
    }

    private static void stored(Dispatched dispatched) {
        if (dispatched.position().isEmpty()) {
            throw new IllegalStateException("nobody listens to what is measured: " + dispatched);
        }
    }

    private static final class Async implements Contender.Caller {
        private final Moitessier moitessier;
        private final int inFlight;
        private final Semaphore free;
        private final AtomicReference<Throwable> failure = new AtomicReference<>();

        Async(Moitessier moitessier, int inFlight) {
            this.moitessier = moitessier;
            this.inFlight = inFlight;
            free = new Semaphore(inFlight);
        }

        @Override
        public void send(String scope) throws InterruptedException {
            free.acquire();
            moitessier.dispatchAsync(BOB, scope, TEXT).whenComplete((dispatched, failed) -> {
                if (failed != null) {
                    failure.set(failed);
                }
                free.release();
            });
        }

        @Override
        public void flush() throws Exception {
            free.acquire(inFlight);
            free.release(inFlight);
            Throwable failed = failure.get();
            if (failed != null) {
                throw new IllegalStateException("a dispatch failed while it was measured", failed);
            }
        }
    }
}
