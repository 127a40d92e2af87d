package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Address;
import dev.moitessier.store.Content;
import dev.moitessier.store.Entry;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.Registration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** N1, N2 and E6: names, listings, and what is too large. */
interface NameRules {
    /** Names that have broken stores, each different from every other only where a careless store does not look. */
    List<String> AWKWARD = List.of(
            "x",
            "X",
            "x ",
            " x",
            "x  ",
            "x\t",
            "x\n",
            "\u00a0x",
            "x\u200b",
            "a/b",
            "a//b",
            "/a/b",
            "a/b/",
            "a%2Fb",
            "a\\b",
            "a.b",
            "a..b",
            "../a",
            ".",
            "..",
            "a:b",
            "a|b",
            "a,b",
            "a;b",
            "{a}",
            "{a}b",
            "a*",
            "a?",
            "[a]",
            "a_b",
            "a%b",
            "a%",
            "%",
            "_",
            "__x__",
            "__key__",
            "'",
            "''",
            "\"",
            "`",
            "a'b",
            "a\"b",
            "'; drop table x; --",
            "$1",
            "$$",
            "\\",
            "\\x00",
            "\\0",
            "null",
            "NULL",
            "true",
            "0",
            "00",
            "-1",
            "1e3",
            "\u00e9",
            "e\u0301",
            "\u00c9",
            "\u00df",
            "ss",
            "\u0130",
            "i",
            "I",
            "\u0131",
            "\ufb01",
            "fi",
            "\u212b",
            "\u00c5",
            "\uff21",
            "A",
            "\u03c3",
            "\u03c2",
            "\u03a3",
            "\ud83d\ude00",
            "\ud83d\ude00\ud83d\ude01",
            "\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67",
            "\ufffd",
            "\uffff",
            "\u0001",
            "\u007f",
            "\u0085x",
            "\u2028x",
            "\u202e x",
            "\ufeffx",
            "\u65e5\u672c\u8a9e",
            "\u05e2\u05d1\u05e8\u05d9\u05ea",
            "x".repeat(400),
            "x".repeat(399) + "y",
            "\u65e5".repeat(133) + "x",
            "\ud83d\ude00".repeat(100),
            "%".repeat(400),
            "/".repeat(400));

    @Test
    default void N1_awkwardScopeNamesAreKeptByteForByte(Bench bench) {
        // All first, so that one name which swallows another is seen.
        List<String> versions = new ArrayList<>();
        for (String name : AWKWARD) {
            bench.store().register(bench.registration(Bench.shared(name), "s"));
        }
        for (int i = 0; i < AWKWARD.size(); i++) {
            bench.put(AWKWARD.get(i), "to " + i);
        }
        for (int i = 0; i < AWKWARD.size(); i++) {
            String name = AWKWARD.get(i);
            String shown = shown(name);
            assertThat(bench.heard(bench.other(), name, 0))
                    .as("what the scope %s heard", shown)
                    .containsExactly("to " + i);
            assertThat(bench.other().members(name, null).starts())
                    .as("mailboxes of the scope %s", shown)
                    .containsOnlyKeys(Bench.shared(name));
            assertThat(bench.store().subscribers(Bench.shared(name), null, 10).list())
                    .as("subscribers of the scope %s", shown)
                    .hasSize(1);
            assertThat(all(bench, name)).as("scopes with the prefix %s", shown).contains(name);
            versions.add(name);
        }
        assertThat(all(bench, "")).as("all scopes").containsAll(versions);
        for (String name : AWKWARD) {
            assertThat(all(bench, name))
                    .as("scopes with the prefix %s are just those that begin with it", shown(name))
                    .allMatch(each -> each.startsWith(name));
        }
    }

