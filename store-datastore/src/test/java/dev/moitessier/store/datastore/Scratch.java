package dev.moitessier.store.datastore;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.cloud.datastore.Datastore;
import com.google.cloud.datastore.Key;
import com.google.cloud.datastore.Query;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Content;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Page;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Short forms for tests. */
final class Scratch {
    private Scratch() {}

    static String namespace() {
        return "t" + UUID.randomUUID().toString().replace("-", "");
    }

    static ListenerRef shared(String scope) {
        return new ListenerRef(scope, ListenerType.SHARED, null);
    }

    /** Somebody who stays, so that appends are heard. */
    static Registered hear(MailboxStore store, String scope) {
        return store.register(registration(scope, "durable", null));
    }

    static Registration registration(String scope, String subscriber, @Nullable UUID session) {
        return new Registration(
                UUID.randomUUID(),
                shared(scope),
                subscriber,
                session,
                session == null ? Duration.ofDays(30) : null,
                Payload.empty(),
                null);
    }

    static Append say(String scope, String text) {
        return say(scope, Payload.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    static Append say(String scope, Payload body) {
        Content content = new Content(new Party("test", ""), null, body, true, Map.of(), Map.of());
        return new Append(UUID.randomUUID(), scope, content, OptionalLong.empty(), Duration.ofMinutes(10));
    }

    static Appended one(MailboxStore store, Append append) {
        return store.append(List.of(append)).get(0);
    }

    static long put(MailboxStore store, String scope, String text) {
        Appended answer = one(store, say(scope, text));
        assertThat(answer).isInstanceOf(Appended.Stored.class);
        return ((Appended.Stored) answer).position();
    }

    static Page page(MailboxStore store, String scope, long after) {
        return store.read(List.of(new ReadRequest(scope, after, 1_000, false, Set.of(shared(scope)))), 8 << 20)
                .get(0);
    }

    static List<String> heard(MailboxStore store, String scope) {
        List<String> heard = new ArrayList<>();
        for (long next = 0, head = 1; next < head; ) {
            Page page = page(store, scope, next);
            page.entries().forEach(entry -> heard.add(text(entry)));
            next = page.next();
            head = page.head();
        }
        return heard;
    }

    static String text(Entry entry) {
        Payload body = entry.content().body();
        return body == null ? "" : StandardCharsets.UTF_8.decode(body.view()).toString();
    }

    /** How many entities of a kind there are. */
    static int count(Datastore datastore, String kind) {
        List<Key> keys = new ArrayList<>();
        datastore.run(Query.newKeyQueryBuilder().setKind(kind).build()).forEachRemaining(keys::add);
        return keys.size();
    }

    static void until(String what, Duration limit, BooleanSupplier condition) {
        long end = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("within %s: %s", limit, what).isLessThan(end);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
        }
    }
}
