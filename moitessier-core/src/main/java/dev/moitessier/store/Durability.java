package dev.moitessier.store;

/** What an acknowledged append survives. */
public enum Durability {
    /** Nothing: it is lost with the process. */
    VOLATILE,
    /** Most things, but a crash or failover may lose the newest entries. */
    RELAXED,
    /** Whatever its medium survives. */
    DURABLE
}
