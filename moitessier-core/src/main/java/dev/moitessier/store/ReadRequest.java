package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import java.util.Set;

/**
 * Asks for the entries of a scope after a cursor that any of {@code readers} may see.
 *
 * @param scope the scope
 * @param after the cursor; any long is legal (C1)
 * @param maxEntries at most so many entries, at least 1
 * @param newest false: the first of them; true: the last of them (V3)
 * @param readers mailboxes of this scope; others have no effect. Copied, unless it is already an unmodifiable {@link Set#copyOf}
 */
public record ReadRequest(String scope, long after, int maxEntries, boolean newest, Set<ListenerRef> readers) {
    /** @throws IllegalArgumentException if {@code maxEntries} is less than 1 */
    public ReadRequest {
        requireNonNull(scope, "scope");
        if (maxEntries < 1) {
            throw new IllegalArgumentException("maxEntries must be at least 1: " + maxEntries);
        }
        readers = Set.copyOf(readers);
    }
}
