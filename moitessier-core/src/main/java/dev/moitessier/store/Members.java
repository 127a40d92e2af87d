package dev.moitessier.store;

import java.util.Map;

/** Mailboxes and their starts at a version that changes with every mailbox created or removed, and only then. */
public record Members(long version, long head, Map<ListenerRef, Long> starts) {}
