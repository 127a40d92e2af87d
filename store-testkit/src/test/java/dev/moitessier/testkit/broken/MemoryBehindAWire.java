package dev.moitessier.testkit.broken;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Appender;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Members;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.memory.MemorySpace;
import dev.moitessier.store.memory.MemoryStore;
import dev.moitessier.testkit.FaultProxy;
import dev.moitessier.testkit.MutableClock;
import dev.moitessier.testkit.StoreWiring;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The memory store with every ability that a wiring can have: a settable clock, a server that can be stopped, a network that can be
 * cut, and callers' transactions. Sound, so that what is broken in it on purpose is all that is broken.
 */
class MemoryBehindAWire implements StoreWiring {
    private final MutableClock clock = MutableClock.at("2026-11-22T10:00:00Z");
    private final MemorySpace space = new MemorySpace(clock, 1_000_000);
    private final Wire wire;

    MemoryBehindAWire() throws IOException {
        wire = new Wire();
    }

    @Override
    public MailboxStore open() {
        return new WiredStore(new MemoryStore(space), wire, wire.port());
    }

    @Override
    public Optional<MutableClock> clock() {
        return Optional.of(clock);
    }

    @Override
    public Optional<MailboxStore> openSkewed(Duration offset) {
        return Optional.of(open());
    }

    @Override
    public Optional<Proxied> openProxied() {
        FaultProxy proxy = FaultProxy.to("127.0.0.1", wire.port());
        return Optional.of(new Proxied(new WiredStore(new MemoryStore(space), wire, proxy.port()), proxy));
    }

    @Override
    public Optional<Server> server() {
        return Optional.of(new Server() {
            @Override
            public void stop() throws IOException {
                wire.stop();
            }

            @Override
            public void start() throws IOException {
                wire.start();
            }
        });
    }

    @Override
    public Optional<Transactions> transactions() {
        return Optional.of(store -> new Buffered(new MemoryStore(space)));
    }

    @Override
    public void close() throws IOException {
        wire.close();
    }

    /** A transaction whose appends wait in a list for the commit. */
    static class Buffered implements Transaction {
        final MailboxStore store;
        final List<Append> pending = new ArrayList<>();

        Buffered(MailboxStore store) {
            this.store = store;
        }

        @Override
        public Appender appender() {
            return new Appender() {
                @Override
                public List<Appended> append(List<Append> batch) {
                    return batch.stream().map(Buffered.this::enlist).toList();
                }

                @Override
                public Members members(String scope, Set<ListenerRef> only) {
                    return store.members(scope, only);
                }
            };
        }

        Appended enlist(Append append) {
            try {
                if (append.ifMembers().isPresent()) {
                    throw new StoreException.Rejected("ifMembers must be empty in a transaction (T2)");
                }
                store.capabilities().check(append);
            } catch (StoreException.Rejected e) {
                return new Appended.Failed(e);
            }
            pending.add(append);
            return new Appended.Enlisted();
        }

        @Override
        public void commit() {
            for (Append append : pending) {
                store.append(List.of(append));
            }
            pending.clear();
        }

        @Override
        public void rollback() {
            pending.clear();
        }

        @Override
        public Optional<Rollback> savepoint() {
            int size = pending.size();
            return Optional.of(() -> pending.subList(size, pending.size()).clear());
        }

        @Override
        public void close() {
            rollback();
            store.close();
        }
    }
}
