package dev.moitessier.benchmarks.redis;

import dev.moitessier.benchmarks.sending.Contender;
import dev.moitessier.benchmarks.sending.Dispatches;
import java.util.Map;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.RedisClient;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.params.XAddParams;

/** What one would write by hand with Jedis, each caller with a connection of its own. */
final class Anchors {
    static final int LISTENERS = 10;
    static final String CHANNEL = "anchor:hints";

    private static final Map<String, String> FIELDS = Map.of("sender", "bob", "text", Dispatches.TEXT);

    private Anchors() {}

    /** One entry, kept and ordered; nobody is told, nobody gets his own, an attempt that is repeated writes twice. */
    static Contender bareXadd(Server server) {
        return new Of(server, "XADD") {
            @Override
            void send(RedisClient client, String scope) {
                client.xadd("anchor:" + scope, StreamEntryID.NEW_ENTRY, FIELDS);
            }
        };
    }

    /** The like-for-like mailbox by hand: a stream for each listener. */
    static Contender mailboxes(Server server) {
        return new Of(server, LISTENERS + " XADD in a pipeline") {
            @Override
            void send(RedisClient client, String scope) {
                try (AbstractPipeline pipeline = client.pipelined()) {
                    for (int i = 0; i < LISTENERS; i++) {
                        pipeline.xadd("anchor:" + scope + ":" + i, XAddParams.xAddParams(), FIELDS);
                    }
                    pipeline.sync();
                }
            }
        };
    }

    private abstract static class Of implements Contender {
        private final Server server;
        private final String name;

        Of(Server server, String name) {
            this.server = server;
            this.name = name;
        }

        abstract void send(RedisClient client, String scope);

        @Override
        public String name() {
            return name;
        }

        @Override
        public Caller caller() {
            RedisClient client = server.client(1);
            client.ping();
            return new Caller() {
                @Override
                public void send(String scope) {
                    Of.this.send(client, scope);
                }

                @Override
                public void close() {
                    client.close();
                }
            };
        }
    }
}
