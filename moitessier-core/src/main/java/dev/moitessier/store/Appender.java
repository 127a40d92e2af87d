package dev.moitessier.store;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a store offers, and what {@code enlist(transaction)} of a transactional store offers (T1 to T5). */
public interface Appender {
    /** Appends each element atomically; answers in the order of {@code batch}, which is not atomic as a whole (B1 to B4). */
    List<Appended> append(List<Append> batch);
    /** Mailboxes of a scope with their starts, or those of {@code only} that exist; empty at version 0 if unknown (M1). */
    Members members(String scope, @Nullable Set<ListenerRef> only);
}
