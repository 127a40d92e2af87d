package dev.moitessier.store;

/**
 * Where a {@link Watch} delivers its hints. Called on a thread of the store or of whoever appended, perhaps from several at once;
 * must return at once, and neither call the store nor wait for a lock that is held while the store is called.
 */
public interface HintSink {
    /** Something may have been appended to this scope. */
    void dirty(String scope);

    /** Something may have been appended to any scope: after each reconnect or an overflow (W4). */
    void allDirty();
}
