package dev.moitessier.store;

import java.util.List;

/** {@code next}: last position examined. {@code trimmed}: all at or below may be gone. {@code lossy}: some after the cursor is gone. {@code reset}: cursor was past the head. */
public record Page(String scope, List<Entry> entries, long next, long head, long trimmed, long membersVersion,
        boolean lossy, boolean reset) {}
