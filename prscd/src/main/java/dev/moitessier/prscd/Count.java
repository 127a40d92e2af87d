package dev.moitessier.prscd;

import java.util.Locale;

/** What a node counts. */
enum Count {
    FRAMES_SENT,
    FRAMES_COALESCED,
    FRAMES_TOO_LARGE,
    PEERS_TOO_SLOW,
    MESSAGES_RECEIVED,
    MESSAGES_MALFORMED,
    MESSAGES_UNKNOWN,
    MESSAGES_NOT_JOINED,
    MESSAGES_REFUSED,
    JOINS,
    JOINS_REFUSED,
    LEAVES,
    APPENDS,
    APPENDS_REPEATED,
    APPENDS_UNHEARD,
    ENTRIES_READ,
    ENTRIES_FOREIGN,
    ENTRIES_REPEATED,
    RING_DROPPED,
    STALE_DROPPED,
    QUEUE_FULL,
    VOLATILE_SENT,
    VOLATILE_DROPPED,
    VOLATILE_APPLIED,
    GAPS,
    CERTIFICATES,
    DRAINS_SEEN,
    REINCARNATIONS,
    FUNCTION_CALLS,
    FUNCTION_FAILURES,
    FUNCTION_DROPPED,
    MESH_RECEIVED,
    MESH_DROPPED;

    /** As dumps and {@link PrscdServer#counts} show it. */
    String shown() {
        return name().toLowerCase(Locale.ROOT);
    }
}
