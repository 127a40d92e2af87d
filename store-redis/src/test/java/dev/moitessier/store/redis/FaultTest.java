package dev.moitessier.store.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.Content;
import dev.moitessier.store.HintSink;
import dev.moitessier.store.ListenerRef;
import dev.moitessier.store.ListenerType;
import dev.moitessier.store.Page;
import dev.moitessier.store.Party;
import dev.moitessier.store.Payload;
import dev.moitessier.store.ReadRequest;
import dev.moitessier.store.Registration;
import dev.moitessier.store.Retention;
import dev.moitessier.store.StoreException;
import dev.moitessier.store.SweepPolicy;
import dev.moitessier.store.Watch;
import dev.moitessier.testkit.Eventually;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.args.FlushMode;
import redis.clients.jedis.params.XAddParams;

/** What an operator, a restart or a failover does to a server while the store is at work. */
final class FaultTest {
    private static RedisServer server;
    private static RedisStore store;

    @BeforeAll
    static void open() throws Exception {
        server = RedisServer.embedded();
        store = RedisStore.builder(server.url(), null, null)
                .callLimit(Duration.ofSeconds(5))
                .open();
    }

    @AfterAll
    static void close() throws Exception {
        store.close();
        server.close();
    }

    /** All of the pool's idle connections are dead at once, and the call that meets one finds a good one within itself. */
    @Test
    void killedConnectionsAreNotNoticedByCallers() throws Exception {
        Scratch.hear(store, "killed");
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            for (int round = 0; round < 20; round++) {
                List<Callable<Appended>> callers = new ArrayList<>();
                for (int caller = 0; caller < 4; caller++) {
                    Append append = Scratch.say("killed", round + "-" + caller);
                    callers.add(() -> Scratch.one(store, append));
                }
                for (Future<Appended> each : threads.invokeAll(callers)) {
                    assertThat(each.get()).isInstanceOf(Appended.Stored.class);
                }
                killConnections();
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(Scratch.texts(store, "killed", 0)).hasSize(80).doesNotHaveDuplicates();
    }

    @Test
    void hintsComeBackAfterTheirConnectionWasKilled() {
        Scratch.hear(store, "hinted");
        try (RedisStore other = RedisStore.builder(server.url(), null, null).open()) {
            AtomicInteger hints = new AtomicInteger();
            AtomicInteger all = new AtomicInteger();
            Watch watch = other.watch(new HintSink() {
                @Override
                public void dirty(String scope) {
                    hints.incrementAndGet();
                }

                @Override
                public void allDirty() {
                    all.incrementAndGet();
                }
            });
            watch.add("hinted");
            Eventually.within(Duration.ofSeconds(5)).until("the watch is in effect", () -> hints.get() > 0);
            int before = all.get();
            killConnections();
            Eventually.within(Duration.ofSeconds(5)).until("everything is looked at again", () -> all.get() > before);
            Eventually.within(Duration.ofSeconds(5)).until("hints flow again", () -> {
                int count = hints.get();
                Scratch.stored(store, Scratch.say("hinted", "m"));
                Eventually.within(Duration.ofMillis(500)).until("a hint", () -> hints.get() > count);
                return true;
            });
        }
    }

    @Test
    void forgottenScriptsAreSentAgain() throws Exception {
        Scratch.hear(store, "scripts");
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Callable<Integer>> writers = new ArrayList<>();
            for (int w = 0; w < 3; w++) {
                int writer = w;
                writers.add(() -> {
                    for (int i = 0; i < 100; i++) {
                        List<Append> batch = List.of(
                                Scratch.say("scripts", writer + "-" + 2 * i),
                                Scratch.say("scripts", writer + "-" + (2 * i + 1)));
                        for (Appended answer : store.append(batch)) {
                            assertThat(answer).isInstanceOf(Appended.Stored.class);
                        }
                    }
                    return 0;
                });
            }
            writers.add(() -> {
                try (Jedis jedis = server.jedis()) {
                    for (int i = 0; i < 200; i++) {
                        jedis.scriptFlush(FlushMode.SYNC);
                    }
                }
                return 0;
            });
            for (Future<Integer> each : threads.invokeAll(writers)) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
        }
        List<String> texts = Scratch.texts(store, "scripts", 0);
        assertThat(texts).hasSize(600).doesNotHaveDuplicates();
        for (int w = 0; w < 3; w++) {
            String mine = w + "-";
            assertThat(texts.stream()
                            .filter(text -> text.startsWith(mine))
                            .map(text -> Integer.valueOf(text.substring(2))))
                    .as("order of writer %d", w)
                    .isSorted();
        }
    }

