package dev.moitessier.store.datastore;

import dev.moitessier.store.ListenerRef;

/** Names a subscriber. */
record Subscription(ListenerRef listener, String subscriber) {}
