package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Address;
import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Content;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.Members;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.Registration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** A1 to A4: what an append writes, and for whom. */
interface AppendRules {
    @Test
    default void A1_limitsAreNotBelowTheFloors(Bench bench) {
        assertThat(bench.can().maxBody()).as("maxBody, bytes").isGreaterThanOrEqualTo(256 << 10);
        assertThat(bench.can().maxTexts()).as("maxTexts").isGreaterThanOrEqualTo(1_000);
        assertThat(bench.can().maxAppend()).as("maxAppend, bytes").isGreaterThanOrEqualTo(4 << 20);
        assertThat(bench.can().maxBatch()).as("maxBatch, elements").isGreaterThanOrEqualTo(64);
    }

    @Test
    default void A1_theLargestBodyIsStored(Bench bench) {
        String scope = bench.heardScope();
        Payload body = Bench.bytes(Math.min(bench.can().maxBody(), 2 << 20));
        bench.put(bench.store(), bench.append(scope, Bench.say(body)));
        assertThat(bench.readAll(bench.other(), scope, 0, Set.of(Bench.shared(scope))))
                .singleElement()
                .satisfies(entry -> assertThat(Objects.equals(entry.content().body(), body))
                        .as("the body of %d bytes came back unchanged", body.size())
                        .isTrue());
    }

