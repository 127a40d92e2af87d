package dev.moitessier.store;

/**
 * What one unregister did; both false when another registration owns the subscriber or it is gone (L5).
 *
 * @param subscriberRemoved whether the subscriber went
 * @param mailboxRemoved whether it was its mailbox's last (L4)
 */
public record Unregistered(boolean subscriberRemoved, boolean mailboxRemoved) {}
