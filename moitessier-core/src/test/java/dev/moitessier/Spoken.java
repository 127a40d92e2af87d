package dev.moitessier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Page;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registration;
import dev.moitessier.store.memory.MemoryStore;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** The dispatching half of a node over a store whose mailboxes a test opens by hand. */
final class Spoken implements AutoCloseable {
    static final Person ADA = Person.of("ada");
    static final Person BOB = Person.of("bob");

    final MailboxStore memory = new MemoryStore();
    final MailboxStore store;
    final Dispatching dispatching;

    private final ExecutorService threads;

    private Spoken(Builder builder) {
        this.store = builder.far ? PassingStore.far(memory, builder.maxBatch) : PassingStore.near(memory);
        this.threads = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "continuation");
            thread.setDaemon(true);
            return thread;
        });
        Executor executor = builder.executor != null ? builder.executor : threads;
        this.dispatching = new Dispatching(new Node(
                store,
                store.capabilities(),
                null,
                executor,
                builder.observer,
                new Node.Settings(
                        Duration.ofSeconds(3),
                        builder.callTimeout,
                        builder.inFlight,
                        builder.overflow,
                        null,
                        Duration.ofDays(30),
                        builder.headers)));
    }

    static final class Builder {
        private boolean far;
        private int maxBatch = 64;
        private int inFlight = 10_000;
        private Moitessier.Overflow overflow = Moitessier.Overflow.WAIT;
        private Duration callTimeout = Duration.ofSeconds(10);
        private Executor executor;
        private Observer observer = Observers.none();
        private Supplier<Map<String, String>> headers = Map::of;

        Builder far() {
            far = true;
            return this;
        }

        Builder maxBatch(int appends) {
            maxBatch = appends;
            return this;
        }

        Builder inFlight(int dispatches, Moitessier.Overflow policy) {
            inFlight = dispatches;
            overflow = policy;
            return this;
        }

        Builder callTimeout(Duration timeout) {
            callTimeout = timeout;
            return this;
        }

        Builder executor(Executor runs) {
            executor = runs;
            return this;
        }

        Builder observer(Observer told) {
            observer = told;
            return this;
        }

        Builder headers(Supplier<Map<String, String>> surrounding) {
            headers = surrounding;
            return this;
        }

        Spoken build() {
            return new Spoken(this);
        }
    }

    /** A store in this process. */
    static Spoken near() {
        return new Builder().build();
    }

    /** A store that is worth combining for. */
    static Spoken far() {
        return new Builder().far().build();
    }

    PassingStore line() {
        return (PassingStore) store;
    }

    /** Opens a mailbox. */
    ListenerRef mailbox(String scope, ListenerType type, Person owner) {
        ListenerRef mailbox = new ListenerRef(scope, type, type == ListenerType.SHARED ? null : owner.party());
        memory.register(new Registration(
                UUID.randomUUID(), mailbox, "s", null, Duration.ofDays(1), Payload.wrap(new byte[0]), null));
        return mailbox;
    }

    ListenerRef shared(String scope) {
        return mailbox(scope, ListenerType.SHARED, ADA);
    }

    /** All entries of a scope that its shared mailbox may see. */
    List<Entry> entries(String scope) {
        return entries(scope, new ListenerRef(scope, ListenerType.SHARED, null));
    }

    /** All entries of a scope that these readers may see, with their texts. */
    List<Entry> entries(String scope, ListenerRef... readers) {
        List<Entry> entries = new ArrayList<>();
        long after = 0;
        while (true) {
            Page page = memory.read(List.of(new ReadRequest(scope, after, 1_000, false, Set.of(readers))), 1 << 20)
                    .get(0);
            entries.addAll(page.entries());
            if (page.next() >= page.head()) {
                return entries;
            }
            after = page.next();
        }
    }

    /** What this mailbox gets, in order. */
    List<String> heard(ListenerRef mailbox) {
        List<String> texts = new ArrayList<>();
        for (Entry entry : entries(mailbox.scope(), mailbox)) {
            Payload payload = Visibility.of(mailbox, entry.content());
            if (payload != null) {
                texts.add(StandardCharsets.UTF_8.decode(payload.view()).toString());
            }
        }
        return texts;
    }

    static Party party(String person) {
        return Person.of(person).party();
    }

    /** Waits for a condition, at most ten seconds. */
    static void until(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
        }
    }

    @Override
    public void close() {
        dispatching.close();
        threads.shutdownNow();
        memory.close();
    }
}
