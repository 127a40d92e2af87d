package dev.moitessier.benchmarks.redis;

import dev.moitessier.benchmarks.sending.Contender;
import dev.moitessier.benchmarks.sending.Dispatches;
import java.util.concurrent.atomic.LongAdder;
import org.redisson.Redisson;
import org.redisson.api.RReliableTopic;
import org.redisson.api.RTopic;
import org.redisson.api.RedissonClient;
import org.redisson.client.codec.StringCodec;
import org.redisson.config.Config;

/** Redisson's topics, each with one listener at work. */
final class Topics implements AutoCloseable {
    private final RedissonClient redisson;
    private final LongAdder delivered = new LongAdder();

    Topics(Server server) {
        Config config = new Config().setCodec(StringCodec.INSTANCE);
        config.useSingleServer().setAddress(server.url()).setConnectionPoolSize(64);
        redisson = Redisson.create(config);
    }

    /** Keeps what it sent until all its listeners have read it. */
    Contender reliable() {
        RReliableTopic topic = redisson.getReliableTopic("anchor:reliable");
        topic.addListener(String.class, (channel, message) -> delivered.increment());
        return named("RReliableTopic", topic::publish);
    }

    /** Keeps nothing. */
    Contender plain() {
        RTopic topic = redisson.getTopic("anchor:topic");
        topic.addListener(String.class, (channel, message) -> delivered.increment());
        return named("RTopic", topic::publish);
    }

    private interface Publish {
        long publish(Object message);
    }

    private static Contender named(String name, Publish publish) {
        return new Contender() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public Caller caller() {
                return scope -> publish.publish(Dispatches.TEXT);
            }
        };
    }

    long delivered() {
        return delivered.sum();
    }

    @Override
    public void close() {
        redisson.shutdown();
    }
}
