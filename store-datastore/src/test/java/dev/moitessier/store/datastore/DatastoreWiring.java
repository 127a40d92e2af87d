package dev.moitessier.store.datastore;

import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.datastore.emulator.Emulator;
import dev.moitessier.testkit.FaultProxy;
import dev.moitessier.testkit.MutableClock;
import dev.moitessier.testkit.StoreWiring;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;

/** The store over an emulator, in a namespace of its own. */
class DatastoreWiring implements StoreWiring {
    /** Longer than the default: an emulator beside other builds on two processors stalls for seconds. */
    private static final Duration CALL_LIMIT = Duration.ofSeconds(15);

    private final Emulator emulator;
    private final String namespace;
    private final MutableClock clock = MutableClock.at(Instant.now());

    DatastoreWiring(Emulator emulator, String namespace) {
        this.emulator = emulator;
        this.namespace = namespace;
    }

    /** What a wiring tells the builder. */
    DatastoreStore.Builder configure(DatastoreStore.Builder builder) {
        return builder;
    }

    private DatastoreStore open(int port, Clocks clocks) {
        return configure(DatastoreStore.builder(Clients.through(port, emulator, namespace))
                        .callLimit(CALL_LIMIT)
                        .retentionPause(Duration.ZERO)
                        .clocks(clocks))
                .open();
    }

    private Clocks clocks(Duration offset) {
        InstantSource wall = () -> clock.instant().plus(offset);
        return new Clocks(wall, clock::nanos);
    }

    @Override
    public MailboxStore open() {
        return open(emulator.port(), clocks(Duration.ZERO));
    }

    @Override
    public Optional<MutableClock> clock() {
        return Optional.of(clock);
    }

    @Override
    public Optional<MailboxStore> openSkewed(Duration offset) {
        return Optional.of(open(emulator.port(), clocks(offset)));
    }

    @Override
    public Optional<Proxied> openProxied() throws Exception {
        FaultProxy proxy = FaultProxy.to(emulator.host(), emulator.port());
        return Optional.of(new Proxied(open(proxy.port(), clocks(Duration.ZERO)), proxy));
    }

    @Override
    public Duration patience() {
        return Duration.ofSeconds(30);
    }

    /** The Datastore emulator aborts reads and writes of one scope that meet, so that readers without a pause keep writers out. */
    @Override
    public Duration rest() {
        return Duration.ofMillis(10);
    }

    @Override
    public int fuzzOperations() {
        return 200;
    }
}