    @Test
    void aServerThatForgotEverythingIsAResetAndNotSilence() throws Exception {
        try (RedisServer own = RedisServer.embedded();
                RedisStore here = RedisStore.builder(own.url(), null, null).open()) {
            UUID session = UUID.randomUUID();
            here.open(session, Duration.ofMinutes(1));
            Scratch.hear(here, "flushed");
            long cursor = Scratch.stored(here, Scratch.say("flushed", "before"));
            try (Jedis jedis = own.jedis()) {
                jedis.flushAll();
            }
            Page unknown = Scratch.page(here, "flushed", cursor);
            assertThat(unknown.reset()).isTrue();
            assertThat(unknown.head()).isZero();
            assertThat(here.heartbeat(session, Duration.ofMinutes(1)).alive()).isFalse();
            assertThat(Scratch.one(here, Scratch.say("flushed", "unheard"))).isEqualTo(new Appended.Unheard());
            long start = Scratch.hear(here, "flushed").start();
            assertThat(Scratch.page(here, "flushed", cursor).reset()).isTrue();
            long after = Scratch.stored(here, Scratch.say("flushed", "after"));
            assertThat(after).as("no position of before is given again").isGreaterThan(cursor);
            assertThat(Scratch.texts(here, "flushed", start)).containsExactly("after");
        }
    }

    /** What a replica without the newest entries, and with a clock that lags, is like after it was promoted. */
    @Test
    void aHeadThatWentBackGivesNoPositionTwice() {
        Scratch.hear(store, "rewound");
        Keys keys = new Keys("moitessier");
        Scope scope = Scope.of("rewound");
        String tomorrow = System.currentTimeMillis() + Duration.ofDays(1).toMillis() + "-5";
        long lost = Positions.of(Keys.utf8(tomorrow));
        try (Jedis jedis = server.jedis()) {
            jedis.xadd(
                    keys.of(scope, "s:"),
                    XAddParams.xAddParams().id(tomorrow),
                    Map.of(
                            Keys.utf8("e"),
                            Contents.entry(
                                    UUID.randomUUID(),
                                    Scratch.say("rewound", "lost").content(),
                                    null)));
            jedis.hset(keys.of(scope, "m:"), Keys.utf8("h"), Keys.utf8(tomorrow));
            assertThat(Scratch.texts(store, "rewound", 0)).containsExactly("lost");
            jedis.hset(keys.of(scope, "m:"), Keys.utf8("h"), Keys.utf8("0-0"));
            jedis.del(keys.of(scope, "s:"));
        }
        Page page = Scratch.page(store, "rewound", lost);
        assertThat(page.reset())
                .as("a cursor past the head does not wait for ever")
                .isTrue();
        assertThat(page.head()).isZero();
        assertThat(Scratch.stored(store, Scratch.say("rewound", "next"))).isEqualTo(lost + 1);
        assertThat(Scratch.texts(store, "rewound", 0)).containsExactly("next");
    }

    @Test
    void aClockThatWasSetBackGivesNoPositionTwice() throws Exception {
        try (RedisServer own = RedisServer.embedded();
                RedisStore here = RedisStore.builder(own.url(), null, null).open()) {
            Scratch.hear(here, "clock");
            Keys keys = new Keys("moitessier");
            String tomorrow = System.currentTimeMillis() + Duration.ofDays(1).toMillis() + "-999998";
            try (Jedis jedis = own.jedis()) {
                jedis.xadd(
                        keys.of(Scope.of("clock"), "s:"),
                        XAddParams.xAddParams().id(tomorrow),
                        Map.of(Keys.utf8("e"), Keys.utf8("given before the clock was set back")));
                jedis.hset(keys.of(Scope.of("clock"), "m:"), Keys.utf8("h"), Keys.utf8(tomorrow));
            }
            long head = Positions.of(Keys.utf8(tomorrow));
            assertThat(Scratch.stored(here, Scratch.say("clock", "a"))).isEqualTo(head + 1);
            assertThat(Scratch.stored(here, Scratch.say("clock", "b"))).isEqualTo(head + 2);
            assertThat(Scratch.texts(here, "clock", head)).containsExactly("a", "b");
        }
    }

