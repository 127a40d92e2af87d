package dev.moitessier.store.memory;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Content;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Page;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registered;
import dev.moitessier.store.Registration;
import dev.moitessier.store.Retention;
import dev.moitessier.store.SweepPolicy;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;

/** Values that the tests need, with everything that does not matter filled in. */
final class Given {
    static final Party ADA = new Party("ada", "");
    static final Duration REMEMBER = Duration.ofSeconds(20);
    static final Duration LEASE = Duration.ofSeconds(3);

    private Given() {}

    static ListenerRef shared(String scope) {
        return new ListenerRef(scope, ListenerType.SHARED, null);
    }

    static ListenerRef privateTo(String scope, String person) {
        return new ListenerRef(scope, ListenerType.PRIVATE, new Party(person, ""));
    }

    static Content text(String text) {
        return new Content(ADA, null, payload(text), true, Map.of(), Map.of());
    }

    /** Known by its header. */
    static Content farewell() {
        return new Content(ADA, null, payload("bye"), true, Map.of(), Map.of("farewell", "true"));
    }

    static Payload payload(String text) {
        return Payload.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    static Append append(String scope, String text) {
        return append(scope, UUID.randomUUID(), text);
    }

    static Append append(String scope, UUID dispatch, String text) {
        return new Append(dispatch, scope, text(text), OptionalLong.empty(), REMEMBER);
    }

    static long stored(MailboxStore store, Append append) {
        Appended answer = store.append(List.of(append)).get(0);
        if (answer instanceof Appended.Stored stored) {
            return stored.position();
        }
        throw new AssertionError("not stored: " + answer);
    }

    static UUID session(MailboxStore store) {
        UUID session = UUID.randomUUID();
        store.open(session, LEASE);
        return session;
    }

    static Registered join(MailboxStore store, ListenerRef listener, String subscriber, UUID session) {
        return store.register(
                new Registration(UUID.randomUUID(), listener, subscriber, session, null, Payload.empty(), null));
    }

    static Page read(MailboxStore store, String scope, long after) {
        return read(store, new ReadRequest(scope, after, 1_000, false, Set.of(shared(scope))));
    }

    static Page read(MailboxStore store, ReadRequest request) {
        return store.read(List.of(request), 1 << 20).get(0);
    }

    static List<String> texts(Page page) {
        return page.entries().stream()
                .map(entry -> new String(
                        entry.content().body() == null
                                ? new byte[0]
                                : entry.content().body().toBytes(),
                        StandardCharsets.UTF_8))
                .toList();
    }

    static SweepPolicy keep(Duration age, long count) {
        return keep(age, count, null, 10_000);
    }

    static SweepPolicy keep(Duration age, long count, Instant endAsOf, int work) {
        return new SweepPolicy(scope -> new Retention(age, count), age, endAsOf, work);
    }

    /** A clock that stands still until told otherwise. */
    static final class Clock implements InstantSource {
        private volatile Instant now = Instant.parse("2026-11-22T12:00:00Z");

        @Override
        public Instant instant() {
            return now;
        }

        void set(Instant instant) {
            now = instant;
        }

        void advance(Duration duration) {
            now = now.plus(duration);
        }
    }
}
