package dev.moitessier.store;

import java.util.Map;

/**
 * The mailboxes of a scope in one snapshot (M1).
 *
 * @param version rises with every mailbox created or removed, and only then; 0: the scope is unknown
 * @param head the scope's last position
 * @param starts each mailbox with its start: it holds what is after that
 */
public record Members(long version, long head, Map<ListenerRef, Long> starts) {
    public Members {
        starts = Map.copyOf(starts);
    }
}
