package dev.moitessier.prscd;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * Looks now and then whether the others of a room are still subscribed: a node may have closed it without a word, thinking
 * that it was alone. On the loop.
 */
final class RollCall {
    /** Mostly enough for a word that is on its way. */
    private static final long SECOND_LOOK = Nanos.seconds(2);

    private final Node node;
    private final Room room;
    private boolean waits;

    RollCall(Node node, Room room) {
        this.node = node;
        this.room = room;
    }

    void later() {
        if (!waits && room.hasOthers()) {
            waits = true;
            long pace = room.isOwedRosters() ? node.leaseNanos() / 2 : node.reconcileNanos();
            node.loop().after(node.jitter(pace), () -> {
                waits = false;
                room.reconcile(readOf(room.livesHere()), this::lookAgain);
            });
        }
    }

    /** These were not subscribed a moment ago. */
    void missing(Set<String> lives) {
        lookAgain(readOf(lives));
    }

    /**
     * Who is not subscribed may have drained or died, and the word of that be on its way. So it is given time to come, and
     * then the nodes' scope is read to its end: a drain is in there before the node leaves any channel.
     */
    private void lookAgain(Map<String, Long> unlisted) {
        int opening = room.generation();
        if (!unlisted.isEmpty()) {
            node.loop().after(SECOND_LOOK, () -> {
                if (room.generation() == opening) {
                    room.reconcile(unlisted, silent -> {
                        if (!silent.isEmpty()) {
                            node.whenCaughtUp(() -> conclude(silent, opening));
                        }
                    });
                }
            });
        }
        later();
    }

    private void conclude(Map<String, Long> silent, int opening) {
        Set<String> lives = new LinkedHashSet<>(silent.keySet());
        lives.removeIf(each -> room.readOf(each) > silent.getOrDefault(each, 0L));
        if (!lives.isEmpty() && room.generation() == opening) {
            room.closedSilently(lives);
        }
    }

    private Map<String, Long> readOf(Set<String> lives) {
        Map<String, Long> read = new LinkedHashMap<>();
        lives.forEach(life -> read.put(life, room.readOf(life)));
        return read;
    }
}
