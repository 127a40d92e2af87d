package dev.moitessier.store.postgres;

/** What opening a store does about its tables. */
public enum SchemaMode {
    /** Nothing: whoever runs the service knows that they are there. */
    NONE,
    /** Looks whether they are there in a version that this library can use; if not, one error says what to run. */
    VALIDATE,
    /** Creates or upgrades them, once, however many nodes start together. Needs the rights to do so. */
    MIGRATE
}
