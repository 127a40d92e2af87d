package consumer;

import dev.moitessier.Conditions;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.Since;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.Signalling;
import dev.moitessier.store.memory.MemoryStore;
import dev.moitessier.store.postgres.PostgresStore;
import dev.moitessier.store.redis.RedisStore;
import javax.sql.DataSource;
import redis.clients.jedis.UnifiedJedis;

/** Uses what a newcomer uses, from the installed artifacts. */
public final class Consumer {
    private Consumer() {}

    public static String hear() {
        try (Moitessier moitessier = Moitessier.on(new MemoryStore());
                Listener room = moitessier.listen(Conditions.shared(Person.of("ada"), "room/42"))) {
            moitessier.dispatch(Person.of("bob"), "room/42", "hello");
            return room.messages(Since.leftOff(), 10).get(0).text();
        }
    }

    /** Opened by whoever has a database; compiling is all that happens here. */
    public static Moitessier onPostgres(DataSource dataSource) {
        return Moitessier.on(PostgresStore.create(dataSource));
    }

    /** Opened by whoever has a Redis. */
    public static Moitessier onRedis(UnifiedJedis client) {
        return Moitessier.on(RedisStore.create(client));
    }

    public static Signalling reply() {
        return Signalling.decode(Signalling.data("room", new ChannelEvent("hello", "1")).encode());
    }
}
