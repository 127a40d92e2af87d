package dev.moitessier.store.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.moitessier.store.Durability;
import dev.moitessier.store.MailboxStore;
import dev.moitessier.store.StoreException;
import dev.moitessier.testkit.Eventually;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.RedisClient;

/** What is wrong with a server or with the configuration is said when the store is opened, by name. */
final class SettingsTest {
    private static final String SECRET = "s3cret";

    @Test
    void aServerThatMayEvictIsRefused() throws Exception {
        try (RedisServer server = RedisServer.embedded("--maxmemory-policy", "allkeys-lru")) {
            assertThatThrownBy(() -> open(server))
                    .isInstanceOf(StoreException.Misconfigured.class)
                    .hasMessageContaining("maxmemory-policy is allkeys-lru")
                    .hasMessageContaining("noeviction");
        }
    }

    @Test
    void aReplicaIsRefused() throws Exception {
        try (RedisServer master = RedisServer.embedded();
                RedisServer replica = RedisServer.embedded("--replicaof", "127.0.0.1", "" + master.port())) {
            assertThatThrownBy(() -> open(replica))
                    .isInstanceOf(StoreException.Misconfigured.class)
                    .hasMessageContaining("replica");
            Eventually.within(Duration.ofSeconds(10)).until("the replica has come", () -> {
                try (RedisStore store = open(master)) {
                    return store.capabilities().durability() == Durability.RELAXED;
                }
            });
        }
    }

    @ParameterizedTest
    @CsvSource({"5.0.14, false", "6.0.16, false", "6.2.0, true", "7.4.2, true", "8.0.0, true"})
    void aServerThatIsTooOldIsRefused(String version, boolean goodEnough) {
        Throwable refused = catchThrowable(() -> Inspection.check(Map.of("redis_version", version)));
        if (goodEnough) {
            assertThat(refused).isNull();
        } else {
            assertThat(refused)
                    .isInstanceOf(StoreException.Misconfigured.class)
                    .hasMessageContaining("6.2")
                    .hasMessageContaining(version);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"xadd", "xtrim", "hincrby", "zlexcount", "publish", "unlink", "evalsha", "info"})
    void aMissingRightIsNamed(String command) throws Exception {
        try (RedisServer server = RedisServer.embedded()) {
            try (Jedis jedis = server.jedis()) {
                jedis.aclSetUser(
                        "app",
                        "on",
                        ">" + SECRET,
                        "resetchannels",
                        "~{moitessier:*",
                        "&{moitessier:*",
                        "+@all",
                        "-" + command);
            }
            assertThatThrownBy(() ->
                            RedisStore.builder(server.url(), "app", SECRET).open())
                    .isInstanceOf(StoreException.Misconfigured.class)
                    .satisfies(refused -> assertThat(refused.getMessage().toLowerCase(Locale.ROOT))
                            .contains(command)
                            .doesNotContain(SECRET));
        }
    }

    /** The rule that docs/store-redis.md gives is enough. */
    @Test
    void theRightsInTheDocumentAreEnough() throws Exception {
        String document = Files.readString(Path.of("../docs/store-redis.md"));
        String rule = document.lines()
                .filter(line -> line.startsWith("ACL SETUSER"))
                .findFirst()
                .orElseThrow();
        String[] rights = rule.replace("<password>", SECRET)
                .substring("ACL SETUSER ".length())
                .split(" ");
        try (RedisServer server = RedisServer.embedded()) {
            try (Jedis jedis = server.jedis()) {
                jedis.aclSetUser(rights[0], Arrays.copyOfRange(rights, 1, rights.length));
            }
            try (RedisStore store =
                    RedisStore.builder(server.url(), rights[0], SECRET).open()) {
                Scratch.hear(store, "allowed");
                Scratch.stored(store, Scratch.say("allowed", "m"));
                assertThat(Scratch.texts(store, "allowed", 0)).containsExactly("m");
                assertThat(store.scopes("", null, 10)).containsExactly("allowed");
            }
        }
    }

    @Test
    void aWrongPasswordIsSaidAndNotPrinted() throws Exception {
        try (RedisServer server = RedisServer.embedded("--requirepass", SECRET)) {
            for (String password : new String[] {null, "wr0ng"}) {
                assertThatThrownBy(() ->
                                RedisStore.builder(server.url(), null, password).open())
                        .isInstanceOf(StoreException.Misconfigured.class)
                        .hasMessageContaining("password")
                        .hasMessageNotContaining("wr0ng");
            }
            RedisStore.builder(server.url(), null, SECRET).open().close();
            RedisStore.builder("redis://:" + SECRET + "@localhost:" + server.port(), null, null)
                    .open()
                    .close();
        }
    }

