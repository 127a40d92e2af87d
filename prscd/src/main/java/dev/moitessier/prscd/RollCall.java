package dev.moitessier.prscd;

import dev.moitessier.prscd.RoomStore.Answer;
import dev.moitessier.prscd.RoomStore.Present;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

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
                reconcile(readOf(room.livesHere()), this::lookAgain);
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
                    reconcile(unlisted, silent -> {
                        if (!silent.isEmpty()) {
                            node.whenCaughtUp(() -> conclude(silent, opening));
                        }
                    });
                }
            });
        }
        later();
    }

    /** Passes on those of these lives that are not subscribed and have not spoken since. */
    private void reconcile(Map<String, Long> read, Consumer<Map<String, Long>> unlisted) {
        int opening = room.generation();
        room.subscribers(new Answer<>() {
            @Override
            public void ok(Present present) {
                if (room.generation() == opening) {
                    Map<String, Long> silent = new LinkedHashMap<>(read);
                    silent.keySet().removeAll(present.lives());
                    silent.keySet().removeIf(each -> hasSpoken(each, silent));
                    unlisted.accept(silent);
                }
            }

            @Override
            public void failed(Throwable cause) {
                node.loop().after(node.jitter(SECOND_LOOK), () -> {
                    if (room.generation() == opening) {
                        reconcile(read, unlisted);
                    }
                });
            }
        });
    }

    private boolean hasSpoken(String life, Map<String, Long> since) {
        return room.readOf(life) > since.getOrDefault(life, 0L);
    }

    private void conclude(Map<String, Long> silent, int opening) {
        Set<String> lives = new LinkedHashSet<>(silent.keySet());
        lives.removeIf(each -> hasSpoken(each, silent));
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
