package dev.moitessier.store;

import java.util.OptionalLong;

/** {@code start}: the mailbox holds what is after it; {@code head}: the scope's last position now; {@code acknowledged}: where it left off. */
public record Registered(long start, long head, OptionalLong acknowledged, boolean created, long membersVersion) {}
