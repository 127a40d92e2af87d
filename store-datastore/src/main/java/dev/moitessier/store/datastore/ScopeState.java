package dev.moitessier.store.datastore;

import com.google.cloud.datastore.Entity;
import com.google.cloud.datastore.Key;
import org.jspecify.annotations.Nullable;

/**
 * What the entity of a scope says.
 *
 * @param base positions of this scope are greater
 * @param head its last position
 * @param trimmed all at or below may be gone
 * @param version the members version
 * @param mailboxes how many there are
 * @param at microseconds of the last entry, or of the scope's beginning; entries never go back in time
 * @param oldest microseconds of the first entry that is kept; {@link #NONE}: there is none
 */
record ScopeState(long base, long head, long trimmed, long version, long mailboxes, long at, long oldest) {
    static final long NONE = Long.MAX_VALUE;

    /** Above everything that a scope of this name had before the data were lost, as far as clocks are right (O3, M1). */
    static ScopeState created(long micros) {
        return new ScopeState(micros, micros, 0, micros, 0, micros, NONE);
    }

    static @Nullable ScopeState of(@Nullable Entity entity) {
        return entity == null
                ? null
                : new ScopeState(
                        entity.getLong("base"),
                        entity.getLong("head"),
                        entity.getLong("trimmed"),
                        entity.getLong("version"),
                        entity.getLong("mailboxes"),
                        entity.getLong("at"),
                        entity.getLong("oldest"));
    }

    Entity entity(Key key) {
        return Entity.newBuilder(key)
                .set("base", Values.of(base))
                .set("head", Values.of(head))
                .set("trimmed", Values.of(trimmed))
                .set("version", Values.of(version))
                .set("mailboxes", Values.of(mailboxes))
                .set("at", Values.of(at))
                .set("oldest", Values.of(oldest))
                .build();
    }

    /** The last position that cannot be read. */
    long floor() {
        return Math.max(base, trimmed);
    }

    /** With one more entry, or several of one moment. */
    ScopeState appended(int entries, long micros) {
        long now = Math.max(at, micros);
        return new ScopeState(base, head + entries, trimmed, version, mailboxes, now, oldest == NONE ? now : oldest);
    }

    ScopeState withMailboxes(long count) {
        return new ScopeState(base, head, trimmed, version + 1, count, at, oldest);
    }

    ScopeState trimmedTo(long position, long oldestLeft) {
        return new ScopeState(base, head, position, version, mailboxes, at, oldestLeft);
    }
}
