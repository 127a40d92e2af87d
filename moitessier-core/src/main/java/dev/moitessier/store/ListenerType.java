package dev.moitessier.store;

/** SHARED: one mailbox per scope. PRIVATE and HANDLER: one per scope, person and client. */
public enum ListenerType { SHARED, PRIVATE, HANDLER }
