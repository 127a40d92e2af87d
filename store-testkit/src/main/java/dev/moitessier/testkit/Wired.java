package dev.moitessier.testkit;

import dev.moitessier.store.Capabilities;
import dev.moitessier.store.Durability;
import dev.moitessier.store.MailboxStore;

/** A wiring with the two instances that all tests of a class share. */
final class Wired implements AutoCloseable {
    /** Makes a wiring for a namespace. */
    interface Maker {
        StoreWiring wiring(String namespace) throws Exception;
    }

    private final Maker maker;
    private final StoreWiring wiring;
    private final String namespace;
    private MailboxStore store;
    private MailboxStore other;

    private Wired(Maker maker, StoreWiring wiring, String namespace, MailboxStore store, MailboxStore other) {
        this.maker = maker;
        this.wiring = wiring;
        this.namespace = namespace;
        this.store = store;
        this.other = other;
    }

    static Wired open(Maker maker, String namespace) throws Exception {
        StoreWiring wiring = maker.wiring(namespace);
        return new Wired(maker, wiring, namespace, wiring.open(), wiring.open());
    }

    /** A wiring like this one over a namespace of its own, in which nothing ever happened. */
    StoreWiring another() throws Exception {
        return maker.wiring(Bench.randomName());
    }

    StoreWiring wiring() {
        return wiring;
    }

    String namespace() {
        return namespace;
    }

    void restart() throws Exception {
        boolean keeps = capabilities().durability() != Durability.VOLATILE;
        other.close();
        store.close();
        if (keeps && wiring.server().isPresent()) {
            wiring.server().get().stop();
            wiring.server().get().start();
        }
        store = wiring.open();
        other = wiring.open();
    }

    Capabilities capabilities() {
        return store.capabilities();
    }

    MailboxStore store() {
        return store;
    }

    MailboxStore other() {
        return other;
    }

    /** Closes both instances and the wiring; the first failure comes out when all is done. */
    @Override
    public void close() {
        try {
            try {
                other.close();
            } finally {
                store.close();
            }
        } finally {
            closeWiring();
        }
    }

    private void closeWiring() {
        try {
            wiring.close();
        } catch (Exception e) {
            throw new AssertionError("StoreWiring.close failed: " + e, e);
        }
    }
}