    /** A scope that was dropped while the clock was ahead. */
    @Test
    void aFloorAboveTheClockGivesNoPositionTwice() throws Exception {
        try (RedisServer own = RedisServer.embedded();
                RedisStore here = RedisStore.builder(own.url(), null, null).open()) {
            String tomorrow = System.currentTimeMillis() + Duration.ofDays(1).toMillis() + "-7";
            try (Jedis jedis = own.jedis()) {
                byte[] floor = new Keys("moitessier").of(Scope.of("floor").shard(), "floor");
                jedis.hset(floor, Map.of(Keys.utf8("h"), Keys.utf8(tomorrow), Keys.utf8("v"), Keys.utf8("1")));
            }
            long lowest = Positions.of(Keys.utf8(tomorrow));
            assertThat(Scratch.hear(here, "floor").start()).isEqualTo(lowest);
            assertThat(Scratch.texts(here, "floor", 0)).isEmpty();
            assertThat(Scratch.stored(here, Scratch.say("floor", "a"))).isEqualTo(lowest + 1);
            assertThat(Scratch.texts(here, "floor", 0)).containsExactly("a");
        }
    }

    /** It is found out only after the entry was added, which nobody may notice. */
    @Test
    void aDuplicateLeavesNothingBehind() {
        Scratch.hear(store, "twice");
        Append append = Scratch.say("twice", "once");
        long first = Scratch.stored(store, append);
        for (int i = 0; i < 10; i++) {
            assertThat(store.append(List.of(append, append)))
                    .containsOnly(new Appended.Stored(
                            first, store.members("twice", null).version(), true));
        }
        Page page = Scratch.page(store, "twice", 0);
        assertThat(page.entries()).extracting(Scratch::text).containsExactly("once");
        assertThat(page.head()).isEqualTo(first);
        assertThat(page.next()).isEqualTo(first);
        try (Jedis jedis = server.jedis()) {
            assertThat(jedis.xlen(new Keys("moitessier").of(Scope.of("twice"), "s:")))
                    .isEqualTo(1);
        }
        assertThat(Scratch.stored(store, Scratch.say("twice", "another"))).isGreaterThan(first);
    }

    /** Ids of the usual time are given up as a whole, but not before it is over; other ids are keys of their own. */
    @Test
    void idsAreKnownWhateverTheirTime() throws Exception {
        try (RedisServer own = RedisServer.embedded();
                RedisStore here = RedisStore.builder(own.url(), null, null).open();
                Jedis jedis = own.jedis()) {
            Scratch.hear(here, "ids");
            byte[] ids = new Keys("moitessier").of(0, "ids");
            byte[] older = new Keys("moitessier").of(0, "older");
            Append usual = remembered(Scratch.say("ids", "usual"), Duration.ofSeconds(20));
            Append longer = remembered(Scratch.say("ids", "longer"), Duration.ofMinutes(1));
            long first = Scratch.stored(here, usual);
            long second = Scratch.stored(here, longer);
            for (int i = 0; i < 2; i++) {
                for (Duration time : List.of(Duration.ZERO, Duration.ofSeconds(20), Duration.ofMinutes(1))) {
                    assertThat(Scratch.stored(here, remembered(usual, time))).isEqualTo(first);
                    assertThat(Scratch.stored(here, remembered(longer, time))).isEqualTo(second);
                }
                // Its time is over, so what is noted next begins a new one.
                jedis.hset(ids, Keys.utf8("u"), Keys.utf8("1"));
                Scratch.stored(here, remembered(Scratch.say("ids", "later " + i), Duration.ofSeconds(20)));
                assertThat(jedis.exists(older)).isTrue();
                if (i == 0) {
                    assertThat(Scratch.stored(here, usual)).isEqualTo(first);
                }
            }
            assertThat(Scratch.stored(here, usual)).as("given up").isGreaterThan(second);
            assertThat(Scratch.stored(here, longer)).isEqualTo(second);
            jedis.hset(ids, Keys.utf8("u"), Keys.utf8("1"));
            here.sweep(new SweepPolicy(
                    each -> new Retention(Duration.ofDays(1), 1 << 20), Duration.ofDays(1), null, 10_000));
            assertThat(jedis.exists(older)).isFalse();
            assertThat(jedis.hkeys(ids)).containsExactly(Keys.utf8("k"));
            assertThat(Scratch.stored(here, longer)).isEqualTo(second);
        }
    }

    private static Append remembered(Append append, Duration remember) {
        return new Append(append.dispatch(), append.scope(), append.content(), append.ifMembers(), remember);
    }

