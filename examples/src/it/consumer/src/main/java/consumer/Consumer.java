package consumer;

import com.google.cloud.datastore.Datastore;
import dev.moitessier.Conditions;
import dev.moitessier.Listener;
import dev.moitessier.Moitessier;
import dev.moitessier.Person;
import dev.moitessier.Since;
import dev.moitessier.psig.ChannelEvent;
import dev.moitessier.psig.Signalling;
import dev.moitessier.store.datastore.DatastoreStore;
import dev.moitessier.store.memory.MemoryStore;
import dev.moitessier.store.postgres.PostgresStore;
import javax.sql.DataSource;

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

    public static Moitessier onDatastore(Datastore datastore) {
        return Moitessier.on(DatastoreStore.create(datastore));
    }

    public static Signalling reply() {
        return Signalling.decode(Signalling.data("room", new ChannelEvent("hello", "1")).encode());
    }
}
