package dev.moitessier.store;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * Answer to one {@link ReadRequest}; all of it is from one snapshot (C2).
 *
 * @param scope the scope that was read
 * @param entries ascending by position, none at or below the cursor (O4)
 * @param next last position examined, also when nothing is returned; below {@code head}: read on at once
 * @param head the scope's last position
 * @param trimmed all at or below may be gone
 * @param membersVersion the members version at the snapshot
 * @param lossy some after the cursor is gone: the cursor was below {@code trimmed}
 * @param reset the cursor was past the head; the page is empty and {@code next} is {@code trimmed} (C1)
 */
public record Page(
        String scope,
        List<Entry> entries,
        long next,
        long head,
        long trimmed,
        long membersVersion,
        boolean lossy,
        boolean reset) {
    public Page {
        requireNonNull(scope, "scope");
        entries = List.copyOf(entries);
    }
}
