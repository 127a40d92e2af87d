package dev.moitessier.testkit.broken;

import dev.moitessier.store.MailboxStore;
import dev.moitessier.testkit.ForwardingStore;

/** Passes every call on to another store; whoever breaks something overrides that alone. */
class Passing extends ForwardingStore {
    final MailboxStore store;

    Passing(MailboxStore store) {
        super(store);
        this.store = store;
    }
}
