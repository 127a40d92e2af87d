package dev.moitessier.benchmarks.postgres;

import com.zaxxer.hikari.HikariDataSource;
import dev.moitessier.benchmarks.sending.Contender;
import dev.moitessier.benchmarks.sending.Dispatches;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.postgresql.jdbc.PgConnection;
import org.springframework.integration.jdbc.channel.PgConnectionSupplier;
import org.springframework.integration.jdbc.channel.PostgresChannelMessageTableSubscriber;
import org.springframework.integration.jdbc.channel.PostgresSubscribableChannel;
import org.springframework.integration.jdbc.store.JdbcChannelMessageStore;
import org.springframework.integration.jdbc.store.channel.PostgresChannelMessageStoreQueryProvider;
import org.springframework.messaging.support.MessageBuilder;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;

/** Spring Integration's channel over Postgres, as its reference sets it up: message store, trigger, one listening subscriber. */
final class SpringIntegration implements Contender, AutoCloseable {
    private final HikariDataSource pool;
    private final JdbcChannelMessageStore store;
    private final PostgresChannelMessageTableSubscriber subscriber;
    private final ThreadPoolTaskExecutor executor = new ThreadPoolTaskExecutor();
    private final Map<String, PostgresSubscribableChannel> channels = new ConcurrentHashMap<>();
    private final LongAdder delivered = new LongAdder();

    SpringIntegration(Server server) throws SQLException, IOException {
        createTables(server);
        pool = server.pool(32);
        store = new JdbcChannelMessageStore(pool);
        store.setChannelMessageStoreQueryProvider(new PostgresChannelMessageStoreQueryProvider());
        store.afterPropertiesSet();
        PgConnectionSupplier connections = () -> Server.connect(server.url()).unwrap(PgConnection.class);
        subscriber = new PostgresChannelMessageTableSubscriber(connections);
        subscriber.start();
        executor.setCorePoolSize(4);
        executor.initialize();
    }

    /** As the jar has it, with the trigger that stands there in a comment. */
    private static void createTables(Server server) throws SQLException, IOException {
        try (InputStream file = JdbcChannelMessageStore.class.getResourceAsStream(
                "/org/springframework/integration/jdbc/schema-postgresql.sql")) {
            if (file == null) {
                throw new IOException("the schema of Spring Integration is missing");
            }
            String schema = new String(file.readAllBytes(), StandardCharsets.UTF_8)
                    .replace("/*", "")
                    .replace("*/", "");
            server.execute(schema);
        }
    }

    @Override
    public String name() {
        return "Spring Integration";
    }

    private PostgresSubscribableChannel channel(String scope) {
        return channels.computeIfAbsent(scope, name -> {
            PostgresSubscribableChannel channel = new PostgresSubscribableChannel(store, name, subscriber);
            channel.setDispatcherExecutor(executor);
            channel.subscribe(message -> delivered.increment());
            return channel;
        });
    }

    @Override
    public Caller caller() {
        return scope -> {
            PostgresSubscribableChannel channel = channel(scope);
            if (!channel.send(MessageBuilder.withPayload(Dispatches.TEXT)
                    .setHeader("sender", "bob")
                    .build())) {
                throw new IllegalStateException("the channel of " + scope + " refused a message");
            }
        };
    }

    long delivered() {
        return delivered.sum();
    }

    @Override
    public void close() {
        channels.values().forEach(PostgresSubscribableChannel::destroy);
        subscriber.stop();
        executor.shutdown();
        pool.close();
    }
}
