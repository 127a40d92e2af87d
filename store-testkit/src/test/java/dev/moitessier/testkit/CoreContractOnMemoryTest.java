package dev.moitessier.testkit;

import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.memory.MemorySpace;
import dev.moitessier.store.memory.MemoryStore;
import java.util.Optional;
import org.junit.jupiter.api.Nested;

/** Core on the memory store: in real time, and on a clock that the tests move. */
class CoreContractOnMemoryTest {
    @Nested
    class InRealTime extends CoreContract {
        @Override
        protected StoreWiring wiring(String namespace) {
            MemorySpace space = new MemorySpace();
            return () -> new MemoryStore(space);
        }
    }

    @Nested
    class OnASettableClock extends CoreContract {
        @Override
        protected StoreWiring wiring(String namespace) {
            MutableClock clock = MutableClock.at("2026-11-22T10:00:00Z");
            MemorySpace space = new MemorySpace(clock, 1_000_000);
            return new StoreWiring() {
                @Override
                public MailboxStore open() {
                    return new MemoryStore(space);
                }

                @Override
                public Optional<MutableClock> clock() {
                    return Optional.of(clock);
                }
            };
        }
    }
}
