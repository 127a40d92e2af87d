package dev.moitessier.prscd;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** All peers of a channel that this node knows of, by sid: its own and those that other nodes have told it. */
final class Roster {
    private final Map<String, Presence> bySid = new LinkedHashMap<>();
    private final Map<String, List<Presence>> byClient = new HashMap<>();

    /** One connection in the channel. The state is null until the peer has one; then it is never changed in place. */
    static final class Presence {
        final String sid;
        final String clientId;
        String owner;
        long version;
        long stamp;
        byte @Nullable [] state;
        /** When a drained life's peer goes; null: it is here. */
        @Nullable
        Long lingersTill;

        Presence(String sid, String clientId, String owner, long version, long stamp, byte @Nullable [] state) {
            this.sid = sid;
            this.clientId = clientId;
            this.owner = owner;
            this.version = version;
            this.stamp = stamp;
            this.state = state;
        }

        /** Which of several connections of one client is seen: one that is here, then the newest. */
        private boolean outshines(Presence other) {
            boolean here = lingersTill == null;
            if (here != (other.lingersTill == null)) {
                return here;
            }
            return stamp != other.stamp ? stamp > other.stamp : sid.compareTo(other.sid) > 0;
        }
    }

    @Nullable
    Presence get(String sid) {
        return bySid.get(sid);
    }

    void put(Presence presence) {
        remove(presence.sid);
        bySid.put(presence.sid, presence);
        byClient.computeIfAbsent(presence.clientId, id -> new ArrayList<>(1)).add(presence);
    }

    @Nullable
    Presence remove(String sid) {
        Presence removed = bySid.remove(sid);
        if (removed != null) {
            List<Presence> same = byClient.get(removed.clientId);
            if (same != null) {
                same.remove(removed);
                if (same.isEmpty()) {
                    byClient.remove(removed.clientId);
                }
            }
        }
        return removed;
    }

    /** What is to be seen of a client; null: nothing. */
    @Nullable
    Presence visible(String clientId) {
        Presence best = null;
        for (Presence each : byClient.getOrDefault(clientId, List.of())) {
            if (each.state != null && (best == null || each.outshines(best))) {
                best = each;
            }
        }
        return best;
    }

    /** A copy: what the caller does to the roster meanwhile does not matter. */
    List<Presence> where(Predicate<Presence> which) {
        List<Presence> found = new ArrayList<>();
        for (Presence each : bySid.values()) {
            if (which.test(each)) {
                found.add(each);
            }
        }
        return found;
    }

    Set<String> owners() {
        Set<String> owners = new TreeSet<>();
        bySid.values().forEach(each -> owners.add(each.owner));
        return owners;
    }

    Collection<Presence> all() {
        return bySid.values();
    }

    int size() {
        return bySid.size();
    }
}
