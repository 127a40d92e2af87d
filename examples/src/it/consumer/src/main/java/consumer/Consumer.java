package consumer;

import com.google.cloud.datastore.Datastore;
import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.Conditions;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.Since;
import dev.moitessier.prscd.PrscdServer;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.Signalling;
import dev.moitessier.store.datastore.DatastoreStore;
import dev.moitessier.store.memory.MemoryStore;
import dev.moitessier.store.postgres.PostgresStore;
import dev.moitessier.store.redis.RedisStore;
import dev.moitessier.yomo.Source;
import java.io.IOException;
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

    /** Opened by whoever has a project on Google Cloud. */
    public static Moitessier onDatastore(Datastore client) {
        return Moitessier.on(DatastoreStore.create(client));
    }

    /** Rooms for browsers, on a port that is free; says whether it can do WebTransport without the optional libraries. */
    public static boolean serves() throws IOException {
        Config config = ConfigFactory.parseString(
                "prscd { port = 0, tls.self-made = true, realms.a { keys = [k], join = [\"*\"] } }");
        try (Moitessier moitessier = Moitessier.on(new MemoryStore());
                PrscdServer prscd = PrscdServer.builder(moitessier).config(config).start()) {
            return prscd.port() > 0 && prscd.servesWebTransport();
        }
    }

    /** Connected by whoever has a zipper. */
    public static Source.Builder thermometer(String zipper) {
        return Source.builder("thermometer").zipper(zipper);
    }

    public static Signalling reply() {
        return Signalling.decode(Signalling.data("room", new ChannelEvent("hello", "1")).encode());
    }
}
