package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Acknowledgement;
import dev.moitessier.store.Address;
import dev.moitessier.store.Beat;
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
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** C1 to C5 and R1 to R4: cursors, and what a read answers. */
interface ReadRules {
    @Test
    default void C1_anyLongIsALegalCursor(Bench bench) {
        String scope = bench.heardScope();
        long head = bench.put(scope, "m");
        for (long cursor : new long[] {head + 1, Long.MAX_VALUE - 1, Long.MAX_VALUE}) {
            Page page = bench.page(scope, cursor);
            assertThat(page.reset())
                    .as("reset, after cursor %d with head %d", cursor, head)
                    .isTrue();
            assertThat(page.head()).isEqualTo(head);
        }
        for (long cursor : new long[] {-1, Long.MIN_VALUE + 1, Long.MIN_VALUE}) {
            Page page = bench.page(scope, cursor);
            assertThat(page.reset()).as("reset, after cursor %d", cursor).isFalse();
            assertThat(page.entries()).as("entries after cursor %d", cursor).hasSize(1);
        }
        assertThat(bench.page(scope, head).reset()).as("reset, at the head").isFalse();
    }

    @Test
    default void C2_lossIsTold(Bench bench) throws Exception {
        String scope = bench.scope();
        long start = bench.join(Bench.shared(scope)).start();
        List<Long> positions = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            positions.add(bench.put(scope, "m" + i));
        }
        assertThat(bench.page(scope, start).lossy())
                .as("lossy, before any sweep")
                .isFalse();
        Page page = bench.trimTo(scope, 5);
        assertThat(page.lossy())
                .as("lossy, from the beginning of a trimmed scope")
                .isTrue();
        assertThat(bench.page(scope, page.trimmed() - 1).lossy())
                .as("lossy, one below trimmed")
                .isTrue();
        assertThat(bench.page(scope, page.trimmed()).lossy())
                .as("lossy, at trimmed")
                .isFalse();
        assertThat(bench.readAll(scope, 0))
                .as("entries left, all above trimmed %d", page.trimmed())
                .extracting(Entry::position)
                .containsExactlyElementsOf(positions.stream()
                        .filter(p -> p > bench.page(scope, 0).trimmed())
                        .toList());
    }

    @Test
    default void C2_pagesAreSnapshotsWhileOthersTrim(Bench bench) throws Exception {
        String scope = bench.heardScope();
        List<Long> positions = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            positions.add(bench.put(scope, "m" + i));
        }
        AtomicBoolean trimming = new AtomicBoolean(true);
        CountDownLatch reading = new CountDownLatch(1);
        Future<Integer> reader = bench.background(() -> {
            int pages = 0;
            while (bench.going(trimming)) {
                Page page =
                        bench.page(bench.other(), new ReadRequest(scope, 0, 1_000, false, Set.of(Bench.shared(scope))));
                assertThat(page.entries())
                        .as("C2, S2: a page that says trimmed %d has all the entries above", page.trimmed())
                        .extracting(Entry::position)
                        .containsExactlyElementsOf(positions.stream()
                                .filter(p -> p > page.trimmed() && p <= page.next())
                                .toList());
                pages++;
                reading.countDown();
            }
            return pages;
        });
        assertThat(reading.await(bench.wiring().patience().toMillis(), TimeUnit.MILLISECONDS) || reader.isDone())
                .as("a first page is read")
                .isTrue();
        for (int keep = 55; keep >= 0; keep -= 5) {
            bench.trim(bench.store(), Bench.countOf(scope, keep));
        }
        bench.trimTo(scope, 0);
        trimming.set(false);
        assertThat(bench.done(reader)).as("pages read while others trimmed").isPositive();
    }

    @Test
    default void C3_readingAgainGivesTheSame(Bench bench) {
        String scope = bench.heardScope();
        for (int i = 0; i < 5; i++) {
            bench.put(scope, "m" + i);
        }
        List<Entry> first = bench.readAll(bench.store(), scope, 0, Set.of(Bench.shared(scope)));
        assertThat(first).hasSize(5);
        assertThat(bench.readAll(bench.store(), scope, 0, Set.of(Bench.shared(scope))))
                .as("the same instance, again")
                .isEqualTo(first);
        assertThat(bench.readAll(bench.other(), scope, 0, Set.of(Bench.shared(scope))))
                .as("another instance")
                .isEqualTo(first);
        assertThat(bench.readAll(bench.other(), scope, first.get(1).position(), Set.of(Bench.shared(scope))))
                .as("from within")
                .isEqualTo(first.subList(2, 5));
    }

    @Test
    default void C4_aPositionForAnInstantIsBelowWhatCameAfterIt(Bench bench) {
        String scope = bench.heardScope();
        List<Instant> between = new ArrayList<>();
        List<Long> positions = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Beat beat = bench.store().heartbeat(bench.session(), Bench.LONG);
            between.add(beat.at());
            positions.add(bench.put(scope, "m" + i));
            bench.pass(Duration.ofMillis(3));
        }
        long head = positions.get(3);
        for (int i = 0; i < 4; i++) {
            assertThat(bench.store().position(scope, between.get(i)))
                    .as("position for the store's time just before append %d", i)
                    .isLessThan(positions.get(i));
        }
        for (Entry entry : bench.readAll(scope, 0)) {
            assertThat(bench.other().position(scope, entry.at()))
                    .as("position for the instant of the entry at %d", entry.position())
                    .isLessThan(entry.position());
        }
        for (Instant any : List.of(
                Instant.MIN,
                Instant.EPOCH,
                Instant.MAX,
                Instant.EPOCH.minusNanos(1),
                Instant.ofEpochSecond(Long.MAX_VALUE / 1_000_000))) {
            assertThat(bench.store().position(scope, any))
                    .as("position for %s", any)
                    .isBetween(0L, head);
        }
        assertThat(bench.store().position(scope, Instant.MIN))
                .as("position for the beginning of time")
                .isLessThan(positions.get(0));
        assertThat(bench.store().position(bench.scope(), Instant.now()))
                .as("position in an unknown scope")
                .isZero();
    }

    @Test
    default void C4_aClientWithAWrongClockIsNotPastTheHead(Bench bench) throws Exception {
        for (Duration off : List.of(Duration.ofHours(1), Duration.ofHours(-1))) {
            MailboxStore skewed = bench.closing(bench.wired(bench.wiring().openSkewed(off), "openSkewed(Duration)"));
            String scope = bench.heardScope();
            bench.put(scope, "right clock");
            long position = bench.put(skewed, bench.append(scope, Bench.say("wrong clock")))
                    .position();
            assertThat(skewed.position(scope, Instant.now().plus(off)))
                    .as("position for the now of a clock off by %s", off)
                    .isBetween(0L, position);
            assertThat(bench.put(scope, "right clock again"))
                    .as("position after an append of a clock off by %s", off)
                    .isGreaterThan(position);
            for (Entry entry : bench.readAll(scope, 0)) {
                assertThat(bench.store().position(scope, entry.at()))
                        .as("position for the instant of an entry, clock off by %s", off)
                        .isLessThan(entry.position());
            }
            if (bench.can().storeClock()) {
                List<Entry> entries = bench.readAll(scope, 0);
                assertThat(Duration.between(entries.get(0).at(), entries.get(1).at())
                                .abs())
                        .as("distance of the instants of two appends made one after the other, by the store's clock")
                        .isLessThan(Duration.ofMinutes(30));
            }
        }
    }

    @Test
    default void C5_acknowledgedOnlyRisesAndNeverPassesTheHead(Bench bench) {
        String scope = bench.scope();
        Registration r = bench.registration(Bench.shared(scope), "s");
        assertThat(bench.store().register(r).acknowledged())
                .as("acknowledged of a new subscriber")
                .isEmpty();
        long one = bench.put(scope, "1");
        long two = bench.put(scope, "2");
        bench.acknowledge(r, two);
        assertThat(bench.acknowledged(r.listener(), "s")).hasValue(two);
        bench.acknowledge(r, one);
        assertThat(bench.acknowledged(r.listener(), "s"))
                .as("after an older acknowledgement")
                .hasValue(two);
        bench.acknowledge(r, Long.MAX_VALUE);
        assertThat(bench.acknowledged(r.listener(), "s"))
                .as("after an acknowledgement past the head")
                .hasValue(two);
        long three = bench.put(scope, "3");
        bench.acknowledge(r, three);
        assertThat(bench.acknowledged(r.listener(), "s")).hasValue(three);
    }

    @Test
    default void C5_onlyTheOwnerAcknowledges(Bench bench) {
        String scope = bench.scope();
        Registration old = bench.registration(Bench.shared(scope), "s");
        bench.store().register(old);
        long one = bench.put(scope, "1");
        bench.acknowledge(old, one);
        Registration owner = bench.registration(Bench.shared(scope), "s");
        assertThat(bench.store().register(owner).acknowledged())
                .as("acknowledged, at the takeover")
                .hasValue(one);
        long two = bench.put(scope, "2");
        bench.store()
                .acknowledge(List.of(
                        new Acknowledgement(old.listener(), "s", old.id(), two),
                        new Acknowledgement(old.listener(), "nobody", owner.id(), two),
                        new Acknowledgement(Bench.privateTo(scope, "nobody"), "s", owner.id(), two),
                        new Acknowledgement(Bench.shared(bench.scope()), "s", owner.id(), two)));
        assertThat(bench.acknowledged(owner.listener(), "s"))
                .as("after acknowledgements of others")
                .hasValue(one);
        bench.acknowledge(owner, two);
        assertThat(bench.acknowledged(owner.listener(), "s"))
                .as("after the owner's")
                .hasValue(two);
    }

    @Test
    default void C5_oneCallAcknowledgesForMany(Bench bench) {
        List<Acknowledgement> all = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            String scope = bench.scope();
            List<Registration> owners = new ArrayList<>();
            for (int s = 0; s < 5; s++) {
                Registration owner = bench.registration(Bench.shared(scope), "s" + s);
                bench.store().register(owner);
                owners.add(owner);
            }
            long position = bench.put(scope, "m");
            for (Registration owner : owners) {
                all.add(new Acknowledgement(owner.listener(), owner.subscriber(), owner.id(), position));
            }
        }
        bench.store().acknowledge(all);
        bench.store().acknowledge(List.of());
        for (Acknowledgement each : all) {
            assertThat(bench.acknowledged(each.listener(), each.subscriber())).hasValue(each.position());
        }
    }

    @Test
    default void C5_registerReturnsWhereADurableSubscriberLeftOff(Bench bench) {
        String scope = bench.scope();
        Registration first = bench.registration(Bench.shared(scope), "phone");
        first = new Registration(
                first.id(), first.listener(), "phone", first.session(), Duration.ofHours(1), first.metadata(), null);
        long start = bench.store().register(first).start();
        long one = bench.put(scope, "1");
        bench.put(scope, "2");
        bench.acknowledge(first, one);
        Registered again = bench.other()
                .register(Bench.registration(Bench.shared(scope), "phone", bench.session(), Duration.ofHours(1)));
        assertThat(again.acknowledged()).as("where it left off").hasValue(one);
        assertThat(again.start()).as("start, unchanged by a takeover").isEqualTo(start);
        assertThat(again.created()).isFalse();
        assertThat(bench.heard(scope, again.acknowledged().getAsLong())).containsExactly("2");
    }

    @Test
    default void C5_anAcknowledgementPinsNothing(Bench bench) throws Exception {
        String scope = bench.scope();
        Registration r = bench.registration(Bench.shared(scope), "s");
        bench.store().register(r);
        long one = bench.put(scope, "1");
        bench.acknowledge(r, one);
        for (int i = 0; i < 20; i++) {
            bench.put(scope, "m" + i);
        }
        bench.soon()
                .until(
                        "entries above an acknowledged position are trimmed as well",
                        () -> bench.trimTo(scope, 0).trimmed() > one);
        assertThat(bench.page(scope, one).lossy())
                .as("lossy, for who goes on from there")
                .isTrue();
    }

    @Test
    default void R1_aThousandRequestsInOneCall(Bench bench) {
        List<String> scopes = new ArrayList<>();
        Map<String, Long> heads = new HashMap<>();
        for (int i = 0; i < 20; i++) {
            String scope = bench.heardScope();
            scopes.add(scope);
            heads.put(scope, bench.put(scope, "only"));
        }
        List<ReadRequest> requests = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            String scope = i % 10 == 9 ? bench.scope() : scopes.get(i % 20);
            requests.add(new ReadRequest(
                    scope, i % 3 == 0 ? 0 : heads.getOrDefault(scope, 0L), 10, false, Set.of(Bench.shared(scope))));
        }
        List<Page> pages = bench.pages(bench.store(), requests, Bench.PLENTY);
        for (int i = 0; i < 1_000; i++) {
            ReadRequest request = requests.get(i);
            int expected = heads.containsKey(request.scope()) && request.after() == 0 ? 1 : 0;
            assertThat(pages.get(i).entries())
                    .as("entries for request %d: %s", i, request)
                    .hasSize(expected);
            assertThat(pages.get(i).head())
                    .as("head for request %d", i)
                    .isEqualTo(heads.getOrDefault(request.scope(), 0L));
        }
        assertThat(bench.store().read(List.of(), Bench.PLENTY))
                .as("pages for no request")
                .isEmpty();
    }

    @Test
    default void R2_eachReaderGetsAllThatIsHis(Bench bench) {
        String scope = bench.heardScope();
        List<Content> contents = new ArrayList<>();
        Party sender = new Party("sender", "");
        for (Address to : Arrays.asList(
                null,
                new Address("ada", null),
                new Address("ada", "phone"),
                new Address("ada", ""),
                new Address("bob", null))) {
            for (boolean body : new boolean[] {true, false}) {
                for (boolean toHandlers : new boolean[] {true, false}) {
                    for (List<String> owners : List.of(List.<String>of(), List.of("ada"), List.of("ada", "bob"))) {
                        Map<Party, Payload> texts = owners.stream()
                                .collect(Collectors.toMap(o -> new Party(o, ""), o -> Bench.payload("text for " + o)));
                        if (body || !texts.isEmpty()) {
                            contents.add(new Content(
                                    sender, to, body ? Bench.payload("body") : null, toHandlers, texts, Map.of()));
                        }
                    }
                }
            }
        }
        List<Long> positions = new ArrayList<>();
        contents.forEach(content -> positions.add(
                bench.put(bench.store(), bench.append(scope, content)).position()));
        List<ListenerRef> all = List.of(
                Bench.shared(scope),
                Bench.privateTo(scope, "ada"),
                Bench.handler(scope, "ada"),
                Bench.handler(scope, "bob"),
                new ListenerRef(scope, ListenerType.PRIVATE, new Party("ada", "phone")),
                Bench.privateTo(scope, "carol"),
                Bench.handler(scope, "carol"));
        List<Set<ListenerRef>> askers =
                new ArrayList<>(all.stream().map(Set::of).toList());
        askers.add(Set.copyOf(all));
        askers.add(Set.of(Bench.privateTo(scope, "ada"), Bench.handler(scope, "bob")));
        for (Set<ListenerRef> readers : askers) {
            Map<Long, Entry> got = bench.readAll(bench.other(), scope, 0, readers).stream()
                    .collect(Collectors.toMap(Entry::position, entry -> entry));
            for (int i = 0; i < contents.size(); i++) {
                Content content = contents.get(i);
                List<ListenerRef> entitled = readers.stream()
                        .filter(reader -> Pages.admits(reader, content))
                        .toList();
                if (entitled.isEmpty()) {
                    continue;
                }
                assertThat(got)
                        .as("content %d (%s) for %s", i, content, entitled)
                        .containsKey(positions.get(i));
                Content stored =
                        Objects.requireNonNull(got.get(positions.get(i))).content();
                for (ListenerRef reader : entitled) {
                    if (reader.type() == ListenerType.HANDLER) {
                        assertThat(stored.texts().get(reader.owner()))
                                .as("text of %s in content %d", reader, i)
                                .isEqualTo(content.texts().get(reader.owner()));
                    }
                }
                assertThat(stored.to()).isEqualTo(content.to());
                assertThat(stored.bodyToHandlers()).isEqualTo(content.bodyToHandlers());
            }
        }
    }

    @Test
    default void R2_aTextReachesItsOwnerAlone(Bench bench) {
        String scope = bench.heardScope();
        Map<Party, Payload> texts = Map.of(
                new Party("ada", ""),
                Bench.payload("ada's"),
                new Party("bob", ""),
                Bench.payload("bob's"),
                new Party("ada", "phone"),
                Bench.payload("phone's"));
        bench.put(bench.store(), bench.append(scope, Bench.texts(Bench.payload("body"), texts)));
        // Pages.check, inside, refuses texts of owners that were not asked for.
        assertThat(bench.readAll(bench.store(), scope, 0, Set.of(Bench.handler(scope, "ada"))))
                .singleElement()
                .satisfies(entry -> assertThat(entry.content().texts()).containsOnlyKeys(new Party("ada", "")));
        assertThat(bench.readAll(bench.store(), scope, 0, Set.of(Bench.shared(scope))))
                .singleElement()
                .satisfies(entry -> assertThat(entry.content().texts())
                        .as("texts for a shared reader")
                        .isEmpty());
    }

    @Test
    default void R3_pagesStopAtMaxBytesAndReadingGoesOn(Bench bench) {
        List<String> scopes = List.of(bench.heardScope(), bench.heardScope(), bench.heardScope());
        for (String scope : scopes) {
            for (int i = 0; i < 5; i++) {
                bench.put(bench.store(), bench.append(scope, Bench.say(Bench.bytes(1_000))));
            }
        }
        for (int maxBytes : new int[] {1, 2_500, 7_000}) {
            Map<String, Long> cursors = new HashMap<>();
            Map<String, Integer> got = new HashMap<>();
            for (int calls = 0; got.values().stream().mapToInt(i -> i).sum() < 15; calls++) {
                assertThat(calls)
                        .as("calls with maxBytes %d that lead through 15 entries", maxBytes)
                        .isLessThan(20);
                List<ReadRequest> requests = scopes.stream()
                        .map(scope -> new ReadRequest(
                                scope, cursors.getOrDefault(scope, 0L), 100, false, Set.of(Bench.shared(scope))))
                        .toList();
                List<Page> pages = bench.pages(bench.store(), requests, maxBytes);
                int entries =
                        pages.stream().mapToInt(page -> page.entries().size()).sum();
                long bytes = pages.stream()
                        .flatMap(page -> page.entries().stream())
                        .mapToLong(entry -> entry.content().body() == null
                                ? 0
                                : entry.content().body().size())
                        .sum();
                assertThat(entries)
                        .as("entries of a call with maxBytes %d", maxBytes)
                        .isPositive();
                assertThat(bytes <= maxBytes || entries == 1)
                        .as("%d entries with %d bytes of body, maxBytes %d", entries, bytes, maxBytes)
                        .isTrue();
                for (Page page : pages) {
                    cursors.put(page.scope(), page.next());
                    got.merge(page.scope(), page.entries().size(), Integer::sum);
                }
            }
            assertThat(got.values())
                    .as("entries per scope, none lost between pages of %d bytes", maxBytes)
                    .containsOnly(5);
        }
    }

    @Test
    default void R4_anUnknownScopeIsAnswered(Bench bench) {
        String scope = bench.scope();
        Page fresh = bench.page(scope, 0);
        assertThat(fresh.head()).as("head").isZero();
        assertThat(fresh.membersVersion()).as("version").isZero();
        assertThat(fresh.reset()).as("reset, from 0").isFalse();
        assertThat(fresh.lossy()).as("lossy, from 0").isFalse();
        Page remembered = bench.page(scope, 4_711);
        assertThat(remembered.reset())
                .as("reset, from a cursor of a store that forgot")
                .isTrue();
        assertThat(remembered.head()).isZero();
    }
}
