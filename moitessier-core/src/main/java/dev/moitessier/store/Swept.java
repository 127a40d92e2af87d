package dev.moitessier.store;

import java.util.List;

/** What one sweep did; {@code more}: call again soon. */
public record Swept(List<Departed> departed, long scopesTrimmed, boolean more) {}
