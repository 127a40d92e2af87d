package dev.moitessier.testkit.memory;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.memory.MemoryProvider;
import dev.moitessier.store.memory.MemorySpace;
import dev.moitessier.store.memory.MemoryStore;
import dev.moitessier.testkit.MutableClock;
import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** The contract on the memory store, in each way of running it. */
class MemoryStoreContractTest {
    private static final long ENTRIES = 1_000_000;

    /** Stores over one space, on a clock that the tests move. */
    @Nested
    @Execution(ExecutionMode.CONCURRENT)
    class OnASettableClock extends StoreContract {
        @Override
        protected StoreWiring wiring(String namespace) {
            MutableClock clock = MutableClock.at("2026-11-22T10:00:00Z");
            return new Stores(new MemorySpace(clock, ENTRIES)) {
                @Override
                public Optional<MutableClock> clock() {
                    return Optional.of(clock);
                }
            };
        }
    }

    /** Stores over one space, in real time. */
    @Nested
    @Execution(ExecutionMode.CONCURRENT)
    class InRealTime extends StoreContract {
        @Override
        protected StoreWiring wiring(String namespace) {
            return new Stores(new MemorySpace(InstantSource.system(), ENTRIES));
        }
    }

    /** Stores from configuration that meet in a named space. */
    @Nested
    @Tag("long")
    @Execution(ExecutionMode.CONCURRENT)
    class FromConfiguration extends StoreContract {
        @Override
        protected StoreWiring wiring(String namespace) {
            Config config = ConfigFactory.parseMap(Map.of("space", namespace))
                    .withFallback(ConfigFactory.defaultReference().getConfig("moitessier.memory"));
            return () -> new MemoryProvider().open(config);
        }
    }

    private static class Stores implements StoreWiring {
        private final MemorySpace space;

        Stores(MemorySpace space) {
            this.space = space;
        }

        @Override
        public MailboxStore open() {
            return new MemoryStore(space);
        }

        /** A process has no clock of its own here: all go by that of the space. */
        @Override
        public Optional<MailboxStore> openSkewed(Duration offset) {
            return Optional.of(new MemoryStore(space));
        }
    }
}
