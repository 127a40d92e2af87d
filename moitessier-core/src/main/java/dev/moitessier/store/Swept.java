package dev.moitessier.store;

import java.util.List;

/**
 * What one sweep did.
 *
 * @param departed whom it removed or detached; may be lost with the sweeper (L7)
 * @param scopesTrimmed how many scopes lost entries
 * @param more whether the work ran out: call again soon
 */
public record Swept(List<Departed> departed, long scopesTrimmed, boolean more) {
    public Swept {
        departed = List.copyOf(departed);
    }
}
