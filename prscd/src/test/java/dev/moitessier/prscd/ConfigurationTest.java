package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

final class ConfigurationTest {
    @Test
    @DisplayName("a server that nobody could enter, or without a word about TLS, does not start")
    void nothingIsOpenByDefault() {
        assertThatThrownBy(() -> start("prscd.tls.self-made = true")).hasMessageContaining("nobody could get in");
        assertThatThrownBy(() -> start("prscd.realms.a.keys = [k]"))
                .hasMessageContaining("prscd.tls")
                .hasMessageContaining("exactly one");
        assertThatThrownBy(() -> start("prscd { realms.a.keys = [k], tls { self-made = true, off = true } }"))
                .hasMessageContaining("exactly one");
        assertThatThrownBy(() -> start("prscd { realms.a.keys = [k], tls.certificate = a.pem }"))
                .hasMessageContaining("belong together");
    }

    @Test
    @DisplayName("unknown keys, impossible values and doubled public keys are named")
    void mistakes() {
        assertThatThrownBy(() -> start("prscd { prot = 1, limits.frames = 2 }"))
                .hasMessageContaining("prscd.limits.frames, prscd.prot");
        assertThatThrownBy(() -> start("prscd.realms.a { kees = [k] }"))
                .hasMessageContaining("realms.a")
                .hasMessageContaining("kees");
        assertThatThrownBy(() -> start("prscd.realms.a { keys = [k], channels { \"x-*\" { order = history } } }"))
                .hasMessageContaining("history");
        assertThatThrownBy(() -> start("prscd.realms.a { keys = [\" \"] }")).hasMessageContaining("blank");
        assertThatThrownBy(() -> start("prscd.realms { a.keys = [secret1], b.keys = [secret1] }"))
                .hasMessageContaining("another realm")
                .satisfies(failure -> assertThat(failure.getMessage()).doesNotContain("secret1"));
        assertThatThrownBy(() -> start("prscd { realms.a.keys = [k], limits.missed-pings = 0 }"))
                .hasMessageContaining("prscd.limits.missed-pings");
        assertThatThrownBy(() -> start("prscd { realms.a.keys = [k], limits.ping-interval = soon }"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("ping-interval");
    }

    private static void start(String settings) throws Exception {
        try (var servers = new TestServers()) {
            servers.start(UnaryOperator.identity(), settings);
        }
    }

    @Test
    @DisplayName("a port that is taken is told with its address, and nothing is left running")
    void portTaken() throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start()) {
            assertThatThrownBy(() -> servers.start("prscd.port = " + server.port()))
                    .isInstanceOf(java.io.IOException.class)
                    .hasMessageContaining(Integer.toString(server.port()));
        }
    }

    @Test
    @DisplayName("the environment wins over application.conf, by the name that reference.conf tells beside each key")
    void environment() throws Exception {
        Config config = PrscdConfig.ofTheProcess(Map.of(
                "PRSCD_PORT",
                "1234",
                "PRSCD_ORIGINS",
                "https://a.example.org, https://b.example.org",
                "PRSCD_LIMITS_FRAME_BYTES",
                "1 KiB"));
        assertThat(config.getInt("prscd.port")).isEqualTo(1234);
        Config section = PrscdConfig.section(config);
        assertThat(PrscdConfig.strings(section, "origins"))
                .containsExactly("https://a.example.org", "https://b.example.org");
        assertThat(TransportLimits.of(section.getConfig("limits")).frameBytes()).isEqualTo(1024);

        String reference;
        try (InputStream file = PrscdServer.class.getResourceAsStream("/reference.conf")) {
            reference = new String(file.readAllBytes(), StandardCharsets.UTF_8);
        }
        Config known = ConfigFactory.defaultReference().getConfig("prscd");
        for (String key : known.entrySet().stream().map(Map.Entry::getKey).toList()) {
            String variable =
                    "PRSCD_" + key.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
            assertThat(reference).as(key).contains("${?" + variable + "}");
        }
        Matcher variables = Pattern.compile("\\$\\{\\?PRSCD_").matcher(reference);
        assertThat(variables.results().count()).isEqualTo(known.entrySet().size());
    }

    @Test
    @DisplayName("of several patterns the one that says more of the name wins, a realm's own before all others")
    void patterns() {
        var catalog =
                new RealmSettings.Catalog(PrscdConfig.section(ConfigFactory.parseString("""
                prscd {
                  channels { "*" { order = ordered }, "free-*" { order = immediate } }
                  realms.a {
                    keys = [k]
                    join = ["open-*", "lobby"]
                    publish = ["lobby"]
                    channels { "free-orders-*" { order = ordered, volatile = [cursor], state-id = trust } }
                  }
                }
                """)), Duration.ofSeconds(4));
        assertThat(catalog.of("a").node().lease()).isEqualTo(Duration.ofSeconds(4));
        ChannelRules rules = catalog.of("a").channels();
        assertThat(rules.of("any").order()).isEqualTo(ChannelSettings.Order.ORDERED);
        assertThat(rules.of("free-talk").order()).isEqualTo(ChannelSettings.Order.IMMEDIATE);
        assertThat(rules.of("free-orders-1").order()).isEqualTo(ChannelSettings.Order.ORDERED);
        assertThat(rules.of("free-orders-1").volatileEvents()).containsExactly("cursor");
        assertThat(rules.of("free-orders-1").enforceStateId()).isFalse();
        assertThat(catalog.of("unknown").channels().of("free-orders-1").order())
                .isEqualTo(ChannelSettings.Order.IMMEDIATE);

        Authorizer authorizer = catalog.of("a").authorizer().orElseThrow();
        var ada = new PeerIdentity("a", "ada");
        assertThat(authorizer.mayJoin(ada, "open-1").toCompletableFuture().join())
                .isTrue();
        assertThat(authorizer.mayJoin(ada, "lobby").toCompletableFuture().join())
                .isTrue();
        assertThat(authorizer.mayJoin(ada, "xopen-1").toCompletableFuture().join())
                .isFalse();
        assertThat(authorizer.mayPublish(ada, "lobby")).isTrue();
        assertThat(authorizer.mayPublish(ada, "open-1")).isFalse();
    }
}
