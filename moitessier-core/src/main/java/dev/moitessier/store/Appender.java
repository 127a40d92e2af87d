package dev.moitessier.store;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a store offers, and what {@code enlist(transaction)} of a transactional store offers (T1 to T5). */
public interface Appender {
    /**
     * Appends each element atomically; answers in the order of {@code batch}, which is not atomic as a whole (B1 to B4).
     * Elements of one scope get their positions in that order. What concerns one element is its answer, not an exception.
     *
     * @throws StoreException.Closed if the store is closed
     * @throws StoreException.Misconfigured if the store cannot be used as it is set up
     */
    List<Appended> append(List<Append> batch);

    /**
     * The mailboxes of a scope with their starts, in one snapshot (M1); empty at version 0 if the scope is unknown.
     *
     * @param only asks for those of these that exist; null: all
     */
    Members members(String scope, @Nullable Set<ListenerRef> only);
}
