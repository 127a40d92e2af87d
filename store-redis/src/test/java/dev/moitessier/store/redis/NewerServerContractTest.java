package dev.moitessier.store.redis;

import dev.moitessier.testkit.StoreContract;
import dev.moitessier.testkit.StoreWiring;
import org.junit.jupiter.api.Tag;
import redis.clients.jedis.ConnectionPoolConfig;
import redis.clients.jedis.RedisClient;

/** The contract on the {@code valkey-server} or {@code redis-server} of the machine, over a client that the caller makes. */
@Tag("long")
@OnPath
final class NewerServerContractTest extends StoreContract {
    @Override
    protected StoreWiring wiring(String namespace) throws Exception {
        RedisServer server = RedisServer.onPath().orElseThrow();
        return new RedisWiring(server, namespace) {
            @Override
            RedisStore.Builder builder(int port) {
                ConnectionPoolConfig pool = new ConnectionPoolConfig();
                pool.setMaxTotal(9);
                return RedisStore.builder(closing(RedisClient.builder()
                        .hostAndPort("localhost", port)
                        .poolConfig(pool)
                        .build()));
            }
        };
    }
}
