package dev.moitessier.store.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Append;
import dev.moitessier.store.Appended;
import dev.moitessier.store.HintSink;
import dev.moitessier.store.Page;
import dev.moitessier.testkit.Eventually;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A master that is killed, and a slot that moves, under a writer and a reader. */
@Tag("long")
final class FailoverTest {
    private static final String SCOPE = "room/1";
    private static final int SLOT = new Keys("moitessier").slot(Scope.of(SCOPE).shard());

    @Test
    void aSentinelPromotesTheReplica() throws Exception {
        try (SentinelServers servers = new SentinelServers(RedisServer.embeddedExecutable())) {
            survives(servers.url(), servers::awaitReplication, servers.master());
        }
    }

    @Test
    void aClusterPromotesTheReplica() throws Exception {
        try (ClusterServers servers = new ClusterServers(RedisServer.embeddedExecutable())) {
            RedisServer master = servers.ownerOf(SLOT);
            survives(servers.url(), () -> servers.awaitReplication(master), master);
        }
    }

    /** What the replica had is there, each once and in order; works and hints again within 5 s of the promotion. */
    private static void survives(String url, Runnable replicated, RedisServer master) throws Exception {
        try (RedisStore store = open(url);
                RedisStore other = open(url)) {
            Scratch.hear(store, SCOPE);
            AtomicInteger hints = new AtomicInteger();
            other.watch(hintsTo(hints)).add(SCOPE);
            List<String> acknowledged = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                Scratch.stored(store, Scratch.say(SCOPE, "before " + i));
                acknowledged.add("before " + i);
            }
            long cursor = Scratch.page(other, SCOPE, 0).head();
            replicated.run();
            master.kill();
            long killed = System.nanoTime();
            Append during = Scratch.say(SCOPE, "during");
            Eventually.within(Duration.ofSeconds(30))
                    .until("an append works again", () -> Scratch.one(store, during) instanceof Appended.Stored);
            System.out.printf("FailoverTest: works %d ms after the kill%n", (System.nanoTime() - killed) / 1_000_000);
            acknowledged.add("during");
            Page after = Eventually.within(Duration.ofSeconds(5))
                    .until("a read works again", () -> Scratch.page(other, SCOPE, cursor), page -> true);
            assertThat(after.reset()).isFalse();
            assertThat(Scratch.texts(other, SCOPE, cursor)).containsExactly("during");
            assertThat(Scratch.texts(other, SCOPE, 0)).isEqualTo(acknowledged);
            Eventually.within(Duration.ofSeconds(5)).until("hints flow again", () -> {
                int before = hints.get();
                Scratch.stored(store, Scratch.say(SCOPE, "hint"));
                Eventually.within(Duration.ofMillis(300)).until("a hint", () -> hints.get() > before);
                return true;
            });
        }
    }

    @Test
    void aSlotMovesUnderAWriter() throws Exception {
        moves(RedisServer.embeddedExecutable());
    }

    @Test
    void aSlotMovesUnderAWriterOnANewerServer() throws Exception {
        Path newer = RedisServer.executableOnPath().orElse(null);
        if (newer != null) {
            moves(newer);
        }
    }

    private static void moves(Path executable) throws Exception {
        try (ClusterServers servers = new ClusterServers(executable);
                RedisStore store = open(servers.url());
                RedisStore other = open(servers.url())) {
            Scratch.hear(store, SCOPE);
            AtomicInteger hints = new AtomicInteger();
            other.watch(hintsTo(hints)).add(SCOPE);
            AtomicBoolean moving = new AtomicBoolean(true);
            ExecutorService thread = Executors.newSingleThreadExecutor();
            try {
                Future<List<String>> writer = thread.submit(() -> {
                    List<String> acknowledged = new ArrayList<>();
                    while (moving.get()) {
                        String text = "m" + acknowledged.size();
                        assertThat(Scratch.one(store, Scratch.say(SCOPE, text))).isInstanceOf(Appended.Stored.class);
                        acknowledged.add(text);
                    }
                    return acknowledged;
                });
                for (int i = 0; i < 4; i++) {
                    int before = Scratch.page(other, SCOPE, 0).entries().size();
                    RedisServer from = servers.ownerOf(SLOT);
                    servers.move(SLOT, from, servers.masterOtherThan(from));
                    Eventually.within(Duration.ofSeconds(5))
                            .until(
                                    "the writer goes on",
                                    () -> Scratch.page(other, SCOPE, 0)
                                                    .entries()
                                                    .size()
                                            > before + 20);
                }
                moving.set(false);
                List<String> acknowledged = writer.get();
                assertThat(Scratch.texts(other, SCOPE, 0)).isEqualTo(acknowledged);
            } finally {
                thread.shutdownNow();
            }
            Eventually.within(Duration.ofSeconds(5)).until("hints flow again", () -> {
                int before = hints.get();
                Scratch.stored(store, Scratch.say(SCOPE, "hint"));
                Eventually.within(Duration.ofMillis(300)).until("a hint", () -> hints.get() > before);
                return true;
            });
        }
    }

    private static RedisStore open(String url) {
        return RedisStore.builder(url, null, null)
                .callLimit(Duration.ofSeconds(5))
                .open();
    }

    private static HintSink hintsTo(AtomicInteger count) {
        return new HintSink() {
            @Override
            public void dirty(String scope) {
                count.incrementAndGet();
            }

            @Override
            public void allDirty() {
                count.incrementAndGet();
            }
        };
    }
}
