package dev.moitessier.prscd;

import java.util.ArrayList;
import java.util.List;

/** A node's dump as JSON, for people and monitors. Holds no keys and no payloads. */
final class DumpJson {
    private DumpJson() {}

    static String of(NodeDump dump, Counters counters) {
        return "{\"life\":" + Json.text(dump.life())
                + ",\"live\":" + dump.live()
                + ",\"connections\":" + dump.connections()
                + ",\"channels\":"
                + list(dump.channels().stream().map(DumpJson::channel).toList())
                + ",\"counters\":" + counters(counters)
                + "}";
    }

    private static String channel(NodeDump.Channel channel) {
        return "{\"name\":" + Json.text(channel.name())
                + ",\"state\":" + Json.text(channel.state())
                + ",\"others\":"
                + list(channel.others().stream().map(Json::text).toList())
                + ",\"peers\":"
                + list(channel.peers().stream().map(DumpJson::peer).toList())
                + "}";
    }

    private static String peer(NodeDump.Present peer) {
        return "{\"id\":" + Json.text(peer.clientId())
                + ",\"sid\":" + Json.text(peer.sid())
                + ",\"owner\":" + Json.text(peer.owner())
                + ",\"local\":" + peer.local()
                + ",\"lingering\":" + peer.lingering()
                + "}";
    }

    private static String counters(Counters counters) {
        List<String> counts = new ArrayList<>();
        for (Count count : Count.values()) {
            counts.add(Json.text(count.shown()) + ":" + counters.get(count));
        }
        return "{" + String.join(",", counts) + "}";
    }

    private static String list(List<String> items) {
        return "[" + String.join(",", items) + "]";
    }
}
