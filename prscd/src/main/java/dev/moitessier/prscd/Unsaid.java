package dev.moitessier.prscd;

import dev.moitessier.prscd.LogEntry.Up;
import dev.moitessier.prscd.Roster.Presence;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a room has to say of its own peers and has not said yet. It names them only; what they are is asked when it is said. */
final class Unsaid {
    private static final int MANY = 4_096;

    private final Set<String> changed = new LinkedHashSet<>();
    private final Set<String> settling = new LinkedHashSet<>();
    private final Set<String> left = new LinkedHashSet<>();
    private final Deque<Words> parts = new ArrayDeque<>();
    private boolean full;
    private boolean ask;

    /** The presence in one entry, as {@link LogEntry} has it. */
    record Words(boolean asks, int part, int parts, List<Up> ups, List<String> gone) {
        boolean isEmpty() {
            return parts == 0 && ups.isEmpty() && gone.isEmpty();
        }
    }

    void changed(String sid) {
        changed.add(sid);
    }

    /** Goes with the next entry, or when it has {@link #settled}. */
    void settling(String sid) {
        settling.add(sid);
    }

    void settled() {
        changed.addAll(settling);
        settling.clear();
    }

    void left(String sid) {
        changed.remove(sid);
        settling.remove(sid);
        left.add(sid);
        if (left.size() > MANY) {
            // However many come and go while nothing can be said: who is not in the whole roster has left.
            say(false);
            left.clear();
        }
    }

    /** All own peers; {@code ask}: everybody else shall do the same. */
    void say(boolean ask) {
        full = true;
        this.ask |= ask;
    }

    /** The whole roster is not to be said any more, or will be asked for anew. */
    void forgetRoster() {
        full = false;
        parts.clear();
    }

    void clear() {
        forgetRoster();
        ask = false;
        changed.clear();
        settling.clear();
        left.clear();
    }

    int size() {
        return changed.size() + settling.size() + left.size() + parts.size();
    }

    boolean isWhole() {
        return full || !parts.isEmpty();
    }

    boolean isEmpty() {
        return !isWhole() && changed.isEmpty() && left.isEmpty();
    }

    /** Takes what fits an entry; what does not stays for the next. */
    Words take(Roster roster, String life, int budget) {
        if (full && parts.isEmpty()) {
            split(roster, life, budget);
        }
        Words part = parts.poll();
        if (part != null) {
            return part;
        }
        settled();
        return new Words(false, 0, 0, takeChanged(roster, budget), takeLeft(budget / 2));
    }

    /** A roster that does not fit one entry goes in parts, which readers apply together. */
    private void split(Roster roster, String life, int budget) {
        boolean asks = ask;
        clear();
        List<List<Up>> chunks = new ArrayList<>();
        List<Up> chunk = new ArrayList<>();
        int weight = 0;
        for (Presence each : roster.all()) {
            Up up = each.owner.equals(life) ? upOf(each) : null;
            if (up == null) {
                continue;
            }
            weight += up.weight();
            if (weight > budget && !chunk.isEmpty()) {
                chunks.add(chunk);
                chunk = new ArrayList<>();
                weight = up.weight();
            }
            chunk.add(up);
        }
        chunks.add(chunk);
        for (int i = 0; i < chunks.size(); i++) {
            parts.add(new Words(asks && i == 0, i, chunks.size(), chunks.get(i), List.of()));
        }
    }

    private static @Nullable Up upOf(Presence each) {
        byte[] state = each.state;
        return state == null ? null : new Up(each.sid, each.clientId, each.version, each.stamp, state);
    }

    private List<Up> takeChanged(Roster roster, int budget) {
        List<Up> ups = new ArrayList<>();
        int weight = 0;
        for (Iterator<String> sids = changed.iterator(); sids.hasNext() && weight < budget; ) {
            Presence each = roster.get(sids.next());
            sids.remove();
            Up up = each == null ? null : upOf(each);
            if (up != null) {
                ups.add(up);
                weight += up.weight();
            }
        }
        return ups;
    }

    private List<String> takeLeft(int budget) {
        List<String> gone = new ArrayList<>();
        int weight = 0;
        for (Iterator<String> sids = left.iterator(); sids.hasNext() && weight < budget; ) {
            String sid = sids.next();
            sids.remove();
            gone.add(sid);
            weight += sid.length() + 1;
        }
        return gone;
    }
}
