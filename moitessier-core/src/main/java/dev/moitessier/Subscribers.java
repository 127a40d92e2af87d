package dev.moitessier;

import java.util.List;
import java.util.Map;

/**
 * Those who listen, as of one position per scope: the list, and then the messages after that position, give the present state.
 *
 * @param positions by scope
 */
public record Subscribers(List<Subscriber> list, Map<String, Long> positions) {
    /** Copies both. */
    public Subscribers {
        list = List.copyOf(list);
        positions = Map.copyOf(positions);
    }

    /** How many listen, over all scopes. */
    public int size() {
        return list.size();
    }
}