    @Test
    default void N1_awkwardPersonsAndClientsAreKeptByteForByte(Bench bench) {
        String scope = bench.heardScope();
        List<String> names = AWKWARD.stream()
                .filter(name -> name.getBytes(java.nio.charset.StandardCharsets.UTF_8).length <= 200 && !name.isBlank())
                .toList();
        Map<ListenerRef, Long> starts = new java.util.HashMap<>();
        for (String name : names) {
            for (Party party : List.of(new Party(name, ""), new Party("p", name))) {
                ListenerRef listener = new ListenerRef(scope, ListenerType.PRIVATE, party);
                starts.put(
                        listener,
                        bench.store()
                                .register(bench.registration(listener, "s"))
                                .start());
            }
        }
        starts.put(
                Bench.shared(scope),
                bench.store()
                        .members(scope, Set.of(Bench.shared(scope)))
                        .starts()
                        .get(Bench.shared(scope)));
        assertThat(bench.other().members(scope, null).starts().equals(starts))
                .as("mailboxes of %d awkward owners, each its own", starts.size())
                .isTrue();
        for (String name : names) {
            bench.put(
                    bench.store(),
                    bench.append(
                            scope,
                            new Content(
                                    new Party(name, name),
                                    new Address(name, name),
                                    Bench.payload("m"),
                                    true,
                                    Map.of(new Party(name, name), Bench.payload("t")),
                                    Map.of("h", name, "x" + name, "v"))));
        }
        Set<ListenerRef> readers = new HashSet<>();
        names.forEach(name -> readers.add(new ListenerRef(scope, ListenerType.HANDLER, new Party(name, name))));
        names.forEach(name -> readers.add(new ListenerRef(scope, ListenerType.PRIVATE, new Party(name, name))));
        List<Entry> entries = bench.readAll(bench.other(), scope, 0, readers);
        assertThat(entries).hasSameSizeAs(names);
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            Content content = entries.get(i).content();
            assertThat(content.sender()).as("sender %s", shown(name)).isEqualTo(new Party(name, name));
            assertThat(content.to()).as("address %s", shown(name)).isEqualTo(new Address(name, name));
            assertThat(content.texts())
                    .as("owner of the text, %s", shown(name))
                    .containsOnlyKeys(new Party(name, name));
            assertThat(content.headers())
                    .as("headers with %s", shown(name))
                    .isEqualTo(Map.of("h", name, "x" + name, "v"));
        }
    }

    @Test
    default void N1_partsOfANameNeverRunTogether(Bench bench) {
        String base = bench.scope();
        List<ListenerRef> refs = List.of(
                ref(base + "/12", ListenerType.PRIVATE, "foo", ""),
                ref(base, ListenerType.PRIVATE, "12/foo", ""),
                ref(base, ListenerType.PRIVATE, "12", "foo"),
                ref(base, ListenerType.PRIVATE, "1", "2foo"),
                ref(base, ListenerType.HANDLER, "12", "foo"),
                ref(base, ListenerType.PRIVATE, "12foo", ""),
                ref(base, ListenerType.PRIVATE, "12:foo", ""),
                ref(base + ":12", ListenerType.PRIVATE, "foo", ""),
                ref(base, ListenerType.PRIVATE, "a|b", "c"),
                ref(base, ListenerType.PRIVATE, "a", "b|c"),
                ref(base, ListenerType.PRIVATE, "a\u0001b", "c"),
                ref(base, ListenerType.PRIVATE, "a", "b\u0001c"),
                ref(base, ListenerType.PRIVATE, "a,b", "c"),
                ref(base, ListenerType.PRIVATE, "a", "b,c"),
                ref(base, ListenerType.PRIVATE, "a b", "c"),
                ref(base, ListenerType.PRIVATE, "a", "b c"),
                ref(base, ListenerType.PRIVATE, "a%2Fb", ""),
                ref(base, ListenerType.PRIVATE, "a/b", ""));
        List<Registration> all = new ArrayList<>();
        for (ListenerRef ref : refs) {
            Registration registration = bench.registration(ref, "s");
            assertThat(bench.store().register(registration).created())
                    .as("%s has a mailbox of its own", ref)
                    .isTrue();
            all.add(registration);
        }
        Registration gone = all.get(3);
        bench.store().unregister(gone.listener(), "s", gone.id());
        for (Registration registration : all) {
            assertThat(bench.subscribers(registration.listener()))
                    .as("subscribers of %s, after %s went", registration.listener(), gone.listener())
                    .hasSize(registration.equals(gone) ? 0 : 1);
        }
    }

    @Test
    default void N1_illegalNamesAreRefusedAndNothingIsWritten(Bench bench) {
        String scope = bench.heardScope();
        long head = bench.page(scope, 0).head();
        for (String bad : List.of("x".repeat(401), "\ud83d\ude00".repeat(100) + "x", "\u65e5".repeat(134))) {
            Bench.refused("register in a scope of more than 400 bytes", "400", () -> bench.join(Bench.shared(bad)));
            bench.refusedAppend(
                    "append to a scope of more than 400 bytes", "400", () -> bench.append(bad, Bench.say("m")));
        }
        for (String blank : List.of("", " ", "\t\n", "\u2003")) {
            Bench.refused("register in a blank scope", "", () -> bench.join(Bench.shared(blank)));
            bench.refusedAppend("append to a blank scope", "", () -> bench.append(blank, Bench.say("m")));
        }
        for (String broken : List.of("\ud83d", "x\ude00", "\ude00\ud83d", "x\ud83dy")) {
            Bench.refused(
                    "register in a scope with an unpaired surrogate",
                    "surrogate",
                    () -> bench.join(Bench.shared(broken)));
            bench.refusedAppend(
                    "append to a scope with an unpaired surrogate",
                    "surrogate",
                    () -> bench.append(broken, Bench.say("m")));
            Bench.refused(
                    "a person with an unpaired surrogate",
                    "surrogate",
                    () -> bench.join(Bench.privateTo(scope, broken)));
            bench.refusedAppend(
                    "a sender with an unpaired surrogate",
                    "surrogate",
                    () -> bench.append(
                            scope,
                            new Content(new Party(broken, ""), null, Bench.payload("m"), true, Map.of(), Map.of())));
        }
        for (String nul : List.of("\u0000", "x\u0000", "x\u0000y")) {
            Bench.refused("register in a scope with NUL", "U+0000", () -> bench.join(Bench.shared(nul)));
            bench.refusedAppend("append to a scope with NUL", "U+0000", () -> bench.append(nul, Bench.say("m")));
            Bench.refused("a person with NUL", "U+0000", () -> bench.join(Bench.privateTo(scope, nul)));
            Bench.refused("a client with NUL", "U+0000", () -> bench.join(ref(scope, ListenerType.PRIVATE, "p", nul)));
            bench.refusedAppend(
                    "a header with NUL",
                    "U+0000",
                    () -> bench.append(
                            scope,
                            new Content(
                                    new Party("p", ""), null, Bench.payload("m"), true, Map.of(), Map.of("h", nul))));
            bench.refusedAppend(
                    "a header's name with NUL",
                    "U+0000",
                    () -> bench.append(
                            scope,
                            new Content(
                                    new Party("p", ""), null, Bench.payload("m"), true, Map.of(), Map.of(nul, "v"))));
        }
        Bench.refused("a person of 201 bytes", "200", () -> bench.join(Bench.privateTo(scope, "x".repeat(201))));
        Bench.refused("a person of no bytes", "1", () -> bench.join(Bench.privateTo(scope, "")));
        Bench.refused(
                "a client of 201 bytes",
                "200",
                () -> bench.join(ref(scope, ListenerType.HANDLER, "p", "\u65e5".repeat(67))));
        Bench.refused("a subscriber id of 65 bytes", "64", () -> bench.store()
                .register(bench.registration(Bench.shared(scope), "x".repeat(65))));
        Bench.refused("a subscriber id beyond ASCII", "ASCII", () -> bench.store()
                .register(bench.registration(Bench.shared(scope), "\u00e9")));
        assertThat(bench.store().members(scope, null).starts())
                .as("mailboxes, after refused registers")
                .containsOnlyKeys(Bench.shared(scope));
        assertThat(bench.page(scope, 0).head())
                .as("head, after refused appends")
                .isEqualTo(head);
    }

    @Test
    default void N1_subscriberIdsOf64BytesAreKept(Bench bench) {
        String scope = bench.scope();
        List<String> ids = List.of("~".repeat(64), "a", "A", "a".repeat(63) + "b", "a".repeat(64));
        for (String id : ids) {
            Registration registration = bench.registration(Bench.shared(scope), id);
            bench.store().register(registration);
            bench.store().acknowledge(List.of(new Acknowledgement(registration.listener(), id, registration.id(), 0)));
        }
        assertThat(bench.subscribers(Bench.shared(scope)))
                .extracting(s -> s.id())
                .containsExactlyInAnyOrderElementsOf(ids);
    }

    @Test
    default void N2_liveScopesAreListedPageByPage(Bench bench) {
        String prefix = bench.scope() + "/";
        Set<String> live = new HashSet<>();
        for (int i = 0; i < 12; i++) {
            String scope = prefix + (i % 2 == 0 ? "a" : "\ud83d\ude00") + i;
            Registration registration = bench.registration(Bench.shared(scope), "s");
            bench.store().register(registration);
            if (i % 4 == 3) {
                bench.store().unregister(Bench.shared(scope), "s", registration.id());
            } else {
                live.add(scope);
            }
        }
        List<String> listed = new ArrayList<>();
        String after = null;
        for (int pages = 0; ; pages++) {
            assertThat(pages).as("pages of 4 that list 9 scopes").isLessThan(10);
            List<String> page = bench.other().scopes(prefix, after, 4);
            assertThat(page.size()).as("scopes in a page of 4").isLessThanOrEqualTo(4);
            if (page.isEmpty()) {
                break;
            }
            listed.addAll(page);
            after = page.get(page.size() - 1);
        }
        assertThat(listed).as("live scopes, each once").containsExactlyInAnyOrderElementsOf(live);
    }

    @Test
    default void N2_aPrefixIsPlainText(Bench bench) {
        String base = bench.scope();
        List<String> names = List.of(
                base + "%a",
                base + "%b",
                base + "_a",
                base + "xa",
                base + "*a",
                base + "[a]",
                base + "\\a",
                base + "\ud83d\ude00",
                base + "\ud83d\ude01",
                base + "\uffee",
                base + "\u00e9",
                base + "e\u0301",
                base + "E");
        names.forEach(name -> bench.join(Bench.shared(name)));
        for (String tail : List.of(
                "%",
                "_",
                "*",
                "[",
                "\\",
                "\ud83d\ude00",
                "\ud83d\ude01",
                "\uffee",
                "\u00e9",
                "e",
                "E",
                "",
                "x",
                "nothing",
                "?")) {
            assertThat(all(bench, base + tail))
                    .as("scopes with the prefix …%s", shown(tail))
                    .containsExactlyInAnyOrderElementsOf(names.stream()
                            .filter(name -> name.startsWith(base + tail))
                            .toList());
        }
    }

    @Test
    default void N2_aListingSurvivesComingAndGoing(Bench bench) throws Exception {
        String prefix = bench.scope() + "/";
        Set<String> stable = new HashSet<>();
        for (int i = 0; i < 10; i++) {
            stable.add(prefix + "stable" + i);
            bench.join(Bench.shared(prefix + "stable" + i));
        }
        AtomicBoolean churning = new AtomicBoolean(true);
        AtomicInteger gone = new AtomicInteger();
        Callable<Integer> churn = () -> {
            int rounds = 0;
            while (bench.going(churning)) {
                Registration registration = bench.registration(
                        Bench.shared(prefix + "s" + rounds % 10 + "coming"),
                        UUID.randomUUID().toString());
                bench.other().register(registration);
                bench.other().unregister(registration.listener(), registration.subscriber(), registration.id());
                rounds = gone.incrementAndGet();
            }
            return rounds;
        };
        bench.session();
        Future<Integer> churner = bench.background(churn);
        bench.soon().until("scopes come and go", () -> gone.get() > 0 || churner.isDone());
        for (int i = 0; i < 10; i++) {
            List<String> listed = new ArrayList<>(pages(bench, prefix, 3));
            listed.removeIf(name -> !stable.contains(name));
            assertThat(listed)
                    .as("scopes that lived throughout the listing, each once")
                    .containsExactlyInAnyOrderElementsOf(stable);
        }
        churning.set(false);
        assertThat(bench.done(churner))
                .as("scopes that came and went meanwhile")
                .isPositive();
    }

    @Test
    default void E6_limitsOfARegistrationAreCheckedFirst(Bench bench) {
        String scope = bench.scope();
        int limit = bench.can().maxMetadata();
        Registration r = bench.registration(Bench.shared(scope), "s");
        Bench.refused("metadata one byte beyond maxMetadata", String.valueOf(limit), () -> bench.store()
                .register(
                        new Registration(r.id(), r.listener(), "s", r.session(), null, Bench.bytes(limit + 1), null)));
        Bench.refused("a farewell beyond maxBody", String.valueOf(bench.can().maxBody()), () -> bench.store()
                .register(Bench.withFarewell(
                        r, Bench.say(Payload.wrap(new byte[bench.can().maxBody() + 1])))));
        assertThat(bench.store().members(scope, null).starts())
                .as("mailboxes, after refused registers")
                .isEmpty();
        assertThat(bench.store().scopes(scope, null, 10))
                .as("scopes, after refused registers")
                .isEmpty();
    }

    private static ListenerRef ref(String scope, ListenerType type, String person, String client) {
        return new ListenerRef(scope, type, new Party(person, client));
    }

    private static Collection<String> all(Bench bench, String prefix) {
        return pages(bench, prefix, 1_000);
    }

    private static List<String> pages(Bench bench, String prefix, int size) {
        List<String> listed = new ArrayList<>();
        List<String> page = bench.store().scopes(prefix, null, size);
        while (!page.isEmpty()) {
            assertThat(listed)
                    .as("scopes listed so far (prefix %s); a page brings new ones", shown(prefix))
                    .doesNotContainAnyElementsOf(page);
            listed.addAll(page);
            page = bench.store().scopes(prefix, page.get(page.size() - 1), size);
        }
        return listed;
    }

    private static String shown(String name) {
        StringBuilder shown = new StringBuilder("\"");
        name.codePoints()
                .limit(24)
                .forEach(c -> shown.append(c > ' ' && c < 0x7f ? Character.toString(c) : String.format("<U+%04X>", c)));
        return shown.append(name.codePointCount(0, name.length()) > 24 ? "…\"" : "\"")
                .toString();
    }
}
