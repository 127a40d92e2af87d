package dev.moitessier.benchmarks.redis;

import dev.moitessier.Moitessier;
import dev.moitessier.benchmarks.sending.OtherProcess;
import dev.moitessier.store.redis.RedisStore;
import java.io.PrintStream;
import java.util.Map;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.resps.StreamEntry;

/** The other process: a node's listener, and bare pub/sub that then reads the entry. */
final class ListeningProcess {
    private ListeningProcess() {}

    /** Arguments: port and scope. */
    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        Moitessier moitessier = Moitessier.on(
                RedisStore.builder("redis://localhost:" + port, null, null).open());
        OtherProcess.listen(moitessier, arguments[1], Map.of("bare-pub-sub", out -> bare(port, out)));
    }

    /** Wakes up, then reads the entry, as whoever wants the message must. */
    private static void bare(int port, PrintStream out) {
        try (RedisClient subscribed = Server.client(port, 1);
                RedisClient reading = Server.client(port, 1)) {
            subscribed.subscribe(
                    new JedisPubSub() {
                        private String last = "0-0";

                        @Override
                        public void onMessage(String channel, String stream) {
                            for (StreamEntry entry : reading.xrange(stream, "(" + last, "+")) {
                                last = entry.getID().toString();
                                OtherProcess.report(
                                        out, "bare", entry.getFields().get("text"));
                            }
                        }
                    },
                    Anchors.CHANNEL);
        }
    }
}
