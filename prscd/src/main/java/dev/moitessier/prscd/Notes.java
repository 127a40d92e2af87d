package dev.moitessier.prscd;

import dev.moitessier.prscd.RoomStore.Lane;
import dev.moitessier.prscd.Roster.Presence;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What one node has to say on the volatile lane: the newest per peer and per event of all its rooms, packed once per tick.
 * Lost on the way is nothing that the log does not say again. On the loop.
 */
final class Notes {
    /** What a packet needs beside its items. */
    private static final int OVERHEAD = 48;

    private final Node node;
    private final String topic;
    private final Map<String, VolatileNote.Item> waiting = new LinkedHashMap<>();
    private boolean toldSoon;

    Notes(Node node, String topic) {
        this.node = node;
        this.topic = topic;
    }

    void state(Room room, String sid) {
        Presence each = room.roster.get(sid);
        byte[] state = each == null ? null : each.state;
        if (each != null && state != null && node.store().lane() != null) {
            add(sid, new VolatileNote.State(room.channel, sid, each.version, each.stamp, state));
        }
    }

    /** Without a lane nobody on another node hears it. */
    void event(Room room, Datum datum, String event) {
        if (node.store().lane() == null) {
            node.counters().add(Count.VOLATILE_DROPPED);
        } else {
            add(datum.sid() + '/' + event, new VolatileNote.Event(room.channel, datum.sid(), datum.payload()));
        }
    }

    private void add(String key, VolatileNote.Item item) {
        waiting.remove(key);
        waiting.put(key, item);
        if (!toldSoon) {
            toldSoon = true;
            node.loop().after(Nanos.of(node.settings().tick()), this::tell);
        }
    }

    private void tell() {
        toldSoon = false;
        List<VolatileNote.Item> items = List.copyOf(waiting.values());
        waiting.clear();
        Lane lane = node.store().lane();
        if (lane == null || !node.maySpeak()) {
            return;
        }
        int most = lane.maxBytes() - OVERHEAD;
        List<VolatileNote.Item> packet = new ArrayList<>();
        int weight = 0;
        for (VolatileNote.Item item : items) {
            if (item.weight() > most) {
                node.counters().add(Count.VOLATILE_DROPPED);
                continue;
            }
            if (weight + item.weight() > most) {
                publish(lane, packet);
                packet = new ArrayList<>();
                weight = 0;
            }
            packet.add(item);
            weight += item.weight();
        }
        if (!packet.isEmpty()) {
            publish(lane, packet);
        }
    }

    private void publish(Lane lane, List<VolatileNote.Item> packet) {
        boolean sent = lane.publish(topic, new VolatileNote(node.life(), packet).encode());
        node.counters().add(sent ? Count.VOLATILE_SENT : Count.VOLATILE_DROPPED);
    }
}
