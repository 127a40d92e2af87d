package dev.moitessier.store;

/** Hints of one process; {@code add} and {@code remove} return at once. Thread-safe. */
public interface Watch extends AutoCloseable {
    /** Hints for this scope from now on; the store hints once when they have become effective (W4). Repeating it is harmless. */
    void add(String scope);

    /** No more hints for this scope, save those under way. */
    void remove(String scope);

    /** Ends all hints: none begins after this has returned (W3). Waits, for a second at most, for one that is under way. */
    @Override
    void close();
}
