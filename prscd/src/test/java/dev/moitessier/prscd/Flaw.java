package dev.moitessier.prscd;

/** Mistakes that drafts of the algorithm made, each the obvious way to build it; put back to see that the checks bite. */
enum Flaw {
    /** Offline is told while a roster that may contradict it is still owed. */
    HASTY_LEAVE,
    /** An append of unknown fate is given up, and its data said again under another id. */
    ABANDONED_APPEND,
    /** Readers take an entry that was executed again behind its retry. */
    REPEATED_ENTRY,
    /** A room that is opened again applies presence from before it was. */
    OLD_PRESENCE,
    /** Nobody looks for nodes that closed the channel without a word. */
    NO_RECONCILING,
    /** A volatile update makes a peer. */
    VOLATILE_JOIN,
    /** A room that is opened again under a new life reads from there on. */
    CURSOR_FORGOTTEN,
    /** A room closes with its last member, whatever is still to be appended. */
    EARLY_CLOSE,
    /** Peers stay with the life that has ended. */
    OLD_OWNER,
    /** A node whose drain has an unknown fate lives on as it was. */
    DRAIN_FORGOTTEN,
    /** The store executes a sweep however old the request is. */
    LATE_SWEEP,
    /** Nodes sweep at once after an outage. */
    EAGER_SWEEP,
    /** A certificate takes the peers of a drained life at once. */
    DRAIN_IGNORED,
    /** What nobody could read is taken as said, in a mailbox that dies with its last node. */
    UNHEARD_FORGOTTEN
}