    /** The floor, where no test can wait for days. */
    @Test
    void aScopeThatWasDroppedStartsAboveItsFloor() {
        Registration registration = new Registration(
                UUID.randomUUID(), Scratch.shared("dropped"), "s", null, Duration.ofHours(1), Payload.empty(), null);
        long version = store.register(registration).membersVersion();
        long last = Scratch.stored(store, Scratch.say("dropped", "before"));
        store.unregister(registration.listener(), "s", registration.id());
        Keys keys = new Keys("moitessier");
        Scope scope = Scope.of("dropped");
        Eventually.within(Duration.ofSeconds(5)).until("the scope is dropped", () -> {
            store.sweeper().drop(Duration.ofMillis(1), 100);
            try (Jedis jedis = server.jedis()) {
                return !jedis.exists(keys.of(scope, "m:"))
                        && !jedis.exists(keys.of(scope, "s:"))
                        && jedis.zscore(keys.of(scope.shard(), "known"), scope.bytes()) == null;
            }
        });
        assertThat(Scratch.page(store, "dropped", last).reset()).isTrue();
        assertThat(Scratch.hear(store, "dropped")).satisfies(again -> {
            assertThat(again.start()).isGreaterThanOrEqualTo(last);
            assertThat(again.membersVersion()).isGreaterThan(version);
        });
        assertThat(Scratch.page(store, "dropped", 0).lossy())
                .as("a new scope has lost nothing")
                .isFalse();
        assertThat(Scratch.stored(store, Scratch.say("dropped", "after"))).isGreaterThan(last);
    }

    /** A thousand texts are kept apart from their entry; trimming takes them with it, and reads meanwhile tell the loss. */
    @Test
    void textsGoWithTheirEntry() {
        ListenerRef ada = new ListenerRef("texts", ListenerType.HANDLER, new Party("p7", ""));
        store.register(new Registration(UUID.randomUUID(), ada, "s", null, Duration.ofHours(1), Payload.empty(), null));
        Map<Party, Payload> texts = new HashMap<>();
        for (int i = 0; i < 3_000; i++) {
            texts.put(new Party("p" + i, ""), Scratch.payload("text of " + i));
        }
        Append append = new Append(
                UUID.randomUUID(),
                "texts",
                new Content(new Party("sender", ""), null, null, false, texts, Map.of()),
                OptionalLong.empty(),
                Duration.ZERO);
        long position = Scratch.stored(store, append);
        Page page = store.read(List.of(new ReadRequest("texts", 0, 10, false, Set.of(ada))), 1 << 20)
                .get(0);
        assertThat(page.entries()).singleElement().satisfies(entry -> assertThat(
                        entry.content().texts())
                .isEqualTo(Map.of(new Party("p7", ""), Scratch.payload("text of 7"))));
        Keys keys = new Keys("moitessier");
        Scope scope = Scope.of("texts");
        Eventually.within(Duration.ofSeconds(5)).until("texts are gone", () -> {
            store.sweep(new SweepPolicy(
                    each -> each.equals("texts")
                            ? new Retention(Duration.ofDays(1), 0)
                            : new Retention(Duration.ofDays(1), 1 << 20),
                    Duration.ofDays(1),
                    null,
                    10_000));
            try (Jedis jedis = server.jedis()) {
                return jedis.keys(keys.of(scope, "x:*")).isEmpty() && !jedis.exists(keys.of(scope, "y:"));
            }
        });
        assertThat(Scratch.page(store, "texts", 0).trimmed()).isEqualTo(position);
    }

    @Test
    void aFullServerRefusesAndSaysSo() throws Exception {
        try (RedisServer full = RedisServer.embedded("--maxmemory", "6mb");
                RedisStore here = RedisStore.builder(full.url(), null, null).open()) {
            Scratch.hear(here, "full");
            Appended answer = Eventually.within(Duration.ofSeconds(20))
                    .until(
                            "memory is full",
                            () -> Scratch.one(here, Scratch.say("full", "x".repeat(200_000))),
                            each -> each instanceof Appended.Failed);
            assertThat(((Appended.Failed) answer).cause())
                    .isInstanceOf(StoreException.Unavailable.class)
                    .hasMessageContaining("OOM")
                    .satisfies(cause -> assertThat(cause.outcomeUnknown()).isFalse());
        }
    }

    private static void killConnections() {
        try (Jedis jedis = server.jedis()) {
            jedis.sendCommand(Protocol.Command.CLIENT, "KILL", "TYPE", "normal");
            jedis.sendCommand(Protocol.Command.CLIENT, "KILL", "TYPE", "pubsub");
        }
    }
}
