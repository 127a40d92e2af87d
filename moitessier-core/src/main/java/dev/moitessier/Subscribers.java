package dev.moitessier;

import java.util.List;
import java.util.Map;

/** Those who listen, true at one position per scope. */
public record Subscribers(List<Subscriber> list, Map<String, Long> positions) {
    public Subscribers {
        list = List.copyOf(list);
        positions = Map.copyOf(positions);
    }

    public int size() {
        return list.size();
    }
}
