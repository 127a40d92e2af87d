package dev.moitessier.store;

/** VOLATILE: lost with the process. RELAXED: a crash or failover may lose the newest acknowledged entries. DURABLE: acknowledged is kept. */
public enum Durability { VOLATILE, RELAXED, DURABLE }
