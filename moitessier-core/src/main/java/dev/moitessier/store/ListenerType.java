package dev.moitessier.store;

/** The three kinds of mailbox. */
public enum ListenerType {
    /** One mailbox per scope; each of its subscribers hears everything: a broadcast, not a work queue. */
    SHARED,
    /** One mailbox per scope, person and client. */
    PRIVATE,
    /** As PRIVATE, but with a text made for it alone at each dispatch. */
    HANDLER
}
