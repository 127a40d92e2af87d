package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** Public keys and the dump's token, and every line that is logged at any level, of prscd and of Netty. */
@Timeout(60)
final class SecretsTest {
    private static final String KEY = "pk-4711-of-shop";
    private static final String TOKEN = "token-0815-of-dump";

    private final List<String> logged = new CopyOnWriteArrayList<>();
    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final Level before = root.getLevel();
    private final AppenderBase<ILoggingEvent> everything = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            String thrown =
                    event.getThrowableProxy() == null ? "" : ThrowableProxyUtil.asString(event.getThrowableProxy());
            logged.add(event.getLoggerName() + " " + event.getFormattedMessage() + thrown);
        }
    };

    @BeforeEach
    void listen() {
        root.getAppender("out").stop();
        everything.start();
        root.addAppender(everything);
        root.setLevel(Level.ALL);
    }

    @AfterEach
    void stopListening() {
        root.setLevel(before);
        root.detachAppender(everything);
        root.getAppender("out").start();
    }

    @Test
    @DisplayName("no public key and no token is in any log line, in the dump, or in an exception")
    void nowhere() throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start(
                        builder -> builder.authenticator(
                                attempt -> attempt.clientId().equals("trouble")
                                        ? CompletableFuture.failedStage(new IllegalStateException("no database"))
                                        : CompletableFuture.completedStage(Admission.refused())),
                        "prscd { tls.self-made = true, dump-token = " + TOKEN + ", origins = [\"https://a.example\"],"
                                + " realms.shop { keys = [\"" + KEY + "\"], join = [\"*\"] } }")) {
            assertThat(upgrade(server, KEY, "ada")).startsWith("HTTP/1.1 101 ");
            assertThat(upgrade(server, KEY + "x", "ada")).startsWith("HTTP/1.1 403 ");
            assertThat(upgrade(server, KEY + "x", "trouble")).startsWith("HTTP/1.1 503 ");
            assertThat(upgrade(server, KEY, "ada", "Origin: https://b.example")).startsWith("HTTP/1.1 403 ");
            assertThat(answer(server, "GET /v1?publickey=" + KEY + "&id=ada HTTP/1.1\r\nno header\r\n\r\n"))
                    .startsWith("HTTP/1.1 ");
            assertThat(answer(server, "GET /v1?publickey=" + KEY + "&id=" + "a".repeat(9_000) + " HTTP/1.1\r\n\r\n"))
                    .startsWith("HTTP/1.1 400 ");
            try (var client = QuicClient.open(server.port(), "ada", KEY)) {
                assertThat(client.connection.isActive()).isTrue();
            }
            assertThatThrownBy(() -> QuicClient.open(server.port(), "trouble", KEY + "x"))
                    .hasMessageContaining("503");
            String dump =
                    answer(server, "GET /dump HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + TOKEN + "\r\n\r\n");
            assertThat(dump).startsWith("HTTP/1.1 200 ").doesNotContain(KEY).doesNotContain(TOKEN);
        }
        assertThat(logged).as("the test sees what is logged").anyMatch(line -> line.contains("cannot tell whether"));
        assertThat(logged).noneMatch(line -> line.contains(KEY)).noneMatch(line -> line.contains(TOKEN));
        assertThatThrownBy(() -> {
                    try (var servers = new TestServers()) {
                        servers.start(
                                builder -> builder,
                                "prscd { dump-token = " + TOKEN + ", realms.a.keys = " + KEY + " }");
                    }
                })
                .satisfies(failure ->
                        assertThat(failure.toString()).doesNotContain(KEY).doesNotContain(TOKEN));
    }

    private static String upgrade(PrscdServer server, String key, String id, String... headers) throws Exception {
        try (var client = RawClient.tls(server.port())) {
            client.request("/v1?publickey=" + key + "&id=" + id, headers);
            return client.head();
        }
    }

    private static String answer(PrscdServer server, String request) throws Exception {
        try (var client = RawClient.tls(server.port())) {
            client.raw(request.getBytes(StandardCharsets.US_ASCII));
            return client.rest();
        }
    }
}
