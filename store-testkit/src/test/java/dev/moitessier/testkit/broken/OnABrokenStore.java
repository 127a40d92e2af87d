package dev.moitessier.testkit.broken;

import dev.moitessier.store.MailboxStore;
import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.UnaryOperator;

/** The contract on whatever {@link KitTest} has broken; not a test class by its own right, and so not named like one. */
class OnABrokenStore extends StoreContract {
    private static final ThreadLocal<Breakage> breakage = new ThreadLocal<>();

    /** For the tests that run on this thread. */
    static void breakAs(Breakage how) {
        breakage.set(how);
    }

    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        return new Broken(breakage.get());
    }

    private static final class Broken extends MemoryBehindAWire {
        private final Breakage breakage;
        private final UnaryOperator<MailboxStore> stores;
        private final Queue<MailboxStore> opened = new ConcurrentLinkedQueue<>();

        Broken(Breakage breakage) throws IOException {
            this.breakage = breakage;
            this.stores = breakage.stores().get();
        }

        @Override
        public MailboxStore open() {
            MailboxStore sound = super.open();
            opened.add(sound);
            return stores.apply(sound);
        }

        @Override
        public Optional<MailboxStore> openSkewed(Duration offset) {
            return super.openSkewed(offset).map(sound -> breakage.skewed().apply(sound, offset));
        }

        @Override
        public Optional<Proxied> openProxied() {
            return super.openProxied().map(sound -> new Proxied(stores.apply(sound.store()), sound.proxy()));
        }

        @Override
        public Optional<Transactions> transactions() {
            return super.transactions().map(breakage.transactions()::apply);
        }

        /** Closes what a broken store may have left open. */
        @Override
        public void close() throws IOException {
            opened.forEach(MailboxStore::close);
            super.close();
        }

        /** What does not come soon will not come. */
        @Override
        public Duration patience() {
            return Duration.ofSeconds(2);
        }

        @Override
        public int fuzzOperations() {
            return 200;
        }
    }
}
