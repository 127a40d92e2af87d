package dev.moitessier.store;

import java.util.List;

/** A page of subscribers, true at {@code position} of the scope's log. */
public record Subscribers(List<StoredSubscriber> list, long position, boolean more) {}
