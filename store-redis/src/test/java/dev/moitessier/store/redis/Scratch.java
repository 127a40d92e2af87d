package dev.moitessier.store.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Appender;
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
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;

/** Short forms of what tests do with a store. */
final class Scratch {
    private static final Party SENDER = new Party("sender", "");

    private Scratch() {}

    static ListenerRef shared(String scope) {
        return new ListenerRef(scope, ListenerType.SHARED, null);
    }

    /** A mailbox that stays, so that the scope hears. */
    static Registered hear(MailboxStore store, String scope) {
        return store.register(new Registration(
                UUID.randomUUID(), shared(scope), "durable", null, Duration.ofDays(1), Payload.empty(), null));
    }

    static Append say(String scope, String text) {
        return say(UUID.randomUUID(), scope, text);
    }

    static Append say(UUID dispatch, String scope, String text) {
        return new Append(
                dispatch,
                scope,
                new Content(SENDER, null, payload(text), true, Map.of(), Map.of()),
                OptionalLong.empty(),
                Duration.ofMinutes(10));
    }

    static Payload payload(String text) {
        return Payload.wrap(text.getBytes(StandardCharsets.UTF_8));
    }

    static Appended one(Appender appender, Append append) {
        return appender.append(List.of(append)).get(0);
    }

    static long stored(Appender appender, Append append) {
        Appended answer = one(appender, append);
        assertThat(answer).isInstanceOf(Appended.Stored.class);
        return ((Appended.Stored) answer).position();
    }

    static Page page(MailboxStore store, String scope, long after) {
        return store.read(List.of(new ReadRequest(scope, after, 10_000, false, Set.of(shared(scope)))), 16 << 20)
                .get(0);
    }

    static List<String> texts(MailboxStore store, String scope, long after) {
        return page(store, scope, after).entries().stream().map(Scratch::text).toList();
    }

    static String text(Entry entry) {
        Payload body = entry.content().body();
        return body == null ? "" : new String(body.toBytes(), StandardCharsets.UTF_8);
    }
}
