package dev.moitessier.prscd;

import dev.moitessier.prscd.LogEntry.Up;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Puts full rosters together that did not fit one entry: one is applied when its last part has been read. On the loop. */
final class FullRosters {
    private final Map<String, Parts> unfinished = new HashMap<>();

    private static final class Parts {
        int next;
        final List<Up> ups = new ArrayList<>();
    }

    /** The whole roster if this part was the last one; null: there is more to come, or a part before it was missed. */
    @Nullable
    List<Up> add(LogEntry entry) {
        Parts before = unfinished.remove(entry.life());
        if (entry.parts() == 1) {
            return entry.ups();
        }
        Parts parts = entry.part() == 0 ? new Parts() : before;
        if (parts == null || parts.next != entry.part()) {
            return null;
        }
        parts.ups.addAll(entry.ups());
        parts.next++;
        if (parts.next == entry.parts()) {
            return parts.ups;
        }
        unfinished.put(entry.life(), parts);
        return null;
    }

    void forget(String life) {
        unfinished.remove(life);
    }

    void clear() {
        unfinished.clear();
    }
}
