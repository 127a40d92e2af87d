package dev.moitessier.store;

/** What one unregister did; both false when another registration owns the subscriber or it is gone. */
public record Unregistered(boolean subscriberRemoved, boolean mailboxRemoved) {}
