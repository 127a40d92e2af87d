package dev.moitessier.store;

import java.util.List;

/**
 * A page of subscribers.
 *
 * @param list ascending by id
 * @param position the position of the scope's log at which the page is true (L8)
 * @param more whether there are others after the last
 */
public record Subscribers(List<StoredSubscriber> list, long position, boolean more) {
    public Subscribers {
        list = List.copyOf(list);
    }
}
