package dev.moitessier.prscd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is served beside the protocol. */
@Timeout(60)
final class PagesTest {
    private static final String SETTINGS = """
        prscd {
          tls.self-made = true
          origins = ["*"]
          realms.demo { keys = ["demo"], join = ["*"], publish = ["*"] }
        }
        """;

    @Test
    @DisplayName("presence.js is what npm packs, may be imported from anywhere, and is not sent again to who has it")
    void client() throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start()) {
            String answer = get(server, "/presence.js");
            assertThat(answer)
                    .startsWith("HTTP/1.1 200 ")
                    .containsIgnoringCase("content-type: text/javascript; charset=utf-8\r\n")
                    .containsIgnoringCase("access-control-allow-origin: *\r\n")
                    .containsIgnoringCase("x-content-type-options: nosniff\r\n")
                    .endsWith(Files.readString(Path.of("src/main/npm/presence.js")));
            String etag = header(answer, "etag");
            String again = get(server, "/presence.js", "If-None-Match: W/" + etag);
            assertThat(again).startsWith("HTTP/1.1 304 ").endsWith("\r\n\r\n").contains(etag);
            assertThat(get(server, "/presence.js", "If-None-Match: \"other\"")).startsWith("HTTP/1.1 200 ");
            assertThat(get(server, "/presence.d.ts"))
                    .startsWith("HTTP/1.1 200 ")
                    .contains("export class Presence");
            assertThat(get(server, "/")).startsWith("HTTP/1.1 404 ");
            assertThat(get(server, "/v1/info")).startsWith("HTTP/1.1 404 ");
        }
    }

    @Test
    @DisplayName(
            "a folder of the class path: its files, with a policy on its pages, and what the application tells about"
                    + " itself")
    void folder() throws Exception {
        try (var servers = new TestServers();
                PrscdServer server =
                        servers.start(builder -> builder.pages("pages").info("store", "\"memory\""), SETTINGS)) {
            String page = get(server, "/");
            assertThat(page)
                    .startsWith("HTTP/1.1 200 ")
                    .containsIgnoringCase("content-type: text/html; charset=utf-8\r\n")
                    .containsIgnoringCase("content-security-policy: default-src 'none'; script-src 'self';")
                    .contains("frame-ancestors 'none'")
                    .endsWith("<p>A page.</p>\n");
            assertThat(get(server, "/index.html?room=x")).startsWith("HTTP/1.1 200 ");
            assertThat(get(server, "/more/style.css"))
                    .startsWith("HTTP/1.1 200 ")
                    .containsIgnoringCase("content-type: text/css")
                    .doesNotContainIgnoringCase("access-control-allow-origin");
            String info = get(server, "/v1/info");
            var json = ConfigFactory.parseString(info.substring(info.indexOf("\r\n\r\n")));
            assertThat(json.getString("store")).isEqualTo("\"memory\"");
            assertThat(json.getBoolean("webTransport")).isTrue();
            assertThat(json.getString("certificateHash"))
                    .isEqualTo(server.certificateHash().orElseThrow());
            assertThat(json.hasPath("version")).isTrue();
        }
    }

    @Test
    @DisplayName("a page over HTTP/3 is the same page")
    void http3() throws Exception {
        try (var gateway = new TestGateway();
                var client = new QuicClient(gateway.port())) {
            QuicClient.Exchange got = client.get("/presence.js");
            assertThat(got.status()).isEqualTo("200");
            got.ended.get(10, TimeUnit.SECONDS);
            assertThat(got.body).hasToString(Files.readString(Path.of("src/main/npm/presence.js")));
            assertThat(got.headers.get().headers().get("access-control-allow-origin"))
                    .hasToString("*");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/../pages/index.html",
                "/more/../index.html",
                "/more/..%2findex.html",
                "/%2e%2e/logback-test.xml",
                "/..%5c..%5creference.conf",
                "//index.html",
                "/more",
                "/more/",
                "/index.html/",
                "/INDEX.HTML",
                "/index.html%00.css",
                "/reference.conf",
                "/dev/moitessier/prscd/Pages.class",
                "file:///etc/passwd",
                "/./index.html"
            })
    @DisplayName("no path leads anywhere else")
    void nowhereElse(String target) throws Exception {
        try (var servers = new TestServers();
                PrscdServer server = servers.start(builder -> builder.pages("pages"), SETTINGS)) {
            assertThat(get(server, target)).startsWith("HTTP/1.1 404 ");
        }
    }

    @Test
    @DisplayName("a folder in a jar; one that is not there, or has a file that nobody knows, is an error at the start")
    void places(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("with page.jar");
        try (var jar = new JarOutputStream(Files.newOutputStream(file))) {
            for (String name : List.of("a/", "a/page/", "a/page/index.html", "a/page/sub/x.js", "a/pages.html")) {
                jar.putNextEntry(new ZipEntry(name));
                jar.write(name.getBytes(StandardCharsets.UTF_8));
            }
        }
        try (var loader = new URLClassLoader(new URL[] {file.toUri().toURL()}, null)) {
            for (String name : List.of("a/page", "a/page/")) {
                var pages = new Pages(name, loader);
                assertThat(pages.answer("/", null)).isNotNull();
                assertThat(pages.answer("/sub/x.js", null)).isNotNull();
                assertThat(pages.answer("/s.html", null)).isNull();
            }
        }
        assertThatThrownBy(() -> new Pages("no/such/folder"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no folder no/such/folder");
        assertThatThrownBy(() -> new Pages("dev/moitessier/prscd"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("content type");
    }

    private static String header(String answer, String name) {
        return answer.lines()
                .filter(line -> line.toLowerCase(java.util.Locale.ROOT).startsWith(name + ":"))
                .map(line -> line.substring(name.length() + 1).strip())
                .findFirst()
                .orElseThrow();
    }

    private static String get(PrscdServer server, String target, String... headers) throws IOException {
        try (var client = RawClient.tls(server.port())) {
            StringBuilder request = new StringBuilder("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n");
            List.of(headers).forEach(each -> request.append(each).append("\r\n"));
            client.raw(request.append("\r\n").toString().getBytes(StandardCharsets.UTF_8));
            return client.rest();
        }
    }
}
