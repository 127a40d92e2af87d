package dev.moitessier.store;

/** Called on the store's thread; must return at once and not call the store. */
public interface HintSink {
    /** Something may have been appended to this scope. */
    void dirty(String scope);
    /** Something may have been appended to any scope: after each (re)connect or an overflow. */
    void allDirty();
}
