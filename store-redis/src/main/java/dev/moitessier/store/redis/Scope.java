package dev.moitessier.store.redis;

/** A scope's name as it is sent, and where it lies. */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Scope(String name, byte[] bytes, int shard) {
    static Scope of(String name) {
        byte[] bytes = Keys.utf8(name);
        return new Scope(name, bytes, Keys.shard(bytes));
    }
}
