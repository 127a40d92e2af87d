package dev.moitessier.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.moitessier.store.Broadcaster;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.Payload;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** X1 to X6: the volatile lane. */
interface LaneRules {
    @Test
    default void X1_payloadsArriveWholeAndOnTheirTopic(Bench bench) throws Exception {
        Broadcaster here = lane(bench, bench.store());
        Broadcaster there = lane(bench, bench.other());
        String base = bench.scope();
        List<String> topics = List.of(
                base,
                base + "/",
                base + "/a",
                base + "A",
                base + "a",
                base + "*",
                base + "%",
                base + "?",
                base + "[a]",
                base + "\u00e9",
                base + "e\u0301",
                base + "'");
        Map<String, List<Payload>> heard = new ConcurrentHashMap<>();
        for (String topic : topics) {
            List<Payload> mine = new CopyOnWriteArrayList<>();
            heard.put(topic, mine);
            bench.closing(there.subscribe(topic, mine::add));
        }
        for (String topic : topics) {
            Payload mark = Bench.payload("mark of " + topic);
            bench.soon().until("something of topic " + topic + " arrives, published again and again", () -> {
                here.publish(topic, mark);
                return heard.getOrDefault(topic, List.of()).contains(mark);
            });
        }
        int size = here.maxBytes();
        Payload large = Bench.bytes(Math.min(size, 1 << 20));
        bench.soon().until("a payload of " + large.size() + " bytes arrives whole", () -> {
            here.publish(base, large);
            return heard.getOrDefault(base, List.of()).contains(large);
        });
        heard.forEach((topic, payloads) -> assertThat(payloads)
                .as("what topic %s heard", topic)
                .allMatch(payload -> payload.equals(Bench.payload("mark of " + topic))
                        || (topic.equals(base) && payload.equals(large))));
        if (size < 64 << 20) {
            Bench.refused(
                    "a payload beyond maxBytes",
                    String.valueOf(size),
                    () -> here.publish(base, Payload.wrap(new byte[size + 1])));
        }
    }

    @Test
    default void X2_aLaterSubscriberHearsNothingOfBefore(Bench bench) throws Exception {
        Broadcaster here = lane(bench, bench.store());
        Broadcaster there = lane(bench, bench.other());
        String topic = bench.scope();
        List<String> first = new CopyOnWriteArrayList<>();
        bench.closing(there.subscribe(topic, payload -> first.add(Bench.text(payload))));
        bench.soon().until("an early subscriber hears it", () -> {
            here.publish(topic, Bench.payload("early"));
            return !first.isEmpty();
        });
        // What is still under way may arrive; a second subscription on another instance, made after it went quiet, must
        // not.
        bench.soon().until("the lane is quiet", () -> {
            int before = first.size();
            Bench.idle(Duration.ofMillis(200));
            return first.size() == before;
        });
        List<String> late = new CopyOnWriteArrayList<>();
        bench.closing(lane(bench, bench.open()).subscribe(topic, payload -> late.add(Bench.text(payload))));
        bench.soon().until("the late subscriber hears what comes later", () -> {
            here.publish(topic, Bench.payload("late"));
            return !late.isEmpty();
        });
        assertThat(late).as("what the late subscriber heard").containsOnly("late");
    }

    @Test
    default void X5_anOutageDropsAndTheLaneComesBack(Bench bench) throws Exception {
        Broadcaster here = lane(bench, bench.store());
        StoreWiring.Proxied proxied = bench.proxied();
        Broadcaster there = lane(bench, proxied.store());
        String topic = bench.scope();
        AtomicInteger heard = new AtomicInteger();
        bench.closing(there.subscribe(topic, payload -> heard.incrementAndGet()));
        bench.soon().until("the lane works", () -> {
            here.publish(topic, Bench.payload("before"));
            return heard.get() > 0;
        });
        proxied.proxy().down();
        for (int i = 0; i < 50; i++) {
            long start = System.nanoTime();
            there.publish(topic, Bench.payload("during"));
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .as("time of a publish while the server is away")
                    .isLessThan(Duration.ofSeconds(1));
        }
        proxied.proxy().heal();
        int before = heard.get();
        bench.soon().until("the subscription has come back by itself", () -> {
            here.publish(topic, Bench.payload("after"));
            return heard.get() > before;
        });
        List<String> elsewhere = new CopyOnWriteArrayList<>();
        bench.closing(here.subscribe(topic, payload -> elsewhere.add(Bench.text(payload))));
        bench.soon().until("so has publishing", () -> {
            there.publish(topic, Bench.payload("published after"));
            return elsewhere.contains("published after");
        });
    }

    @Test
    default void X6_nobodyIsCalledAfterClose(Bench bench) throws Exception {
        Broadcaster here = lane(bench, bench.store());
        Broadcaster there = lane(bench, bench.other());
        String topic = bench.scope();
        AtomicInteger closing = new AtomicInteger();
        AtomicInteger staying = new AtomicInteger();
        AutoCloseable subscription = there.subscribe(topic, payload -> closing.incrementAndGet());
        bench.closing(there.subscribe(topic, payload -> staying.incrementAndGet()));
        bench.soon().until("both hear", () -> {
            here.publish(topic, Bench.payload("m"));
            return closing.get() > 0 && staying.get() > 0;
        });
        subscription.close();
        subscription.close();
        int atClose = closing.get();
        int before = staying.get();
        bench.soon().until("the subscription that stays still hears", () -> {
            here.publish(topic, Bench.payload("m"));
            return staying.get() > before + 5;
        });
        assertThat(closing.get()).as("calls of a closed subscription").isEqualTo(atClose);
    }

    private static Broadcaster lane(Bench bench, MailboxStore on) {
        bench.needs(
                on.broadcaster().isPresent(), "MailboxStore.broadcaster() is empty: the store has no volatile lane");
        return on.broadcaster().orElseThrow();
    }
}