    @Test
    void keysOfAnotherFormatAreLeftAlone() throws Exception {
        try (RedisServer server = RedisServer.embedded()) {
            open(server).close();
            Keys keys = new Keys("moitessier");
            try (Jedis jedis = server.jedis()) {
                jedis.set(keys.of(0, "format"), Keys.utf8("1/256"));
            }
            assertThatThrownBy(() -> open(server))
                    .isInstanceOf(StoreException.Misconfigured.class)
                    .hasMessageContaining("1/256");
        }
    }

    @Test
    void durabilityIsWhatTheServerIsSetTo() throws Exception {
        assertThat(durability("--appendonly", "yes", "--appendfsync", "always")).isEqualTo(Durability.DURABLE);
        assertThat(durability("--appendonly", "yes", "--appendfsync", "everysec"))
                .isEqualTo(Durability.RELAXED);
        assertThat(durability("--appendonly", "no", "--save", "60", "1")).isEqualTo(Durability.RELAXED);
        assertThat(durability("--appendonly", "no", "--save", "")).isEqualTo(Durability.VOLATILE);
    }

    private static Durability durability(String... options) throws Exception {
        try (RedisServer server = RedisServer.embedded(options);
                RedisStore store = open(server)) {
            return store.capabilities().durability();
        }
    }

    @Test
    void aClientThatIsHandedInStaysOpen() throws Exception {
        try (RedisServer server = RedisServer.embedded();
                RedisClient client = RedisClient.create(server.url())) {
            RedisStore store = RedisStore.create(client);
            Scratch.hear(store, "handed");
            store.close();
            assertThat(client.ping()).isEqualTo("PONG");
            assertThat(client.getPool().getNumActive())
                    .as("connections not given back")
                    .isZero();
        }
    }

    @Test
    void aServerThatIsAwayIsUnavailable() throws Exception {
        String url = "redis://localhost:" + RedisServer.freePort();
        assertThatThrownBy(() -> RedisStore.builder(url, null, null).open())
                .isInstanceOf(StoreException.Unavailable.class)
                .satisfies(away ->
                        assertThat(((StoreException) away).outcomeUnknown()).isFalse());
    }

    @Test
    void theStoreIsChosenByConfiguration() throws Exception {
        try (RedisServer server = RedisServer.embedded()) {
            Config config = ConfigFactory.parseMap(Map.of("url", server.url(), "prefix", "by-config"))
                    .withFallback(ConfigFactory.load().getConfig("moitessier.redis"));
            try (MailboxStore store = provider().open(config)) {
                assertThat(store.capabilities().store()).isEqualTo("redis");
                Scratch.hear(store, "configured");
            }
            try (Jedis jedis = server.jedis()) {
                assertThat(jedis.keys("*")).isNotEmpty().allMatch(key -> key.startsWith("{by-config:"));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "url, '', moitessier.redis.url",
        "url, 'http://localhost', moitessier.redis.url",
        "url, 'redis://a,b', redis+sentinel",
        "url, 'redis+sentinel://a', name of the master",
        "url, 'redis+cluster://a/3', no numbered databases",
        "prefix, 'a{b}', moitessier.redis.prefix",
        "pool-size, '0', moitessier.redis.pool-size",
        "call-limit, '1ms', moitessier.redis.call-limit"
    })
    void aWrongValueIsNamedByItsKey(String key, String value, String said) {
        Config config = ConfigFactory.parseMap(Map.of(key, value))
                .withFallback(ConfigFactory.parseMap(Map.of("url", "redis://localhost:1")))
                .withFallback(ConfigFactory.load().getConfig("moitessier.redis"));
        assertThatThrownBy(() -> provider().open(config))
                .isInstanceOf(StoreException.Misconfigured.class)
                .hasMessageContaining(said);
    }

    @Test
    void aUrlSaysWhereAndWho() {
        Servers servers =
                Servers.parse("rediss+sentinel://ada:p%40ss@one:1,[::1]:2,three/main/4", new Servers.Login(null, null));
        assertThat(servers.kind()).isEqualTo(Servers.Kind.SENTINEL);
        assertThat(servers.tls()).isTrue();
        assertThat(servers.addresses().toString()).isEqualTo("[one:1, ::1:2, three:26379]");
        assertThat(servers.master()).isEqualTo("main");
        assertThat(servers.database()).isEqualTo(4);
        assertThat(servers.login().user).isEqualTo("ada");
        assertThat(servers.login().password).isEqualTo("p@ss");
        assertThat(servers.toString()).doesNotContain("p@ss").doesNotContain("p%40ss");
    }

    private static RedisProvider provider() {
        return ServiceLoader.load(dev.moitessier.store.StoreProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(RedisProvider.class::isInstance)
                .map(RedisProvider.class::cast)
                .findFirst()
                .orElseThrow();
    }

    private static RedisStore open(RedisServer server) {
        return RedisStore.builder(server.url(), null, null).open();
    }
}
