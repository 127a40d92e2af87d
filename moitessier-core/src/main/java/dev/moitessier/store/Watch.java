package dev.moitessier.store;

/** Hints of one process; both calls return at once. */
public interface Watch extends AutoCloseable {
    /** Hints for this scope from now on; the store hints once when they have become effective (W4). */
    void add(String scope);
    /** No more hints for this scope, save those under way. */
    void remove(String scope);
    @Override void close();
}
