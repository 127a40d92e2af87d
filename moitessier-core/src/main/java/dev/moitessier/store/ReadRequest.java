package dev.moitessier.store;

import java.util.Set;

/** Entries of a scope after {@code after} that any of {@code readers} may see (all of this scope); {@code newest}: the last {@code maxEntries} of them (V3). */
public record ReadRequest(String scope, long after, int maxEntries, boolean newest, Set<ListenerRef> readers) {}