    @Test
    default void A1_aThousandTextsAreStoredInOneEntry(Bench bench) {
        String scope = bench.heardScope();
        bench.join(Bench.handler(scope, "p7"));
        Map<Party, Payload> texts = new HashMap<>();
        Set<ListenerRef> readers = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            texts.put(new Party("p" + i, ""), Bench.payload("text " + i));
            if (i % 100 == 7) {
                readers.add(Bench.handler(scope, "p" + i));
            }
        }
        bench.put(bench.store(), bench.append(scope, Bench.texts(Bench.payload("body"), texts)));
        assertThat(bench.readAll(bench.other(), scope, 0, readers))
                .singleElement()
                .satisfies(entry -> {
                    for (ListenerRef reader : readers) {
                        assertThat(entry.content().texts().get(reader.owner()))
                                .as("text of %s", reader.owner())
                                .isEqualTo(texts.get(reader.owner()));
                    }
                });
    }

    @Test
    default void A1_fourMebibytesAreStoredInOneEntry(Bench bench) {
        String scope = bench.heardScope();
        // Not quite: names and headers may count.
        int each = 64 << 10;
        int count = (4 << 20) / each - 1;
        Map<Party, Payload> texts = new HashMap<>();
        Set<ListenerRef> readers = new HashSet<>();
        for (int i = 0; i < count; i++) {
            texts.put(new Party("p" + i, ""), Bench.bytes(each));
            readers.add(Bench.handler(scope, "p" + i));
        }
        bench.put(bench.store(), bench.append(scope, Bench.texts(null, texts)));
        assertThat(bench.readAll(bench.store(), scope, 0, readers))
                .singleElement()
                .satisfies(entry -> assertThat(entry.content().texts().equals(texts))
                        .as("%d texts of %d bytes came back unchanged", count, each)
                        .isTrue());
    }

    @Test
    default void A1_nobodySeesHalfADispatch(Bench bench) throws Exception {
        String scope = bench.heardScope();
        Map<Party, Payload> texts = new HashMap<>();
        Set<ListenerRef> readers = new HashSet<>(Set.of(Bench.shared(scope)));
        for (int i = 0; i < 20; i++) {
            texts.put(new Party("p" + i, ""), Bench.bytes(500));
            readers.add(Bench.handler(scope, "p" + i));
        }
        AtomicBoolean writing = new AtomicBoolean(true);
        Future<Integer> reader = bench.background(() -> {
            int seen = 0;
            long cursor = 0;
            while (!Thread.currentThread().isInterrupted()) {
                boolean last = !writing.get();
                List<Entry> entries = bench.readAll(bench.other(), scope, cursor, readers);
                for (Entry entry : entries) {
                    assertThat(entry.content().texts().keySet())
                            .as("texts of an entry read while others write")
                            .isEqualTo(texts.keySet());
                    assertThat(entry.content().body())
                            .as("body of an entry read while others write")
                            .isNotNull();
                    cursor = entry.position();
                    seen++;
                }
                if (last && entries.isEmpty()) {
                    return seen;
                }
                bench.rest();
            }
            throw new AssertionError("a reader never came to the head");
        });
        for (int i = 0; i < 20; i++) {
            bench.put(bench.store(), bench.append(scope, Bench.texts(Bench.bytes(500), texts)));
        }
        writing.set(false);
        assertThat(bench.done(reader)).as("entries seen").isEqualTo(20);
    }

    @Test
    default void A1_whatIsTooLargeIsRefusedWhole(Bench bench) {
        String scope = bench.heardScope();
        long before = bench.put(scope, "before");
        int maxBody = bench.can().maxBody();
        UUID id = UUID.randomUUID();
        if (maxBody < 128 << 20) {
            bench.refusedAppend(
                    "a body one byte beyond maxBody",
                    String.valueOf(maxBody),
                    () -> bench.append(id, scope, Bench.say(Payload.wrap(new byte[maxBody + 1]))));
        }
        if (bench.can().maxTexts() < 1_000_000) {
            Map<Party, Payload> texts = new HashMap<>();
            for (int i = 0; i <= bench.can().maxTexts(); i++) {
                texts.put(new Party("p" + i, ""), Bench.payload("x"));
            }
            bench.refusedAppend(
                    "one text beyond maxTexts",
                    String.valueOf(bench.can().maxTexts()),
                    () -> bench.append(id, scope, Bench.texts(null, texts)));
        }
        if (bench.can().maxAppend() < 128 << 20) {
            Map<Party, Payload> texts = new HashMap<>();
            Payload text = Payload.wrap(new byte[Math.min(maxBody, 256 << 10)]);
            for (long size = 0; size <= bench.can().maxAppend(); size += text.size()) {
                texts.put(new Party("p" + texts.size(), ""), text);
            }
            bench.refusedAppend(
                    "texts that together exceed maxAppend",
                    String.valueOf(bench.can().maxAppend()),
                    () -> bench.append(id, scope, Bench.texts(null, texts)));
        }
        assertThat(bench.page(scope, 0).head()).as("head after refused appends").isEqualTo(before);
        assertThat(bench.put(bench.store(), bench.append(id, scope, Bench.say("small")))
                        .duplicate())
                .as("a refused append must not be remembered")
                .isFalse();
    }

    @Test
    default void A2_recipientsFollowFromMembers(Bench bench) {
        String scope = bench.scope();
        bench.join(Bench.shared(scope));
        bench.join(Bench.privateTo(scope, "ada"));
        Appended.Stored stored = bench.put(bench.store(), bench.append(scope, Bench.say("hello")));
        bench.join(Bench.privateTo(scope, "late"));

        Members members = bench.other().members(scope, null);
        assertThat(members.version())
                .as("version of members read later")
                .isGreaterThanOrEqualTo(stored.membersVersion());
        Set<ListenerRef> recipients = new HashSet<>();
        members.starts().forEach((listener, start) -> {
            if (start < stored.position()) {
                recipients.add(listener);
            }
        });
        assertThat(recipients)
                .as("mailboxes with start < position")
                .containsExactlyInAnyOrder(Bench.shared(scope), Bench.privateTo(scope, "ada"));
        assertThat(members.head()).as("head in members").isEqualTo(stored.position());
    }

    @Test
    default void A3_whatCoreNeedsComesBackUnchanged(Bench bench) {
        String scope = bench.scope();
        bench.join(Bench.shared(scope));
        Party ada = new Party("ada", "phone");
        Set<ListenerRef> readers = Set.of(
                Bench.shared(scope),
                new ListenerRef(scope, dev.moitessier.store.ListenerType.HANDLER, ada),
                new ListenerRef(scope, dev.moitessier.store.ListenerType.PRIVATE, ada),
                new ListenerRef(scope, dev.moitessier.store.ListenerType.PRIVATE, new Party("ada", "")));
        Payload binary = Payload.wrap(new byte[] {0, 1, (byte) 0x80, (byte) 0xff, 0});
        Party sender = new Party("b\u00f6b \ud83d\ude00", "tab/7");
        List<Content> contents = List.of(
                new Content(sender, null, binary, true, Map.of(), Map.of()),
                new Content(
                        sender,
                        null,
                        binary,
                        false,
                        Map.of(),
                        Map.of("traceparent", "00-ab", "k\u00e4y \ud83d\ude00", "")),
                new Content(sender, null, Payload.wrap(new byte[0]), true, Map.of(), Map.of()),
                new Content(sender, null, null, false, Map.of(ada, Bench.payload("for ada's phone")), Map.of()),
                new Content(sender, null, binary, false, Map.of(ada, Payload.wrap(new byte[0])), Map.of()),
                new Content(sender, new Address("ada", null), binary, true, Map.of(), Map.of()),
                new Content(sender, new Address("ada", "phone"), binary, true, Map.of(), Map.of()),
                new Content(sender, new Address("ada", ""), binary, true, Map.of(), Map.of()));
        List<Append> appends = new ArrayList<>();
        for (Content content : contents) {
            Append append = bench.append(scope, content);
            bench.put(bench.store(), append);
            appends.add(append);
        }
        List<Entry> entries = bench.readAll(bench.other(), scope, 0, readers);
        assertThat(entries)
                .extracting(Entry::dispatch)
                .containsExactlyElementsOf(
                        appends.stream().map(Append::dispatch).toList());
        for (int i = 0; i < contents.size(); i++) {
            assertThat(entries.get(i).content()).as("content %d", i).isEqualTo(contents.get(i));
        }
    }

    @Test
    default void A4_withoutMailboxNothingIsWrittenOrRemembered(Bench bench) {
        String scope = bench.scope();
        UUID id = UUID.randomUUID();
        assertThat(bench.one(bench.store(), bench.append(id, scope, Bench.say("to nobody"))))
                .isEqualTo(new Appended.Unheard());
        assertThat(bench.page(scope, 0).head())
                .as("head of a scope that only an append named")
                .isZero();
        assertThat(bench.store().scopes(scope, null, 10)).as("listed scopes").doesNotContain(scope);
        assertThat(bench.store().members(scope, null).version())
                .as("members version of a scope that only an append named")
                .isZero();

        bench.join(Bench.shared(scope));
        assertThat(bench.put(bench.store(), bench.append(id, scope, Bench.say("now")))
                        .duplicate())
                .as("the id was not spent")
                .isFalse();
        assertThat(bench.heard(scope, 0)).containsExactly("now");
    }

    @Test
    default void A4_afterTheLastMailboxWentItIsUnheardAgain(Bench bench) {
        String scope = bench.scope();
        Registration registration = bench.registration(Bench.shared(scope), "s");
        bench.store().register(registration);
        long position = bench.put(scope, "heard");
        bench.store().unregister(Bench.shared(scope), "s", registration.id());
        assertThat(bench.one(bench.other(), bench.append(scope, Bench.say("unheard"))))
                .isEqualTo(new Appended.Unheard());
        assertThat(bench.page(scope, 0).head())
                .as("head after an unheard append")
                .isEqualTo(position);
    }

    @Test
    default void A4_aNamedRecipientNeedsNoMailbox(Bench bench) {
        String scope = bench.heardScope();
        Appended.Stored stored =
                bench.put(bench.store(), bench.append(scope, Bench.say(new Address("nobody", null), "for later")));
        assertThat(bench.page(scope, 0).head()).isEqualTo(stored.position());
    }
}
